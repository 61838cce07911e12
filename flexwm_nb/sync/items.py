"""Variables, resources, their types, schedules and folders as files, laid out as `wmill sync` lays them; pure.

Each is one document, `PATH.KIND.yaml`; a folder's is `f/NAME/folder.meta.yaml`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flexwm_nb import yaml_text
from flexwm_nb.errors import InvalidInput

Files = Mapping[str, str]  # path below the root, with slashes → content

INLINE = "!inline "
META = "/folder.meta"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a document of one kind is made of."""

    name: str
    fields: tuple[str, ...]  # what counts; the rest is the engine's own
    ending: str  # of its file's name, before .yaml

    def path(self, file: str) -> str | None:
        """What a file describes; None where it is of another kind."""
        end = f"{self.ending}.yaml"
        return file.removesuffix(end) if file.endswith(end) else None


FOLDER = Kind("folder", ("display_name", "summary"), META)
RESOURCE_TYPE = Kind("resource type", ("schema", "description", "format_extension", "is_fileset"), ".resource-type")
VARIABLE = Kind("variable", ("value", "is_secret", "description", "labels"), ".variable")
RESOURCE = Kind("resource", ("value", "resource_type", "description", "labels"), ".resource")
SCHEDULE = Kind(
    "schedule",
    (
        "schedule", "timezone", "script_path", "is_flow", "args", "enabled", "summary", "description", "tag",
        "no_flow_overlap", "cron_version", "paused_until", "retry", "on_failure", "on_failure_times",
        "on_failure_exact", "on_failure_extra_args", "on_recovery", "on_recovery_times", "on_recovery_extra_args",
        "on_success", "on_success_extra_args", "ws_error_handler_muted", "dynamic_skip", "labels",
    ),
    ".schedule",
)  # fmt: skip
KINDS = (FOLDER, RESOURCE_TYPE, VARIABLE, RESOURCE, SCHEDULE)  # in the order in which one may need another


@dataclass(frozen=True, slots=True)
class Item:
    """One of them."""

    kind: Kind
    path: str
    document: Mapping[str, Any]

    @property
    def meaning(self) -> dict[str, Any]:
        """What of it counts, without what is not set."""
        found = {name: self.document.get(name) for name in self.kind.fields}
        return {name: value for name, value in found.items() if value not in (None, "", False, [], {})}

    @property
    def is_secret(self) -> bool:
        """Whether its value is nobody's business."""
        return self.kind is VARIABLE and bool(self.document.get("is_secret"))

    def __repr__(self) -> str:
        """Without its document, which may have a secret."""
        return f"<Item {self.kind.name} {self.path}>"


def item_files(archive: Files, existing: Files) -> dict[str, str]:
    """The files of what an engine's archive has of these kinds."""
    found = {name.removesuffix(".json") for name in archive if name.endswith(".json")}
    extensions = _extensions(archive)
    made: dict[str, str] = {}
    for name in sorted(found):
        kind = next((kind for kind in KINDS if name.endswith(kind.ending)), None)
        if kind is None:
            continue
        document = json.loads(archive[f"{name}.json"])
        if kind is RESOURCE:
            made |= _content_beside(name, document, extensions, existing)
        made[f"{name}.yaml"] = yaml_text.dump(document, order=yaml_text.windmill_order)
    return made


def read_items(files: Files) -> Iterator[Item]:
    """What files describe, of these kinds. Raises InvalidInput for what cannot be read."""
    for kind in KINDS:
        for name in sorted(files):
            if (path := kind.path(name)) is not None:
                yield Item(kind, path, _document(files, name))


def _document(files: Files, name: str) -> dict[str, Any]:
    found = yaml_text.load(files[name])
    if not isinstance(found, dict):
        raise InvalidInput(f"{name} cannot be read", why="it has no fields")
    value = found.get("value")
    content = value.get("content") if isinstance(value, dict) else None
    if isinstance(content, str) and content.startswith(INLINE):
        beside = content[len(INLINE) :].strip()
        if beside not in files:
            raise InvalidInput(f"The content of {name} is missing", why=beside, remedy="Restore the file")
        found["value"] = {**found["value"], "content": files[beside]}
    return found


def _extensions(archive: Files) -> dict[str, str]:
    """The resource types whose resources are files, with what their names end with."""
    types = {name: json.loads(archive[name]) for name in archive if name.endswith(".resource-type.json")}
    ends = {name.removesuffix(".resource-type.json"): found.get("format_extension") for name, found in types.items()}
    return {name: str(end) for name, end in ends.items() if end}


def _content_beside(
    name: str, document: dict[str, Any], extensions: Mapping[str, str], existing: Files
) -> dict[str, str]:
    """A file with the content of a resource that is one; the document names it."""
    value, stem = document.get("value"), name.removesuffix(RESOURCE.ending)
    if not isinstance(value, dict) or not isinstance(value.get("content"), str):
        return {}
    used = next((file for file in existing if file.startswith(f"{stem}.resource.file.")), None)
    end = extensions.get(str(document.get("resource_type")))
    beside = used or (f"{stem}.resource.file.{end}" if end else None)
    if beside is None:
        return {}
    content = value["content"]
    document["value"] = {**value, "content": f"{INLINE}{beside}"}
    return {beside: content}
