"""Scripts and flows as files, laid out as `wmill sync` lays them; pure.

A script is `PATH.EXT` and `PATH.script.yaml` (and `PATH.script.lock`); a flow is the folder `PATH.flow` with
`flow.yaml` and a file for the code of each step.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from flexwm_nb import yaml_text
from flexwm_nb.errors import InvalidFlow, InvalidInput
from flexwm_nb.flows.builder import modules_in
from flexwm_nb.models.scripts import ScriptDraft
from flexwm_nb.sync.items import KINDS, item_files

Files = Mapping[str, str]  # path below the root, with slashes → content

INLINE = "!inline "
SCRIPT, FLOW_FILE = ".script", "flow.yaml"
DOCUMENTS = (".script.yaml", f"/{FLOW_FILE}", *(f"{kind.ending}.yaml" for kind in KINDS))
FOLDERS = {False: ".flow", True: "__flow"}  # by whether paths have no dots
EXTENSIONS: Mapping[str, str] = {  # language → what a source file's name ends with
    "python3": "py",
    "bun": "bun.ts",
    "bunnative": "ts",
    "deno": "deno.ts",
    "nativets": "fetch.ts",
    "go": "go",
    "bash": "sh",
    "powershell": "ps1",
    "postgresql": "pg.sql",
    "mysql": "my.sql",
    "bigquery": "bq.sql",
    "oracledb": "odb.sql",
    "snowflake": "sf.sql",
    "mssql": "ms.sql",
    "graphql": "gql",
    "php": "php",
    "rust": "rs",
    "csharp": "cs",
    "nu": "nu",
    "ansible": "playbook.yml",
    "java": "java",
    "duckdb": "duckdb.sql",
    "ruby": "rb",
    "rlang": "r",
}
LANGUAGES: Mapping[str, str] = {end: name for name, end in EXTENSIONS.items()} | {"ts": "bun"}
INSIDE = {"nativets": "native.ts"}  # languages whose files are called otherwise in a flow's folder
SKIPS = {  # settings of `wmill.yaml` and what they leave out
    "skipVariables": ".variable",
    "skipResources": ".resource",
    "skipResourceTypes": ".resource-type",
}
UNSAFE = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]')
RESERVED = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
OWN = frozenset({"path", "language", "content", "library", "exact", "more"})
DRAFT_FIELDS = frozenset(field.name for field in fields(ScriptDraft)) - OWN
FOUND_OUT = frozenset({"auto_kind", "has_preprocessor", "no_main_func", "modules"})  # by the engine, from the source


@dataclass(frozen=True, slots=True)
class Layout:
    """What `wmill.yaml` says of the names of files."""

    default_ts: str = "bun"
    without_dots: bool = False
    left_out: tuple[str, ...] = ()  # endings of the names of what is not synchronised

    @classmethod
    def read(cls, text: str | None) -> Layout:
        """Of the text of a `wmill.yaml`, where there is one. Raises InvalidInput."""
        found = yaml_text.load(text) if text else {}
        found = found if isinstance(found, Mapping) else {}
        skipped = [end for name, end in SKIPS.items() if found.get(name) is True]
        if found.get("includeSchedules") is False:
            skipped.append(".schedule")
        return cls(str(found.get("defaultTs") or "bun"), bool(found.get("nonDottedPaths")), tuple(skipped))

    def extension(self, language: str, *, inside: bool = False) -> str:
        """What a source file's name ends with; `inside` of a flow's folder."""
        if language == self.default_ts:
            return "ts"
        return INSIDE.get(language, "") if inside and language in INSIDE else EXTENSIONS.get(language, "no_ext")

    def language(self, extension: str) -> str | None:
        """The language of a source file."""
        return self.default_ts if extension == "ts" else LANGUAGES.get(extension)


@dataclass(frozen=True, slots=True)
class FlowItem:
    """A flow that files describe."""

    path: str
    document: dict[str, Any]


def laid_out(archive: Files, existing: Files, layout: Layout) -> dict[str, str]:
    """The files of an engine's archive; the code of steps is called as it is in the `existing` files."""
    made: dict[str, str] = {}
    for name, content in sorted(archive.items()):
        if name.endswith(".flow.json"):
            made |= flow_files(name.removesuffix(".flow.json"), json.loads(content), existing, layout)
        elif name.endswith(".script.json"):
            made |= _metadata_files(name.removesuffix(".json"), json.loads(content))
        elif f"{_stem(name)}.script.json" in archive and not name.endswith(".json"):
            made[name] = content
    made |= item_files(archive, existing)
    return {name: _kept(name, existing.get(name), content) for name, content in made.items()}


def flow_files(path: str, document: Mapping[str, Any], existing: Files, layout: Layout) -> dict[str, str]:
    """A flow's folder: `flow.yaml` and the code of its steps."""
    folder = f"{path}{FOLDERS[layout.without_dots]}/"
    made: dict[str, str] = {}
    names = _names_in_use(existing.get(f"{folder}{FLOW_FILE}"))
    whole = copy.deepcopy(dict(document))
    assign = _Names(layout)
    for module in _in_file_order(whole):
        value = module["value"]
        base, name = assign.of(str(module.get("summary") or module.get("id") or ""), str(value.get("language")))
        name = names.get(str(module.get("id")), name)
        base = f"{name.rpartition('.')[0]}." if str(module.get("id")) in names else base
        if f"{folder}{name}" in made:  # two steps share the name that is in use
            base, name = assign.of(name.partition(".")[0], str(value.get("language")))
        made[f"{folder}{name}"] = str(value.get("content") or "")
        value["content"] = INLINE + name
        if value.get("lock"):
            made[f"{folder}{base}lock"] = value["lock"]
            value["lock"] = f"{INLINE}{base}lock"
    made[f"{folder}{FLOW_FILE}"] = yaml_text.dump(whole, order=yaml_text.windmill_order)
    return made


def read_scripts(files: Files, layout: Layout) -> Iterator[ScriptDraft]:
    """The scripts that files describe. Raises InvalidInput for one without source or of no known language."""
    for name in sorted(files):
        if name.endswith(".script.yaml"):
            path = name.removesuffix(".script.yaml")
            found = yaml_text.load(files[name])
            yield _draft(path, found if isinstance(found, Mapping) else {}, files, layout)


def read_flows(files: Files) -> Iterator[FlowItem]:
    """The flows that files describe. Raises InvalidFlow for code that is missing."""
    for name in sorted(files):
        for ending in FOLDERS.values():
            if name.endswith(f"{ending}/{FLOW_FILE}"):
                yield FlowItem(name.removesuffix(f"{ending}/{FLOW_FILE}"), read_flow(files, name))


def read_flow(files: Files, name: str) -> dict[str, Any]:
    """The document of a `flow.yaml`, with the code of its steps. Raises InvalidFlow."""
    document = yaml_text.load(files[name], InvalidFlow)
    if not isinstance(document, dict) or not isinstance(document.get("value"), dict):
        raise InvalidFlow(f"{name} is no flow", remedy="An OpenFlow document has `value: {modules: […]}`")
    folder = name.removesuffix(FLOW_FILE)
    for module in _with_tools(document):
        value = module.get("value")
        if not isinstance(value, dict):
            continue
        for part in ("content", "lock"):
            reference = value.get(part)
            if isinstance(reference, str) and reference.startswith(INLINE):
                value[part] = _inlined(files, folder, reference[len(INLINE) :].strip(), str(module.get("id")), part)
    return document


def _inlined(files: Files, folder: str, name: str, step: str, part: str) -> str:
    found = files.get(f"{folder}{name}")
    if found is None and part == "lock":
        return ""
    if found is None:
        remedy = "Restore the file, or take the step out of flow.yaml"
        raise InvalidFlow(f"The code of step {step} is missing", why=f"{folder}{name}", remedy=remedy, step=step)
    return found


def _draft(path: str, found: Mapping[str, Any], files: Files, layout: Layout) -> ScriptDraft:
    """A script's metadata and source."""
    sources = [name for name in files if name.startswith(f"{path}.") and layout.language(name[len(path) + 1 :])]
    if not sources:
        remedy = f"Add the source beside it, such as {path}.py"
        raise InvalidInput(f"The source of {path} is missing", remedy=remedy, path=path)
    settings = {name: value for name, value in found.items() if name in DRAFT_FIELDS and value is not None}
    lock = settings.get("lock")
    if isinstance(lock, str) and lock.startswith(INLINE):
        settings["lock"] = files.get(lock[len(INLINE) :].strip(), "")
    if not settings.get("lock"):
        settings.pop("lock", None)
    language = layout.language(sources[0][len(path) + 1 :])
    more = {name: value for name, value in found.items() if name not in DRAFT_FIELDS | FOUND_OUT and value}
    library = found.get("auto_kind") == "lib" or found.get("no_main_func") is True
    return ScriptDraft(
        path=path,
        language=str(language),
        content=files[sources[0]],
        more=more or None,
        library=library,
        exact=True,
        **settings,
    )


def _metadata_files(name: str, found: Mapping[str, Any]) -> dict[str, str]:
    """`PATH.script.yaml`, and the lock beside it."""
    lock, document = found.get("lock"), {key: value for key, value in found.items() if key != "modules"}
    if lock is None:
        document.pop("lock", None)
    made = {}
    if lock:
        document["lock"] = f"{INLINE}{name}.lock"
        made[f"{name}.lock"] = lock
    return {f"{name}.yaml": yaml_text.dump(document, order=yaml_text.windmill_order), **made}


def _stem(name: str) -> str:
    """A file's path up to the first dot of its name."""
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition('.')[0]}"


def _kept(name: str, old: str | None, new: str) -> str:
    """The old text where it says the same; a person may have written it in another style."""
    if old is None or old == new:
        return new
    try:
        return old if name.endswith(DOCUMENTS) and yaml_text.load(old) == yaml_text.load(new) else new
    except InvalidInput:
        return new


def _in_file_order(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The modules and tools with code, in the order in which `wmill` names their files."""
    handlers = [document["value"].get(name) for name in ("failure_module", "preprocessor_module")]
    within = [module for module in _with_tools(document) if not any(module is handler for handler in handlers)]
    ordered = [*within, *(handler for handler in handlers if isinstance(handler, dict))]
    return [module for module in ordered if _is_code(module.get("value"))]


def _with_tools(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each module, and each tool of an agent after it."""
    for module in modules_in(document):
        yield module
        value = module.get("value")
        tools = value.get("tools") if isinstance(value, dict) else None
        yield from (tool for tool in tools or [] if isinstance(tool, dict))


def _is_code(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == "rawscript"


def _names_in_use(text: str | None) -> dict[str, str]:
    """What the code of each step is called in a `flow.yaml`."""
    if text is None:
        return {}
    try:
        document = yaml_text.load(text)
    except InvalidInput:
        return {}
    found: dict[str, str] = {}
    for module in _with_tools(document) if isinstance(document, Mapping) else ():
        content = module["value"].get("content") if _is_code(module.get("value")) else None
        if isinstance(content, str) and content.startswith(INLINE):
            found[str(module.get("id"))] = content[len(INLINE) :].strip()
    return found if len(set(found.values())) == len(found) else {}


class _Names:
    """Gives each step's code a file name that no other has."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._seen, self._count = layout, set[str](), 0

    def of(self, text: str, language: str) -> tuple[str, str]:
        """The name without its extension, and with it."""
        wanted = safe_name(text)
        name = wanted or "inline_script_0"
        while name in self._seen:
            self._count += 1
            name = f"{wanted or 'inline_script'}_{self._count}"
        self._seen.add(name)
        base = f"{name}{'.' if self._layout.without_dots else '.inline_script.'}"
        return base, base + self._layout.extension(language, inside=True)


def safe_name(text: str) -> str:
    """A text as a file's name on every system."""
    name = re.sub("_+", "_", UNSAFE.sub("", text.replace(" ", "_"))).strip("._").lower()
    return f"_{name}" if RESERVED.fullmatch(name) else name
