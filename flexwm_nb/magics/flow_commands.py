"""From the line and the cell of a magic for flows to a frozen command; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flexwm_nb.errors import InvalidInput
from flexwm_nb.magics.arguments import Parsed
from flexwm_nb.magics.command_parts import Command, Running, content, needing, path, reference, running
from flexwm_nb.magics.languages import of_cell

STEP_ID = re.compile(r"[A-Za-z]\w*", re.ASCII)
JOB_ID = re.compile(r"[0-9a-f-]+")  # or a part of one
HANDLERS = ("failure", "preprocessor")  # ids of the handlers; step cells of these names become them
AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFlow(Running):
    """%%windmill_flow and %windmill_flow."""

    path: str
    content: str | None = None  # None: made of the step cells
    steps: tuple[str, ...] = ()  # of those, only these
    no_run: bool = False
    dry_run: bool = False
    upto: str | None = None  # step
    cache: bool = False
    summary: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepStep(Command):
    """%%windmill_step."""

    id: str
    content: str
    language: str = "python3"
    after: tuple[str, ...] = ()
    summary: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw(Command):
    """%windmill_dag."""

    target: str | None = None  # path or job


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFlows(Command):
    """%windmill_flows."""

    prefix: str | None = None
    limit: int | None = None
    archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Following(Command):
    """What goes on with a run and follows it."""

    job: str | None = None
    output: str | None = None
    quiet: bool = False
    detach: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve(Following):
    """%windmill_approve."""

    payload: str | None = None  # as written
    deny: bool = False
    corrected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart(Following):
    """%windmill_restart."""

    step: str | None = None
    iteration: int | None = None
    as_it_was: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay(Command):
    """%windmill_replay."""

    job: str | None = None
    step: str | None = None
    output: str | None = None
    edit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRows(Running):
    """%windmill_map."""

    reference: str
    frame: str  # kernel variable
    at_once: int = AT_ONCE
    failed: bool = False
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(Command):
    """%windmill_push and %windmill_pull."""

    prefix: str = ""
    folder: str = "."
    delete: bool = False
    secrets: bool = False
    dry_run: bool = False
    message: str | None = None
    target: str | None = None  # another engine
    workspace: str | None = None
    token_from: str | None = None  # kernel variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Export(Command):
    """%windmill_export."""

    source: str  # a flow's path, or a notebook's file
    target: str | None = None  # the other one
    dry_run: bool = False
    force: bool = False


def _flow(name: str, parsed: Parsed, cell: str | None) -> Command:
    steps, chosen = tuple(parsed.get("steps", ())), parsed.get("run", False)
    if cell is not None:
        for option in ("steps", "run"):
            if parsed.get(option):
                raise InvalidInput(f"--{option} goes without a cell", remedy=f"Write %{name} with one percent sign")
    dry = parsed.get("dry_run", False)
    command = RegisterFlow(
        magic=name,
        path=path(parsed.get("PATH")),
        content=None if cell is None else content(cell, "the flow"),
        steps=steps,
        no_run=parsed.get("no_run", False) or (cell is None and not chosen and not dry and not parsed.get("upto")),
        dry_run=dry,
        upto=parsed.get("upto"),
        cache=parsed.get("cache", False),
        **{option: parsed.get(option) for option in ("summary", "description")},
        **running(parsed),
    )
    named = {"--run": chosen, "--no-run": parsed.get("no_run", False), "--dry-run": dry}
    named |= {"--form": command.form, "--upto": bool(command.form and command.upto)}
    named |= {"--detach": command.detach and (command.no_run or dry or command.form)}
    together = [option for option, given in named.items() if given]
    if command.form and chosen:
        together.remove("--run")
    if len(together) > 1:
        raise InvalidInput(f"{' and '.join(together)} do not go together", remedy="Keep one of them")
    return command


def _step(name: str, parsed: Parsed, cell: str | None) -> Command:
    language = of_cell(parsed.get("lang") or "python3", cell or "")
    return KeepStep(
        magic=name,
        id=step_id(parsed.get("ID")),
        content=needing(content(cell or "", "the step"), language, parsed.get("requirements", ())),
        language=language,
        after=tuple(parsed.get("after", ())),
        summary=parsed.get("summary"),
    )


def step_id(text: str) -> str:
    """The id of a step. Raises InvalidInput for one that no expression could name."""
    if STEP_ID.fullmatch(text):
        return text
    made = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_")
    remedy = f"Did you mean {made}?" if STEP_ID.fullmatch(made) else "Write letters, digits and _"
    raise InvalidInput(f"{text!r} is no step's name", remedy=remedy)


def _dag(name: str, parsed: Parsed, cell: str | None) -> Command:
    return Draw(magic=name, target=parsed.get("PATH|JOB"))


def _flows(name: str, parsed: Parsed, cell: str | None) -> Command:
    return ListFlows(
        magic=name, prefix=parsed.get("PREFIX"), limit=parsed.get("limit"), archived=parsed.get("archived", False)
    )


def _following(parsed: Parsed) -> dict[str, object]:
    switches = {option: parsed.get(option, False) for option in ("quiet", "detach")}
    return {"job": parsed.get("ID"), "output": parsed.get("out"), **switches}


def _approve(name: str, parsed: Parsed, cell: str | None) -> Command:
    return Approve(
        magic=name,
        payload=parsed.get("payload"),
        deny=parsed.get("deny", False),
        corrected=parsed.get("corrected", False),
        **_following(parsed),  # type: ignore[arg-type]
    )


def _restart(name: str, parsed: Parsed, cell: str | None) -> Command:
    step, colon, number = (parsed.get("from") or "").partition(":")
    if colon and not number.isdecimal():
        raise InvalidInput(f"--from {step}:{number} names no iteration", remedy=f"Write --from {step or 'STEP'}:3")
    return Restart(
        magic=name,
        step=step or None,
        iteration=int(number) if number else None,
        as_it_was=parsed.get("as_it_was", False),
        **_following(parsed),  # type: ignore[arg-type]
    )


def _replay(name: str, parsed: Parsed, cell: str | None) -> Command:
    job, step = parsed.get("ID"), parsed.get("STEP")
    if job is not None and step is None and STEP_ID.fullmatch(job) and not JOB_ID.fullmatch(job):
        job, step = None, job  # a step of the last run
    return Replay(magic=name, job=job, step=step, output=parsed.get("out"), edit=parsed.get("edit", False))


def _map(name: str, parsed: Parsed, cell: str | None) -> Command:
    frame = parsed.get("FRAME").removeprefix("$")
    if not frame.isidentifier():
        raise InvalidInput(f"{frame!r} is no name of a kernel variable", remedy="Put the frame into one first")
    return MapRows(
        magic=name,
        reference=reference(parsed.get("PATH")),
        frame=frame,
        at_once=parsed.get("at_once") or AT_ONCE,
        failed=parsed.get("failed", False),
        strict=parsed.get("raise", False),
        **running(parsed),
    )


def _transfer(name: str, parsed: Parsed, cell: str | None) -> Command:
    to = parsed.get("to")
    if to is not None and parsed.get("folder"):
        raise InvalidInput("--to and --folder do not go together", remedy="Keep one of them")
    return Transfer(
        magic=name,
        prefix=parsed.get("PREFIX") or "",
        folder=parsed.get("folder") or ".",
        delete=parsed.get("delete", False),
        secrets=parsed.get("secrets", False),
        dry_run=parsed.get("dry_run", False),
        message=parsed.get("message"),
        target=to,
        workspace=parsed.get("workspace"),
        token_from=parsed.get("token"),
    )


def _export(name: str, parsed: Parsed, cell: str | None) -> Command:
    source, target = parsed.get("PATH|FILE"), parsed.get("FILE|PATH")
    if source.endswith(".ipynb") and target is not None:
        path(target)
    if not source.endswith(".ipynb"):
        reference(source)
    return Export(
        magic=name,
        source=source,
        target=target,
        dry_run=parsed.get("dry_run", False),
        force=parsed.get("force", False),
    )


READERS: Mapping[str, Callable[[str, Parsed, str | None], Command]] = {
    "windmill_flow": _flow,
    "windmill_step": _step,
    "windmill_dag": _dag,
    "windmill_flows": _flows,
    "windmill_approve": _approve,
    "windmill_restart": _restart,
    "windmill_replay": _replay,
    "windmill_map": _map,
    "windmill_pull": _transfer,
    "windmill_push": _transfer,
    "windmill_export": _export,
}
