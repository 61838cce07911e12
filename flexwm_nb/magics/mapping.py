"""%windmill_map: one run a row of a frame, some at a time; a frame with what came of each."""

from __future__ import annotations

import math
import threading
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flexwm_nb.display.live import LiveRun, show_final
from flexwm_nb.display.wording import Headline
from flexwm_nb.errors import ExecutionError, FlexwmError, InvalidArguments, ScriptNotFound
from flexwm_nb.magics import row_frames
from flexwm_nb.magics.awaiting import END, INTERRUPTS, Feed
from flexwm_nb.magics.flow_commands import MapRows
from flexwm_nb.magics.row_frames import Row
from flexwm_nb.magics.runs import INTERRUPTED, TICK, Clock
from flexwm_nb.magics.script import find, takes_anything
from flexwm_nb.magics.session import Call
from flexwm_nb.magics.values import collect, variable

if TYPE_CHECKING:
    from flexwm_nb.engine import Engine
    from flexwm_nb.execution import Execution
    from flexwm_nb.magics.map_board import MapBoard

PARTIAL = "interrupted_map"  # the kernel variable for what an interrupted map has, where none is named
DAY = 86_400.0  # seconds that one row's run may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is run for each row."""

    subject: str
    path: str
    language: str
    schema: Mapping[str, Any]
    open_ended: bool
    start: Callable[..., Execution]


async def windmill_map(call: Call, command: MapRows) -> Any:
    """Run all rows; one that fails keeps its error in the frame, and the others go on."""
    engine = await call.engine()
    given = row_frames.read(command.frame, variable(command.frame, call.names, command.frame))
    target = await target_of(call, engine, command.reference)
    rows = rows_of(call, command, target, given)
    headline = Headline(subject=target.subject, stable=target.path, language=target.language)
    board = board_of(call, command, target, rows, engine)
    try:
        await run_all(call, command, target, rows, headline, board)
    except INTERRUPTS:
        raise _interrupted(call, command, target, given, rows) from None
    made = row_frames.frame(given, rows, path=target.path, version=target.subject)
    if call.session.face == "plain":
        made = row_frames.steady(made)
    call.put(command.output, made)
    if board is not None:
        board.end(made)
    failed = [row for row in rows if row.state != "success"]
    if failed and command.strict:
        raise ExecutionError(f"{len(failed)} of {len(rows)} rows failed", why=failed[0].error, job_id=failed[0].job_id)
    return made


def _interrupted(call: Call, command: MapRows, target: Target, given: row_frames.Given, rows: list[Row]) -> FlexwmError:
    """Keep what has come so far in a kernel variable; the error that names it."""
    name = command.output or PARTIAL
    for row in rows:
        if row.state in ("", "running", "queued"):
            row.state, row.error = "canceled", row.error or "interrupted"
    call.put(name, row_frames.frame(given, rows, path=target.path, version=target.subject))
    done = sum(row.state == "success" for row in rows)
    remedy = f"%windmill_map {target.path} {name} --failed runs the rest"
    return ExecutionError(f"interrupted: {name} has what came of {done} of {len(rows)} rows", remedy=remedy)


async def target_of(call: Call, engine: Engine, reference: str) -> Target:
    """The script or flow of a reference. Raises ScriptNotFound with the path that was probably meant."""
    try:
        script, version = await find(call, engine, reference)
    except ScriptNotFound:
        flow = await _flow(call, engine, reference)
        if flow is None:
            raise
        return flow
    exact = f"{script.path}@{script.hash}"
    return Target(
        subject=f"{script.path} v{version.number}",
        path=script.path,
        language=script.language,
        schema=script.schema or {},
        open_ended=takes_anything(script),
        start=lambda values, **options: engine.executions.submit(exact, values, **options),
    )


async def _flow(call: Call, engine: Engine, reference: str) -> Target | None:
    try:
        version = await call.work(engine.flows.resolve, reference)
        flow = await call.work(engine.flows.get, str(version))
    except FlexwmError:
        return None
    schema = flow.schema or {}
    return Target(
        subject=f"{version.path} v{version.number}",
        path=version.path,
        language="",
        schema=schema,
        open_ended=not schema.get("properties"),
        start=lambda values, **options: engine.flows.submit(str(version), values, **options),
    )


def rows_of(call: Call, command: MapRows, target: Target, given: row_frames.Given) -> list[Row]:
    """The rows with their arguments, all checked before any runs. Raises InvalidArguments that names the row."""
    properties = target.schema.get("properties") or {}
    written = {name for name, _ in command.arguments}
    taken = [name for name in given.columns if (target.open_ended or name in properties) and name not in written]
    if not taken and given.columns and not target.open_ended:
        takes = f"it takes {', '.join(properties)}" if properties else "it takes no arguments"
        why = f"the columns are {', '.join(map(str, given.columns))}"
        raise InvalidArguments(f"no column of {command.frame} is an argument of {target.path}: {takes}", why=why)
    rows, names = list[Row](), dict(call.names)
    for number, record in enumerate(given.records):
        before = given.before[number] if given.before else None
        if command.failed and before is not None and before.state == "success":
            rows.append(before)
            continue
        rows.append(
            Row(
                number=number, arguments=_arguments(call, command, target, names, number, {k: record[k] for k in taken})
            )
        )
    return rows


def _arguments(
    call: Call, command: MapRows, target: Target, names: dict[str, Any], number: int, record: dict[str, Any]
) -> dict[str, Any]:
    """One row's arguments: its columns, and what stands on the line."""
    values = {name: value for name, value in record.items() if not row_frames.is_missing(value)}
    known = ChainMap({"_row": {**_shared(call, command), **values}}, names)
    try:
        found = collect(
            command.arguments, "_row", known, target.schema, subject=target.path, open_ended=target.open_ended
        )
    except InvalidArguments as error:
        what = f"row {number} of {command.frame}: {error.what.removeprefix('--args _row: ')}"
        raise InvalidArguments(what, why=error.why, remedy=error.remedy, **error.details) from None
    if found.files:
        name = found.files[0].name
        raise InvalidArguments(f"{name}: a frame cannot be an argument of every row", remedy="Save it in a file first")
    return found.values


def _shared(call: Call, command: MapRows) -> dict[str, Any]:
    if command.arguments_from is None:
        return {}
    found = variable(command.arguments_from, call.names, f"--args {command.arguments_from}")
    return dict(found) if isinstance(found, Mapping) else {}


def board_of(call: Call, command: MapRows, target: Target, rows: list[Row], engine: Engine) -> MapBoard | None:
    """A table of the rows, where a page may draw it."""
    if command.quiet or not call.session.desk.is_seen:
        return None
    from flexwm_nb.magics.map_board import MapBoard

    return MapBoard(call, engine, target.subject, rows, lambda todo: Work(target, todo, command, engine))


async def run_all(
    call: Call, command: MapRows, target: Target, rows: list[Row], headline: Headline, board: MapBoard | None = None
) -> None:
    """Run what has not succeeded yet, with a line that counts; an interrupt cancels what runs."""
    todo = [row for row in rows if row.state != "success"]
    live = LiveRun("plain" if command.quiet else call.session.face)
    work = Work(target, todo, command, await call.engine())
    clock = Clock(headline)
    clock.begin()
    feed = Feed(work.done(), abort=work.stop)
    ended = len(rows) - len(todo)
    try:
        while (row := await call.pace.take(feed, TICK)) is not END:
            ended += row is not None
            if board is not None:
                board.see(ended, work.stop)
                continue
            live.update(clock.headline().evolve(notes=counts(rows, ended)))
    finally:
        feed.close()
        live.close()
    if not command.quiet and board is None:
        failures = sum(row.state != "success" for row in rows)
        state = "failure" if rows and failures == len(rows) else "success"
        final = clock.headline().evolve(state=state, queued=None, notes=counts(rows, ended))
        show_final(final, call.session.face)


def counts(rows: list[Row], ended: int) -> tuple[str, ...]:
    """How far it is: `12 of 40 rows`, `1 failed`."""
    failed = sum(row.state in ("failure", "canceled") for row in rows)
    return (f"{ended} of {len(rows)} rows", *([f"{failed} failed"] if failed else []))


@dataclass
class Work:
    """The runs of the rows."""

    target: Target
    rows: list[Row]
    command: MapRows
    engine: Engine
    _stopped: threading.Event = field(default_factory=threading.Event)
    _running: dict[str, Execution] = field(default_factory=dict)

    def done(self) -> Iterator[Row]:
        """Each row when its run has ended."""
        with ThreadPoolExecutor(self.command.at_once, thread_name_prefix="flexwm-map") as pool:
            waiting: set[Future[Row]] = {pool.submit(self._run, row) for row in self.rows}
            while waiting:
                ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in ended)

    def stop(self) -> None:
        """Start no more, and cancel what runs; all of it where the map has ended."""
        self._stopped.set()
        for execution in list(self._running.values()):
            try:
                execution.cancel(INTERRUPTED)
            except FlexwmError:  # it ended meanwhile
                continue

    def _run(self, row: Row) -> Row:
        """Run one row; whatever goes wrong stays in it."""
        if self._stopped.is_set():
            row.state, row.error = "canceled", "not started"
            return row
        try:
            self._run_to_end(row)
        except FlexwmError as error:
            row.state, row.error = "failure", str(error)
        return row

    def _run_to_end(self, row: Row) -> None:
        limit = None if self.command.timeout is None else math.ceil(self.command.timeout)
        row.state, row.error, row.result = "running", None, None
        execution = self.target.start(row.arguments, timeout=limit, tag=self.command.tag)
        row.job_id = execution.id
        self._running[execution.id] = execution
        try:
            if self._stopped.is_set():
                execution.cancel(INTERRUPTED)
            job = execution.wait(DAY)
        finally:
            self._running.pop(execution.id, None)
        row.state, row.duration = job.state, job.duration
        if job.state == "success":
            row.result = execution.result()
            return
        found = job.error or {}
        row.error = f"{found.get('name') or 'Error'}: {found.get('message') or 'it gave no message'}"
