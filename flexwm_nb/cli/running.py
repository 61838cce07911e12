"""`flexwm run | jobs | logs`: runs from a terminal."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flexwm_nb.errors import FlexwmError, InvalidArguments, JobNotFound, ScriptNotFound

if TYPE_CHECKING:
    from flexwm_nb.config import Config
    from flexwm_nb.engine import Engine
    from flexwm_nb.execution import Execution

FINE, FAILED, INTERRUPTED = 0, 1, 130  # exit statuses
ROWS = 20
RECENT = 1_000  # jobs among which a shortened id is looked for


def add(commands: Any) -> list[argparse.ArgumentParser]:
    """Add the commands; their parsers, for the options that all commands have."""
    started = commands.add_parser("run", help="run a script or flow, show its log, print its result")
    started.add_argument("path", help="path such as f/demo/etl, or a version: f/demo/etl@v2")
    started.add_argument("arguments", nargs="*", metavar="k=v", help="arguments: text, or JSON")
    started.add_argument("--detach", action="store_true", help="print the job's id, and do not wait")
    listed = commands.add_parser("jobs", help="list the newest runs")
    listed.add_argument("path", nargs="?", help="only this script's or flow's")
    listed.add_argument("--state", choices=("queued", "running", "success", "failure", "canceled"), help="only these")
    listed.add_argument("--limit", type=int, default=ROWS, metavar="N", help=f"at most so many ({ROWS})")
    shown = commands.add_parser("logs", help="print a run's log; follow it while it goes on")
    shown.add_argument("job", help="job id, or enough of its beginning or end")
    for command, work in ((started, run), (listed, jobs), (shown, logs)):
        command.set_defaults(command=work)
        command.add_argument("--store", metavar="DIR", help="directory of the local engine's store")
    return [started, listed, shown]


def run(options: argparse.Namespace) -> int:
    """Run a script or flow: 0 when it succeeds."""
    from flexwm_nb.display.terminal import Terminal
    from flexwm_nb.display.wording import Headline
    from flexwm_nb.engine import Engine

    terminal = Terminal()
    with Engine(_config(options)) as engine:
        execution, subject = _started(engine, options.path, options.arguments)
        if options.detach:
            print(execution.id)
            return FINE
        try:
            job = terminal.follow(Headline(subject=subject, job_id=execution.id), execution.events())
        except KeyboardInterrupt:
            execution.cancel("interrupted in the terminal")
            terminal.told.print(f"cancelled (job {execution.id})")
            return INTERRUPTED
        job = job or execution.job()
        if job.state != "success":
            terminal.error(job)
            return FAILED
        terminal.result(execution.result())
    return FINE


def _started(engine: Engine, reference: str, pairs: list[str]) -> tuple[Execution, str]:
    """Start a script, or else the flow of that path."""
    try:
        script = engine.scripts.get(reference)
    except ScriptNotFound:
        if not engine.flows.exists(reference.partition("@")[0]):
            raise
        version = engine.flows.resolve(reference)
        given = _arguments(pairs, engine.flows.get(str(version)).schema or {})
        return engine.flows.submit(str(version), given), str(version)
    given = _arguments(pairs, script.schema or {})
    return engine.executions.submit(f"{script.path}@{script.hash}", given), script.path


def _arguments(pairs: list[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The values of `k=v` as the schema wants them. Raises InvalidArguments."""
    properties = schema.get("properties") or {}
    given: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise InvalidArguments(f"an argument is written NAME=VALUE, not {pair!r}", fields=[pair])
        if properties and name not in properties:
            remedy = f"It takes {', '.join(properties)}"
            raise InvalidArguments(f"there is no argument {name!r}", remedy=remedy, fields=[name])
        given[name] = _value(text, properties.get(name) or {})
    missing = [name for name in schema.get("required") or () if name not in given]
    if missing:
        remedy = f"Add {' '.join(f'{name}=…' for name in missing)}"
        raise InvalidArguments(f"{' and '.join(missing)} must be given", remedy=remedy, fields=missing)
    return given


def _value(text: str, wanted: Mapping[str, Any]) -> Any:
    """Text where text is wanted, else JSON where it is some."""
    if wanted.get("type") == "string":
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def jobs(options: argparse.Namespace) -> int:
    """List the newest runs."""
    from flexwm_nb.display.terminal import Terminal
    from flexwm_nb.engine import Engine

    with Engine(_config(options)) as engine:
        Terminal().jobs(engine.executions.list(options.path, options.state, per_page=options.limit))
    return FINE


def logs(options: argparse.Namespace) -> int:
    """Print a run's log to its end."""
    from flexwm_nb.display.terminal import Terminal
    from flexwm_nb.engine import Engine

    with Engine(_config(options)) as engine:
        execution = engine.executions.attach(_job_id(engine, options.job))
        Terminal().log(execution.logs())
    return FINE


def _job_id(engine: Engine, part: str) -> str:
    """The whole id of a job. Raises JobNotFound, and FlexwmError where it may be any of several."""
    if len(part) == 36:
        return part
    start, gap, end = part.partition("…")
    recent = [job.id for job in engine.executions.list(per_page=RECENT)]
    if gap:
        found = [job_id for job_id in recent if job_id.startswith(start) and job_id.endswith(end)]
    else:
        found = [job_id for job_id in recent if job_id.startswith(part) or job_id.endswith(part)]
    if not found:
        raise JobNotFound(f"there is no job {part!r}", remedy="See flexwm jobs for those that are", job_id=part)
    if len(found) > 1:
        raise FlexwmError(f"{part!r} may be any of {len(found)} jobs", remedy="Give more of the id")
    return found[0]


def _config(options: argparse.Namespace) -> Config:
    from flexwm_nb.config import Config

    named = {name: getattr(options, name, None) for name in ("store", "engine", "workspace", "token")}
    return Config(**named)
