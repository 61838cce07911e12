"""Moving scripts and flows between an engine and a folder of files, as `wmill sync` does.

plan = sync.plan_push(engine.client, folder, "f/flights")
sync.push(plan, engine.scripts, engine.flows)
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flexwm_nb.client.client import Client
from flexwm_nb.errors import FlexwmError, InvalidInput, RequestRefused
from flexwm_nb.models.scripts import ScriptDraft
from flexwm_nb.sync_files import Files, FlowItem, Layout, laid_out, read_flows, read_scripts

if TYPE_CHECKING:
    from flexwm_nb.services.protocols import FlowManager, ScriptManager

SETTINGS = "wmill.yaml"
KINDS = ("f", "u", "g")  # the folders that hold what has a path
SIGNS = {"new": "+", "changed": "~", "gone": "-"}
SKIPPED = frozenset({"__pycache__", ".ipynb_checkpoints", "node_modules"})


@dataclass(frozen=True, slots=True)
class FileChange:
    """What pulling does to one file."""

    name: str
    action: str  # new, changed or gone
    content: str = ""

    def __str__(self) -> str:
        """One line."""
        return f"{SIGNS[self.action]} {self.name}"


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What pushing does to one script or flow."""

    kind: str  # script or flow
    path: str
    action: str  # new or changed
    item: ScriptDraft | FlowItem

    def __str__(self) -> str:
        """One line."""
        return f"{SIGNS[self.action]} {self.kind} {self.path}"


def plan_pull(client: Client, folder: Path, start: str = "", *, delete: bool = False) -> list[FileChange]:
    """What would change in the folder for it to have what the engine has below `start`.

    `delete` also takes away the files of scripts and flows that the engine does not have. Raises InvalidInput for a
    `wmill.yaml` that cannot be read.
    """
    local = local_files(folder, start)
    layout = layout_of(folder)
    wanted = {
        name: text
        for name, text in laid_out(remote_files(client, layout), local, layout).items()
        if _below(name, start)
    }
    made = [
        FileChange(name, "new" if name not in local else "changed", text)
        for name, text in wanted.items()
        if local.get(name) != text
    ]
    gone = [FileChange(name, "gone") for name in local if name not in wanted] if delete else []
    return made + gone


def pull(plan: Iterable[FileChange], folder: Path) -> None:
    """Do what a plan says. Raises InvalidInput where a file cannot be written."""
    for change in plan:
        file = folder / change.name
        try:
            if change.action == "gone":
                file.unlink(missing_ok=True)
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(change.content, encoding="utf-8", newline="")
        except OSError as error:
            raise InvalidInput(f"{file} cannot be written", why=error.strerror) from None


def plan_push(client: Client, folder: Path, start: str = "", *, files: Files | None = None) -> list[ItemChange]:
    """What would change on the engine for it to have what the folder (or `files`) has below `start`.

    Scripts come first, then flows, those that others call before them. Raises InvalidInput and InvalidFlow for files
    that do not fit together.
    """
    layout = layout_of(folder) if files is None else Layout()
    local = local_files(folder, start) if files is None else files
    there = laid_out(remote_files(client, layout), {}, layout)
    scripts = {draft.path: draft for draft in read_scripts(there, layout)}
    flows = {item.path: item.document for item in read_flows(there)}
    made: list[ItemChange] = []
    for draft in read_scripts(local, layout):
        if _below(draft.path, start) and (action := _script_action(draft, scripts.get(draft.path))):
            made.append(ItemChange("script", draft.path, action, draft))
    for item in _callees_first([item for item in read_flows(local) if _below(item.path, start)]):
        old = flows.get(item.path)
        if old is None or _flow_differs(item.document, old):
            made.append(ItemChange("flow", item.path, "new" if old is None else "changed", item))
    return made


def push(
    plan: Iterable[ItemChange],
    scripts: ScriptManager,
    flows: FlowManager,
    *,
    message: str | None = None,
    told: Callable[[str], None] = lambda line: None,
) -> None:
    """Do what a plan says, telling of each. Raises as registering does, naming the path."""
    for change in plan:
        try:
            if isinstance(change.item, ScriptDraft):
                told(str(scripts.register(change.item)))
            else:
                told(str(flows.register(change.item.document, change.path, deployment_message=message)))
        except FlexwmError as error:
            error.what = f"{change.kind} {change.path}: {error.what}"
            raise


def copy(source: Client, target: Client, start: str = "") -> list[ItemChange]:
    """What pushing the one engine's scripts and flows below `start` would change on the other."""
    return plan_push(target, Path(), start, files=laid_out(remote_files(source, Layout()), {}, Layout()))


def layout_of(folder: Path) -> Layout:
    """What the folder's `wmill.yaml` says. Raises InvalidInput."""
    file = folder / SETTINGS
    return Layout.read(file.read_text(encoding="utf-8") if file.is_file() else None)


def remote_files(client: Client, layout: Layout) -> dict[str, str]:
    """The archive that an engine gives of a workspace's scripts and flows. Raises RequestRefused."""
    query = {
        "archive_type": "zip",
        "plain_secret": False,
        "skip_secrets": True,
        "skip_variables": True,
        "skip_resources": True,
        "skip_resource_types": True,
        "default_ts": layout.default_ts,
    }
    answer = client.request("GET", f"{client.workspace}/workspaces/tarball", query=query)
    try:
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            return {name: archive.read(name).decode() for name in archive.namelist() if not name.endswith("/")}
    except (zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise RequestRefused("The engine's archive cannot be read", why=str(error)) from None


def local_files(folder: Path, start: str = "") -> dict[str, str]:
    """The files below `start`, by their paths in the folder; what is not text is left out."""
    return dict(_local(folder, start))


def _local(folder: Path, start: str) -> Iterator[tuple[str, str]]:
    for kind in KINDS:
        for file in sorted((folder / kind).rglob("*")):
            name = file.relative_to(folder).as_posix()
            if not file.is_file() or not _below(name, start) or SKIPPED & set(file.parts):
                continue
            try:
                yield name, file.read_bytes().decode()
            except UnicodeDecodeError:
                continue
            except OSError as error:
                raise InvalidInput(f"{file} cannot be read", why=error.strerror) from None


def _below(name: str, start: str) -> bool:
    """Whether a path or a file belongs to `start`: a folder, a script or a flow."""
    start = start.strip("/")
    return not start or name == start or name.startswith((f"{start}/", f"{start}.", f"{start}__flow/"))


def _script_action(draft: ScriptDraft, old: ScriptDraft | None) -> str | None:
    """What pushing a script does; nothing where all that the draft says is so already."""
    if old is None:
        return "new"
    names = [name for name in ScriptDraft.__dataclass_fields__ if getattr(draft, name) not in (None, "", [])]
    return "changed" if any(getattr(draft, name) != getattr(old, name) for name in names) else None


def _flow_differs(new: dict[str, object], old: dict[str, object]) -> bool:
    from flexwm_nb.services.flow_documents import same_meaning

    return not same_meaning(new, old)


def _callees_first(items: list[FlowItem]) -> list[FlowItem]:
    """Flows in an order in which each comes after those that it calls, as far as there is one."""
    from flexwm_nb.flows.builder import modules_in

    left, done = {item.path: item for item in items}, list[FlowItem]()
    while left:
        calls = {
            path: {str(module.get("value", {}).get("path")) for module in modules_in(item.document)}
            & left.keys() - {path}
            for path, item in left.items()
        }
        ready = [path for path in left if not calls[path]] or [next(iter(left))]
        done += [left.pop(path) for path in ready]
    return done
