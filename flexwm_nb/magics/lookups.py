"""What completion looks up: on the engine, never for long; in the kernel, at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from flexwm_nb import signatures
from flexwm_nb.errors import FlexwmError, ScriptNotFound
from flexwm_nb.magics.languages import of_cell
from flexwm_nb.magics.session import Session

if TYPE_CHECKING:
    from flexwm_nb.engine import Engine

T = TypeVar("T")

PATIENCE = 0.2  # seconds that a key press waits for the engine
FRESH = 2.0  # seconds for which an answer is good
LARGEST = 200  # answers kept
JOBS = 50


class Lookups:
    """Answers for completion. Empty where the engine is not there or slow: the next key press may find them."""

    def __init__(self, session: Session) -> None:
        """Nothing is asked yet."""
        self._session = session
        self._known: dict[tuple[str, ...], tuple[float, Any]] = {}
        self._asking: dict[tuple[str, ...], threading.Thread] = {}

    def paths(self) -> Sequence[str]:
        """Paths of scripts."""
        return self._ask(("paths",), lambda engine: [script.path for script in engine.scripts.list()], [])

    def flows(self) -> Sequence[str]:
        """Paths of flows."""
        return self._ask(("flows",), lambda engine: [flow.path for flow in engine.flows.list()], [])

    def steps(self) -> Sequence[str]:
        """Ids of the steps that this notebook has cells for."""
        return list(self._session.steps)

    def versions(self, path: str) -> Sequence[str]:
        """Versions of a script as they are written, newest first."""
        return self._ask(
            ("versions", path), lambda engine: [f"v{found.number}" for found in engine.scripts.history(path)], []
        )

    def jobs(self) -> Sequence[str]:
        """Ids of runs: of this kernel, then the newest on the engine."""
        mine = self._session.runs
        others: Sequence[str] = self._ask(
            ("jobs",), lambda engine: [job.id for job in engine.executions.list(per_page=JOBS)], []
        )
        return [*mine, *(job_id for job_id in others if job_id not in mine)]

    def schema(self, reference: str) -> Mapping[str, Any]:
        """The schema of a registered script's or flow's arguments."""
        return self._ask(("schema", reference), lambda engine: _schema(engine, reference), {})

    def schema_of_source(self, language: str, content: str) -> Mapping[str, Any]:
        """The schema of a source; empty while it does not parse."""
        try:
            return signatures.infer_schema(of_cell(language, content), content)
        except FlexwmError:
            return {}

    def variables(self) -> Sequence[str]:
        """The names that people gave in the kernel."""
        shell = self._session.shell
        return [name for name in shell.user_ns if not name.startswith("_") and name not in shell.user_ns_hidden]

    def _ask(self, key: tuple[str, ...], question: Callable[[Engine], T], nothing: T) -> T:
        """What the engine answers within `PATIENCE`, what it answered before, or nothing."""
        asked, answer = self._kept(key, nothing)
        engine = self._session.connected
        if engine is None or time.monotonic() - asked < FRESH:
            return answer
        thread = self._asking.get(key)
        if thread is None:
            thread = threading.Thread(
                target=self._answer, args=(key, question, engine), name="flexwm-lookup", daemon=True
            )
            self._asking[key] = thread
            thread.start()
        thread.join(PATIENCE)
        return self._kept(key, nothing)[1]

    def _kept(self, key: tuple[str, ...], nothing: T) -> tuple[float, T]:
        return self._known.get(key, (0.0, nothing))

    def _answer(self, key: tuple[str, ...], question: Callable[[Engine], Any], engine: Engine) -> None:
        try:
            if len(self._known) >= LARGEST:
                self._known.clear()
            self._known[key] = time.monotonic(), question(engine)
        except FlexwmError:  # offline, or it does not exist: nothing to offer
            pass
        finally:
            self._asking.pop(key, None)


def _schema(engine: Engine, reference: str) -> Mapping[str, Any]:
    try:
        return engine.scripts.get(reference).schema or {}
    except ScriptNotFound:
        return engine.flows.get(reference).schema or {}
