"""From a magic's line and cell to a frozen command; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flexwm_nb.errors import InvalidInput
from flexwm_nb.magics import tokens
from flexwm_nb.magics.arguments import HELP, Definition, Parsed, nearest, parse
from flexwm_nb.magics.command_parts import Command, Running, content, needing, path, reference, running
from flexwm_nb.magics.definitions import BY_NAME, STATES
from flexwm_nb.magics.flow_commands import READERS as FLOW_READERS
from flexwm_nb.magics.languages import SQL, language, of_cell

JOB = re.compile(r"(job )?[0-9a-f]{2,}[-0-9a-f]*((…|\.{2,3})[0-9a-f]+)?")  # an id, or enough of it
ENGINES = ("local", "managed")  # others go by their address, or by the name that wmill saved

__all__ = ["Command", "Running", "asks_for_help", "read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterScript(Running):
    """%%windmill_script."""

    language: str
    is_sql: bool = False  # the cell only says `sql`
    path: str
    content: str
    no_run: bool = False
    dry_run: bool = False
    local: bool = False
    summary: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunScript(Running):
    """%windmill_run."""

    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect(Command):
    """%windmill_connect."""

    target: str | None = None
    workspace: str | None = None
    token_from: str | None = None  # kernel variable
    build: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListJobs(Command):
    """%windmill_jobs."""

    path: str | None = None
    state: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OneJob(Command):
    """%windmill_job and %windmill_logs."""

    job: str | None = None
    tail: int | None = None  # lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(Command):
    """%windmill_cancel."""

    jobs: tuple[str, ...] = ()
    reason: str | None = None
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach(Command):
    """%windmill_attach."""

    job: str | None = None
    output: str | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListScripts(Command):
    """%windmill_scripts."""

    prefix: str | None = None
    language: str | None = None
    limit: int | None = None
    archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions(Command):
    """%windmill_history and %windmill_diff."""

    reference: str
    other: str | None = None
    is_of_runs: bool = False  # the references are jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock(Command):
    """%windmill_lock."""

    reference: str
    update: bool = False


def read(name: str, line: str, cell: str | None = None) -> Command | Definition:
    """The command of a magic, or its definition where help is asked for.

    Raises InvalidInput and its kin, which name the option, operand or cell that is wrong.
    """
    definition = BY_NAME[name]
    parsed = parse(definition, line)
    if parsed.help:
        return definition
    if name in FLOW_READERS:
        return FLOW_READERS[name](name, parsed, cell)
    if definition.cell:
        return register_script(parsed, cell or "")
    return READERS.get(name, _bare)(name, parsed)


def asks_for_help(line: str) -> bool:
    """Whether a line has --help in it."""
    return any(word in HELP.names for word in tokens.split(line))


def register_script(parsed: Parsed, cell: str) -> RegisterScript:
    """The command of %%windmill_script."""
    called, chosen = parsed.get("LANG"), running(parsed)
    written_in = of_cell(called, cell, [name for name, _ in chosen["arguments"]])
    command = RegisterScript(
        magic="windmill_script",
        language=written_in,
        is_sql=called == SQL,
        path=path(parsed.get("PATH")),
        content=needing(content(cell), written_in, parsed.get("requirements", ())),
        **chosen,
        **{name: parsed.get(name, False) for name in ("no_run", "dry_run", "local")},
        **{name: parsed.get(name) for name in ("summary", "description")},
    )
    _compatible(command)
    return command


def _compatible(command: RegisterScript) -> None:
    apart = ("no_run", "dry_run", "local", "detach", "form")
    chosen = [f"--{name.replace('_', '-')}" for name in apart if getattr(command, name)]
    if len(chosen) > 1:
        raise InvalidInput(f"{' and '.join(chosen)} do not go together", remedy="Keep one of them")
    if command.local and command.language != "python3":
        raise InvalidInput("--local runs python3 only", remedy="Leave --local out")


def _run(name: str, parsed: Parsed) -> Command:
    command = RunScript(magic=name, reference=reference(parsed.get("PATH")), **running(parsed))
    if command.detach and command.form:
        raise InvalidInput("--detach and --form do not go together", remedy="Keep one of them")
    return command


def _connect(name: str, parsed: Parsed) -> Command:
    target = parsed.get("ENGINE")
    if target is not None and "://" not in target and (close := nearest(target, ENGINES)) not in (None, target):
        raise InvalidInput(f"{target!r} is no engine", remedy=f"Did you mean {close}?")
    build = parsed.get("build", False)
    if build and target not in (None, "managed"):
        raise InvalidInput(f"--build makes the managed engine's program, not that of {target}", remedy="Write managed")
    return Connect(
        magic=name,
        target="managed" if build else target,
        workspace=parsed.get("workspace"),
        token_from=parsed.get("token"),
        build=build,
    )


def _jobs(name: str, parsed: Parsed) -> Command:
    state = parsed.get("state")
    if state is not None and state not in STATES:
        close = nearest(state, STATES)
        remedy = f"Did you mean {close}?" if close else f"Write one of {', '.join(STATES)}"
        raise InvalidInput(f"there is no state {state!r}", remedy=remedy)
    found = parsed.get("PATH")
    return ListJobs(magic=name, path=found and path(found), state=state, limit=parsed.get("limit"))


def _one_job(name: str, parsed: Parsed) -> Command:
    return OneJob(magic=name, job=parsed.get("ID"), tail=parsed.get("tail"))


def _cancel(name: str, parsed: Parsed) -> Command:
    return Cancel(
        magic=name, jobs=tuple(parsed.get("ID", ())), reason=parsed.get("reason"), force=parsed.get("force", False)
    )


def _attach(name: str, parsed: Parsed) -> Command:
    return Attach(magic=name, job=parsed.get("ID"), output=parsed.get("out"), quiet=parsed.get("quiet", False))


def _scripts(name: str, parsed: Parsed) -> Command:
    wanted = parsed.get("language")
    return ListScripts(
        magic=name,
        prefix=parsed.get("PREFIX"),
        language=wanted and language(wanted),
        limit=parsed.get("limit"),
        archived=parsed.get("archived", False),
    )


def _difference(name: str, parsed: Parsed) -> Command:
    first, other = parsed.get("PATH|JOB"), parsed.get("OTHER")
    if first is None or JOB.fullmatch(first) or first.startswith("$"):
        return Versions(magic=name, reference=first or "", other=other, is_of_runs=True)
    return Versions(magic=name, reference=reference(first), other=other)


def _versions(name: str, parsed: Parsed) -> Command:
    return Versions(magic=name, reference=reference(parsed.get("PATH")), other=parsed.get("OTHER"))


def _lock(name: str, parsed: Parsed) -> Command:
    found, update = reference(parsed.get("PATH")), parsed.get("update", False)
    if update and "@" in found:
        raise InvalidInput("only the current version's lock is updated", remedy=f"Write {found.partition('@')[0]}")
    return Lock(magic=name, reference=found, update=update)


def _bare(name: str, parsed: Parsed) -> Command:
    return Command(magic=name)


READERS: Mapping[str, Callable[[str, Parsed], Command]] = {
    "windmill_run": _run,
    "windmill_connect": _connect,
    "windmill_jobs": _jobs,
    "windmill_job": _one_job,
    "windmill_logs": _one_job,
    "windmill_cancel": _cancel,
    "windmill_attach": _attach,
    "windmill_scripts": _scripts,
    "windmill_history": _versions,
    "windmill_diff": _difference,
    "windmill_lock": _lock,
}
