"""What the magics of one shell share: the engine, the runs so far, and which cell each script came from."""

from __future__ import annotations

import atexit
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from flexwm_nb import journal
from flexwm_nb.display.traceback import Origin
from flexwm_nb.display.wording import Face, Headline
from flexwm_nb.errors import InvalidInput, JobNotFound
from flexwm_nb.magics.awaiting import Pace
from flexwm_nb.magics.desk import Desk
from flexwm_nb.magics.values import VARIABLE, variable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flexwm_nb.engine import Engine
    from flexwm_nb.magics.steps import StepCell

T = TypeVar("T")

REMEMBERED = 1_000  # runs and scripts
RECENT = 1_000  # jobs of the engine that a shortened id is looked for in
DISPLAY_VARIABLE = "FLEXWM_DISPLAY"  # plain, text or rich
NONINTERACTIVE_VARIABLE = "FLEXWM_NONINTERACTIVE"  # 1 = nobody is there


class Session:
    """The state behind the magics of one shell."""

    def __init__(self, shell: Any, settings: Any) -> None:
        """Nothing is connected yet. `settings` has the traits of WindmillMagics."""
        self.shell, self.settings = shell, settings
        self._change = threading.Lock()
        self._engine: Future[Engine] | None = None
        self._opened: list[Future[Engine]] = []
        self._notes: set[Path] = set()  # of engines that the Jupyter server may find
        self._origins: OrderedDict[str, Origin] = OrderedDict()
        self._runs: OrderedDict[str, Headline] = OrderedDict()
        self.desk = Desk(self)
        self.steps: dict[str, StepCell] = {}  # cells of %%windmill_step by their ids

    def start(self) -> Future[Engine]:
        """Connect in a thread, unless that is done or under way; after a failure, once more."""
        return self.connect(self.settings.engine or None, self.settings.workspace or None, again=False)

    def connect(
        self,
        target: str | None,
        workspace: str | None,
        token: str | None = None,
        *,
        again: bool = True,
        tell: Callable[[str], None] | None = None,
    ) -> Future[Engine]:
        """Connect in a thread to another engine that answers; what runs on the one before can still be followed.

        `tell` gets the steps of a start, in that thread.
        """
        with self._change:
            before = self._engine
            if not again and before is not None and not _failed(before):
                return before
            future: Future[Engine] = Future()
            self._engine = future
            self._opened.append(future)
        named = {"workspace": workspace, "token": token, "progress": tell}
        arguments = (future, before, target, named, again)
        threading.Thread(target=self._open, args=arguments, name="flexwm-connect", daemon=True).start()
        return future

    def _open(
        self, future: Future[Engine], before: Future[Engine] | None, target: str | None, named: Any, check: bool
    ) -> None:
        """Connect; where that fails, the engine before stays. Shows nothing."""
        try:
            import flexwm_nb

            engine = flexwm_nb.connect(target, **named)
            if check:
                engine.describe()
        except BaseException as error:
            with self._change:
                if self._engine is future and before is not None:
                    self._engine = before
            future.set_exception(error)
            return
        if (note := _share(engine)) is not None:
            self._notes.add(note)
        future.set_result(engine)

    @property
    def connected(self) -> Engine | None:
        """The engine if it is there already, for what must not wait."""
        future = self._engine
        return future.result() if future is not None and future.done() and not _failed(future) else None

    def close(self) -> None:
        """Close the connections; the engines go on."""
        from flexwm_nb.backends import registered

        with self._change:
            opened, self._opened, self._engine = self._opened, [], None
            notes, self._notes = self._notes, set()
        for note in notes:
            registered.forget(note)
        for future in opened:
            future.add_done_callback(_close)

    def forget(self) -> None:
        """The next magic connects once more."""
        with self._change:
            self._engine = None

    @property
    def face(self) -> Face:
        """How things are shown: by the trait, else the environment, else as the front end can."""
        chosen = self.settings.display
        if chosen == "auto":
            chosen = os.environ.get(DISPLAY_VARIABLE, "auto")
        if chosen == "auto" and os.environ.get(NONINTERACTIVE_VARIABLE) == "1":
            chosen = "plain"
        if chosen in ("rich", "text", "plain"):
            return chosen  # type: ignore[no-any-return]
        return "rich" if getattr(self.shell, "kernel", None) else "text"

    @property
    def colour(self) -> bool:
        """Whether tracebacks are coloured, as IPython's own are."""
        return str(getattr(self.shell, "colors", "nocolor")).lower() != "nocolor" and self.face != "plain"

    def remember(self, job_id: str, headline: Headline) -> None:
        """Keep a run; the newest is the last run."""
        self._runs[job_id] = headline
        self._runs.move_to_end(job_id)
        _limit(self._runs)

    def headline(self, job_id: str) -> Headline | None:
        """What is known of a run that was started or followed here."""
        return self._runs.get(job_id)

    def remember_origin(self, script_hash: str, origin: Origin) -> None:
        """Keep which cell a version of a script came from."""
        self._origins[script_hash] = origin
        self._origins.move_to_end(script_hash)
        _limit(self._origins)

    def origin(self, script_hash: str | None) -> Origin | None:
        """The cell of a version of a script, when it was registered by this kernel."""
        return self._origins.get(script_hash or "")

    @property
    def runs(self) -> list[str]:
        """Ids of the runs so far, newest first."""
        return list(reversed(self._runs))


def _close(future: Future[Engine]) -> None:
    if not _failed(future):
        future.result().close()


def _failed(future: Future[Any]) -> bool:
    return future.done() and future.exception() is not None


def _limit(kept: OrderedDict[str, Any]) -> None:
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One use of a magic."""

    session: Session
    pace: Pace
    title: str  # the magic with its percent signs
    names: Mapping[str, Any] = field(default_factory=dict)  # the kernel's variables

    async def engine(self) -> Engine:
        """The engine, connected. Raises EngineError and its kin."""
        connected = self.session.connected
        return await self.work(self.session.start().result) if connected is None else connected

    async def work(self, function: Callable[..., T], /, *arguments: Any, **named: Any) -> T:
        """Do something that blocks."""
        return await self.pace.call(function, *arguments, **named)

    def put(self, name: str | None, value: Any) -> None:
        """Set a kernel variable."""
        if name is not None:
            self.session.shell.push({name: value}, interactive=True)

    def cell(self) -> tuple[int, int]:
        """The number of the cell that runs, and how many of its lines stand above the cell magic's body."""
        number, raw = _running_cell(self.session.shell)
        lines = enumerate(raw.split("\n"), 1)
        return number, next((row for row, line in lines if line.lstrip().startswith(self.title)), 1)

    def place(self, line: int) -> str:
        """A line of the cell magic's body, by name; without the cell's number where no run may differ from another."""
        number, above = self.cell()
        return f"line {line + above}" if self.session.face == "plain" else f"Cell In[{number}], line {line + above}"

    async def job_id(self, part: str | None) -> str:
        """The whole id of a job: of the last run without a part, of the run or id that `$name` holds.

        Raises JobNotFound and InvalidInput.
        """
        engine = await self.engine()
        if part is None:
            known = self.session.runs or [record.job_id for record in journal.read(notebook=journal.notebook())][::-1]
            if not known:
                raise JobNotFound("nothing was run yet", remedy="Give a job's id; see %windmill_jobs")
            return known[0]
        if found := VARIABLE.fullmatch(part):
            part = _id_of(variable(found[1], self.names, part), part)
        part = part.removeprefix("job ").replace("...", "…").replace("..", "…").strip()
        if _is_whole(part):
            return part
        known = self.session.runs
        matching = [job_id for job_id in known if _fits(job_id, part)]
        if not matching:
            recent = await self.work(engine.executions.list, per_page=RECENT)
            matching = [job.id for job in recent if _fits(job.id, part)]
        return _only(matching, part)


def _running_cell(shell: Any) -> tuple[int, str]:
    """The number and the text of the cell that runs. The shell's counter may be one ahead."""
    try:
        cells = shell.history_manager.input_hist_raw
        return len(cells) - 1, str(cells[-1])
    except (AttributeError, IndexError):
        return shell.execution_count, ""


def _id_of(value: Any, name: str) -> str:
    """The id in a kernel variable. Raises InvalidInput."""
    found = getattr(value, "id", value)
    if not isinstance(found, str):
        what = f"{name} is no run, but of type {type(value).__name__}"
        raise InvalidInput(what, remedy="Give a run, such as wm.run returns, or a job's id")
    return found


def _is_whole(text: str) -> bool:
    return len(text) == 36 and text.count("-") == 4


def _fits(job_id: str, part: str) -> bool:
    """Whether an id is meant by its start, its end, or both with … between them."""
    start, gap, end = part.partition("…")
    if gap:
        return job_id.startswith(start) and job_id.endswith(end)
    return job_id.startswith(part) or job_id.endswith(part)


def _only(matching: list[str], part: str) -> str:
    if not part or not matching:
        raise JobNotFound(f"there is no job {part!r}", remedy="See %windmill_jobs for those that are", job_id=part)
    if len(matching) > 1:
        shown = ", ".join(matching[:3]) + (" …" if len(matching) > 3 else "")
        raise InvalidInput(f"{part!r} may be any of {len(matching)} jobs", why=shown, remedy="Give more of the id")
    return matching[0]


def _share(engine: Engine) -> Path | None:
    """Let the Jupyter server of this user find an engine that this kernel has opened; the note, which goes with it."""
    from flexwm_nb.backends import registered

    endpoint = engine.client.endpoint
    store = engine.log.parent if endpoint.kind == "local" and engine.log else None
    try:
        note = registered.register(endpoint, store)
    except OSError:  # without it the sidebar alone misses the engine
        return None
    atexit.register(registered.forget, note)
    return note
