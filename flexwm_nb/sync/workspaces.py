"""Moving what a workspace holds between an engine and a folder of files, as `wmill sync` does, or between engines.

Scripts, flows, variables, resources, resource types, schedules and folders; secrets where they are asked for.

plan = sync.plan_push(engine.client, folder, "f/flights")
sync.push(plan, engine)
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from flexwm_nb import yaml_text
from flexwm_nb.client.client import Client
from flexwm_nb.errors import Conflict, FlexwmError, InvalidInput, NotFound, RequestRefused
from flexwm_nb.models.scripts import ScriptDraft
from flexwm_nb.sync import changes
from flexwm_nb.sync.files import Files, FlowItem, Layout, laid_out, read_flows, read_scripts
from flexwm_nb.sync.items import FOLDER, RESOURCE_TYPE, VARIABLE, Item, read_items

if TYPE_CHECKING:
    from flexwm_nb.services.protocols import FlowManager, ScriptManager

SETTINGS = "wmill.yaml"
KINDS = ("f", "u", "g")  # the folders that hold what has a path
SIGNS = {"new": "+", "changed": "~", "gone": "-", "left out": "!"}
SKIPPED = frozenset({"__pycache__", ".ipynb_checkpoints", "node_modules"})
PRIVATE = 0o600  # of files with a secret
ORDER = ("folder", "resource type", "variable", "resource", "script", "flow", "schedule")  # what may need those before

Pushed: TypeAlias = "ScriptDraft | FlowItem | Item"


class Target(Protocol):
    """What is changed by pushing; an Engine is one."""

    @property
    def client(self) -> Client:
        """The connection."""

    @property
    def scripts(self) -> ScriptManager:
        """Its scripts."""

    @property
    def flows(self) -> FlowManager:
        """Its flows."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """What pulling does to one file."""

    name: str
    action: str  # new, changed or gone
    content: str = ""
    private: bool = False  # it has a secret

    def __str__(self) -> str:
        """One line."""
        return f"{SIGNS[self.action]} {self.name}"

    def __repr__(self) -> str:
        """Without its content."""
        return f"<FileChange {self}>"


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What pushing does to one script, flow, variable and so on."""

    kind: str
    path: str
    action: str  # new, changed, gone, or left out: a secret that was not asked for
    item: Pushed
    before: Item | None = None  # what the engine has

    def __str__(self) -> str:
        """One line."""
        line = f"{SIGNS[self.action]} {self.kind} {self.path}"
        return f"{line}: a secret stays here (--secrets takes it along)" if self.action == "left out" else line


def plan_pull(
    client: Client, folder: Path, start: str = "", *, delete: bool = False, secrets: bool = False
) -> list[FileChange]:
    """What would change in the folder for it to have what the engine has below `start`.

    `delete` also takes away the files of what the engine does not have; `secrets` writes secret values too, into files
    that only their owner can read. Raises InvalidInput for a `wmill.yaml` that cannot be read.
    """
    layout = layout_of(folder)
    local = _chosen(local_files(folder, start), layout, secrets=secrets)
    there = laid_out(remote_files(client, layout, secrets=secrets), local, layout)
    wanted = {name: text for name, text in _chosen(there, layout, secrets=secrets).items() if _below(name, start)}
    private = {f"{item.path}.variable.yaml" for item in read_items(wanted) if item.is_secret}
    made = [
        FileChange(name, "new" if name not in local else "changed", text, name in private)
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
                _write(file, change)
        except OSError as error:
            raise InvalidInput(f"{file} cannot be written", why=error.strerror) from None


def _write(file: Path, change: FileChange) -> None:
    """Write a file; one with a secret is its owner's alone from its first byte on."""
    if not change.private:
        file.write_text(change.content, encoding="utf-8", newline="")
        return
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as opened:
        file.chmod(PRIVATE)
        opened.write(change.content)


def plan_push(
    client: Client,
    folder: Path,
    start: str = "",
    *,
    files: Files | None = None,
    delete: bool = False,
    secrets: bool = False,
) -> list[ItemChange]:
    """What would change on the engine for it to have what the folder (or `files`) has below `start`.

    In an order in which each comes after what it may need. `delete` also takes away what the files do not have:
    scripts and flows are archived, the rest is removed. `secrets` sends secret values too. Raises InvalidInput and
    InvalidFlow for files that do not fit together.
    """
    layout = layout_of(folder) if files is None else Layout()
    local = _chosen(local_files(folder, start) if files is None else files, layout, secrets=True)
    there = _chosen(laid_out(remote_files(client, layout, secrets=secrets), {}, layout), layout, secrets=True)
    made = [*_scripts(local, there, layout, start), *_flows(local, there, start), *_items(local, there, start, secrets)]
    made += _missing_folders(made, there)
    gone = list(_gone(local, there, layout, start)) if delete else []
    made.sort(key=lambda change: ORDER.index(change.kind))
    return made + sorted(gone, key=lambda change: -ORDER.index(change.kind))


def _scripts(local: Files, there: Files, layout: Layout, start: str) -> Iterator[ItemChange]:
    known = {draft.path: draft for draft in read_scripts(there, layout)}
    for draft in read_scripts(local, layout):
        if _below(draft.path, start) and (action := _script_action(draft, known.get(draft.path))):
            yield ItemChange("script", draft.path, action, draft)


def _flows(local: Files, there: Files, start: str) -> Iterator[ItemChange]:
    known = {item.path: item.document for item in read_flows(there)}
    for item in _callees_first([item for item in read_flows(local) if _below(item.path, start)]):
        old = known.get(item.path)
        if old is None or _flow_differs(item.document, old):
            yield ItemChange("flow", item.path, "new" if old is None else "changed", item)


def _items(local: Files, there: Files, start: str, secrets: bool) -> Iterator[ItemChange]:
    """Variables and so on; a secret that is not asked for only where the engine does not have it."""
    known = {(item.kind.name, item.path): item for item in read_items(there)}
    for item in read_items(local):
        old = known.get((item.kind.name, item.path))
        if not _below(item.path, start) or (old is not None and old.meaning == item.meaning):
            continue
        if item.is_secret and not secrets:
            if old is None:
                yield ItemChange(item.kind.name, item.path, "left out", item)
            continue
        yield ItemChange(item.kind.name, item.path, "new" if old is None else "changed", item, old)


def _missing_folders(changes: Iterable[ItemChange], there: Files) -> list[ItemChange]:
    """The folders that the changes need, and where neither the engine nor the changes have anything yet."""
    changes = list(changes)
    known = {"/".join(name.split("/")[:2]) for name in there}
    known |= {change.path for change in changes if change.kind == FOLDER.name}
    used = {"/".join(change.path.split("/")[:2]) for change in changes if change.path.startswith("f/")}
    return [ItemChange(FOLDER.name, path, "new", Item(FOLDER, path, {})) for path in sorted(used - known)]


def _gone(local: Files, there: Files, layout: Layout, start: str) -> Iterator[ItemChange]:
    """What the engine has below `start` and the files have not. Folders stay: others may use them."""
    drafts = {draft.path for draft in read_scripts(local, layout)}
    flows = {item.path for item in read_flows(local)}
    items = {(item.kind.name, item.path) for item in read_items(local)}
    for draft in read_scripts(there, layout):
        if draft.path not in drafts and _below(draft.path, start):
            yield ItemChange("script", draft.path, "gone", draft)
    for flow in read_flows(there):
        if flow.path not in flows and _below(flow.path, start):
            yield ItemChange("flow", flow.path, "gone", flow)
    for item in read_items(there):
        if (item.kind.name, item.path) not in items and _below(item.path, start) and item.kind is not FOLDER:
            yield ItemChange(item.kind.name, item.path, "gone", item)


def push(
    plan: Iterable[ItemChange],
    target: Target,
    *,
    message: str | None = None,
    told: Callable[[str], None] = lambda line: None,
) -> None:
    """Do what a plan says, telling of each. Raises as registering does, naming the path."""
    for change in plan:
        if change.action == "left out":
            continue
        try:
            told(_do(change, target, message))
        except FlexwmError as error:
            error.what = f"{change.kind} {change.path}: {error.what}"
            raise


def _do(change: ItemChange, target: Target, message: str | None) -> str:
    """Make one change, and say what was done."""
    if change.action == "gone":
        _remove(change, target)
        return f"{change.path} {'archived' if change.kind in ('script', 'flow') else 'removed'}"
    if isinstance(change.item, ScriptDraft):
        return str(target.scripts.register(change.item))
    if isinstance(change.item, FlowItem):
        return str(target.flows.register(change.item.document, change.path, deployment_message=message))
    if change.before is not None:
        changes.update(target.client, change.item, change.before)
        return f"{change.kind} {change.path} changed"
    try:
        changes.create(target.client, change.item)
    except Conflict:
        if change.kind != FOLDER.name:  # another folder of that name is as good
            raise
    return f"{change.kind} {change.path} made"


def _remove(change: ItemChange, target: Target) -> None:
    """Take it out of use; whatever is not there any more is well."""
    try:
        if isinstance(change.item, ScriptDraft):
            target.scripts.archive(change.path)
        elif isinstance(change.item, FlowItem):
            target.flows.archive(change.path)
        else:
            changes.remove(target.client, change.item)
    except NotFound:
        return


def copy(
    source: Client, target: Client, start: str = "", *, delete: bool = False, secrets: bool = False
) -> list[ItemChange]:
    """What pushing what the one engine has below `start` would change on the other."""
    files = laid_out(remote_files(source, Layout(), secrets=secrets), {}, Layout())
    return plan_push(target, Path(), start, files=files, delete=delete, secrets=secrets)


def layout_of(folder: Path) -> Layout:
    """What the folder's `wmill.yaml` says. Raises InvalidInput."""
    file = folder / SETTINGS
    return Layout.read(file.read_text(encoding="utf-8") if file.is_file() else None)


def remote_files(client: Client, layout: Layout, *, secrets: bool = False) -> dict[str, str]:
    """The archive that an engine gives of a workspace; secret values as they are, or encrypted.

    Raises RequestRefused.
    """
    query = {
        "archive_type": "zip",
        "plain_secret": secrets,
        "skip_secrets": False,
        "include_schedules": True,
        "include_users": False,
        "include_groups": False,
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
    below = (file for kind in KINDS for file in sorted((folder / kind).rglob("*")))
    for file in (*below, *sorted(folder.glob(f"*{RESOURCE_TYPE.ending}.yaml"))):
        name = file.relative_to(folder).as_posix()
        if not file.is_file() or not _below(name, start) or SKIPPED & set(file.parts):
            continue
        try:
            yield name, file.read_bytes().decode()
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise InvalidInput(f"{file} cannot be read", why=error.strerror) from None


def _chosen(files: Mapping[str, str], layout: Layout, *, secrets: bool) -> dict[str, str]:
    """The files of the kinds that `wmill.yaml` does not leave out; secret variables where they are wanted."""
    return {
        name: text
        for name, text in files.items()
        if not any(name.endswith(f"{end}.yaml") for end in layout.left_out)
        and (secrets or not name.endswith(f"{VARIABLE.ending}.yaml") or not _is_secret(text))
    }


def _is_secret(text: str) -> bool:
    found = yaml_text.load(text)
    return isinstance(found, Mapping) and bool(found.get("is_secret"))


def _below(name: str, start: str) -> bool:
    """Whether a path or a file belongs to `start`: a folder, a script or a flow."""
    start = start.strip("/")
    return not start or name == start or name.startswith((f"{start}/", f"{start}.", f"{start}__flow/"))


def _script_action(draft: ScriptDraft, old: ScriptDraft | None) -> str | None:
    """What pushing a script does; nothing where all that the draft says is so already."""
    if old is None:
        return "new"
    differing = [name for name in ScriptDraft.__dataclass_fields__ if _differ(draft, old, name)]
    return "changed" if differing else None


def _differ(draft: ScriptDraft, old: ScriptDraft, name: str) -> bool:
    """Whether a field differs, as far as a file says it: whatever an engine finds out by itself may be left out."""
    new, known = (_plain(name, getattr(found, name)) for found in (draft, old))
    return new != known and not (name == "library" or (name in ("lock", "schema") and new is None))


def _plain(name: str, value: object) -> object:
    """A field's value, where what means nothing is None."""
    return None if not value or (name, value) == ("kind", "script") else value


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
