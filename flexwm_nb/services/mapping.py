"""One run an input: some at a time, in order or as they end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from flexwm_nb.errors import FlexwmError, InvalidInput
from flexwm_nb.execution import Execution
from flexwm_nb.result import Result

REASON = "the map that started it ended"

Start = Callable[[Mapping[str, Any]], Execution]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What came of one input."""

    number: int  # of the input, from 0
    arguments: Mapping[str, Any]
    execution: Execution | None  # None where the arguments could not be sent
    result: Result[Any]


@dataclass(slots=True)
class Map:
    """The runs of all inputs. Iterate once; what runs when the iteration is left is cancelled."""

    start: Start
    inputs: Iterable[Mapping[str, Any]]
    at_once: int
    ordered: bool
    _ended: SimpleQueue[Mapped] = field(default_factory=SimpleQueue)
    _running: dict[int, Execution] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Mapped]:
        """Each input's outcome. Raises what starting raises, but for arguments that are wrong: they are an outcome."""
        early: dict[int, Mapped] = {}
        due = 0
        try:
            for mapped in self._as_they_end():
                if not self.ordered:
                    yield mapped
                    continue
                early[mapped.number] = mapped
                while due in early:
                    yield early.pop(due)
                    due += 1
        finally:
            self._cancel()

    def _as_they_end(self) -> Iterator[Mapped]:
        waiting, left = enumerate(self.inputs), True
        started = ended = 0
        while left or ended < started:
            while left and started - ended < self.at_once:
                if left := (item := next(waiting, None)) is not None:
                    self._begin(*item)
                    started += 1
            if ended < started:
                mapped = self._ended.get()
                ended += 1
                self._running.pop(mapped.number, None)
                yield mapped

    def _begin(self, number: int, arguments: Mapping[str, Any]) -> None:
        try:
            execution = self.start(arguments)
        except InvalidInput as error:
            wrong: Result[Any] = Result(error=error)
            self._ended.put(Mapped(number=number, arguments=arguments, execution=None, result=wrong))
            return
        self._running[number] = execution
        execution.when_done(
            lambda result: self._ended.put(
                Mapped(number=number, arguments=arguments, execution=execution, result=result)
            )
        )

    def _cancel(self) -> None:
        """End what runs; whatever cannot be ended now is left."""
        for execution in self._running.values():
            with contextlib.suppress(FlexwmError):
                execution.cancel(REASON)
