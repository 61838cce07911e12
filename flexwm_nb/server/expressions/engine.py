"""Evaluates the expressions of flows."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec

from flexwm_nb.server.expressions import fast
from flexwm_nb.server.expressions.names import visible
from flexwm_nb.server.expressions.parse import Reading, read
from flexwm_nb.server.expressions.process import HEAD, Ended, EngineProcess
from flexwm_nb.server.expressions.scope import ExpressionError, Load, Scope

TIME_LIMIT = 5.0  # seconds; Windmill's is 20
MEGABYTE = 1024 * 1024
MEMORY_LIMIT = 32 * MEGABYTE  # bytes, Windmill's
PROCESSES = 4
IDLE_TIME = 60.0  # seconds that a process is kept which nobody needs; the last one stays
TOO_DEEP = "QuickJS evaluation error: recursion limit exceeded"
UNAVAILABLE = {
    "result": "Result fetching not available without authenticated client",
    "variable": "variable() is not available without an authenticated client",
    "resource": "resource() is not available without an authenticated client",
    "user_state": "flow_user_state() is not available without an authenticated client",
}


class Expressions:
    """Evaluates JavaScript in processes of its own, which are started when the first expression needs one."""

    def __init__(
        self,
        *,
        time_limit: float = TIME_LIMIT,
        memory_limit: int = MEMORY_LIMIT,
        processes: int = PROCESSES,
        idle_time: float = IDLE_TIME,
    ) -> None:
        """Evaluate within these limits, in that many processes at most."""
        self._time_limit, self._memory_limit, self._idle_time = time_limit, memory_limit, idle_time
        self._places = asyncio.Semaphore(processes)
        self._idle: list[EngineProcess] = []  # the one used last at the end
        self._sweep: asyncio.TimerHandle | None = None
        self.processes: set[EngineProcess] = set()  # that run

    async def start(self) -> None:
        """Nothing runs until it is needed."""

    async def close(self) -> None:
        """End all processes. What is being evaluated fails."""
        if self._sweep is not None:
            self._sweep.cancel()
        await asyncio.gather(*(process.close() for process in self.processes))
        self.processes.clear()
        self._idle.clear()

    async def evaluate(self, expression: str, scope: Scope) -> Any:
        """The expression's value as JSON; what JavaScript calls undefined is None. Raises ExpressionError."""
        reading = read(expression)
        value = fast.direct(reading, scope.names)
        if value is not fast.UNSURE:
            return value
        if scope.result is not None and (path := fast.path_of(reading.expression)) is not None:
            return await fast.walked(path, scope)
        results = await loaded(reading, scope)
        node = fast.simple(reading)
        if node is not None:
            value = fast.evaluated(node, scope.names, results)
            if value is not fast.UNSURE:
                return value
        return await self.in_engine(reading, scope, results)

    async def in_engine(self, reading: Reading, scope: Scope, results: fast.Results) -> Any:
        """The value as the engine finds it. Raises ExpressionError."""
        message = written(reading, scope, results)
        if len(message) > self._memory_limit:
            raise self._too_large()
        try:
            kind, text = await self._run(message, scope)
        except Ended as ended:
            if ended.late:
                raise self._too_slow(reading) from None
            raise ExpressionError("QuickJS evaluation error: the engine's process has ended") from None
        if kind == b"v":
            return decoded(text)
        raise self._refused(kind, text, reading)

    async def _run(self, message: bytes, scope: Scope) -> tuple[bytes, bytes]:
        async with self._places:
            process = self._idle.pop() if self._idle else await self._start()
            try:
                return await process.evaluate(message, lambda kind, name: answered(scope, kind, name))
            finally:
                self._release(process)

    async def _start(self) -> EngineProcess:
        try:
            process = await EngineProcess.start(memory_limit=self._memory_limit, time_limit=self._time_limit)
        except OSError as error:
            raise ExpressionError(f"QuickJS evaluation error: the engine cannot be started: {error}") from error
        self.processes.add(process)
        return process

    def _release(self, process: EngineProcess) -> None:
        """Keep it for the next one."""
        if not process.alive:
            self.processes.discard(process)
            return
        self._idle.append(process)
        if len(self._idle) > 1 and self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(self._idle_time, self._thin_out, {})

    def _thin_out(self, before: dict[EngineProcess, int]) -> None:
        """End processes that had nothing to do since the sweep before, but one; `before` counts what they had done."""
        self._sweep = None
        for process in [found for found in self._idle if before.get(found) == found.evaluations]:
            if len(self._idle) > 1:
                self._idle.remove(process)
                self.processes.discard(process)
                process.kill()
        if len(self._idle) > 1:
            counts = {process: process.evaluations for process in self._idle}
            self._sweep = asyncio.get_running_loop().call_later(self._idle_time, self._thin_out, counts)

    def _refused(self, kind: bytes, text: bytes, reading: Reading) -> ExpressionError:
        """What is said of an expression that did not give a value."""
        if kind == b"m":
            return self._too_large()
        if kind == b"p":  # it waits for what never comes
            return self._too_slow(reading)
        said = str(decoded(text)).replace("<input>", "eval_script")
        if kind == b"t":
            said = f"Exception generated by quickjs: {said}"
        return ExpressionError(f"QuickJS evaluation error: {said}")

    def _too_large(self) -> ExpressionError:
        return ExpressionError(
            f"The expression evaluation exceeded the memory limit of {self._memory_limit // MEGABYTE} MB. "
            "Reduce the amount of data handled in the expression."
        )

    def _too_slow(self, reading: Reading) -> ExpressionError:
        milliseconds = round(self._time_limit * 1000)
        return ExpressionError(
            f"The expression evaluation `{reading.expression}` took too long to execute (>{milliseconds}ms)"
        )


async def loaded(reading: Reading, scope: Scope) -> dict[str, Any]:
    """The results of the steps that the text names; those that cannot be had throw when they are read, not before."""
    if not reading.steps or scope.result is None:
        return {}
    results: dict[str, Any] = {}
    for step in reading.steps:
        try:
            results[step] = await scope.result(step)
        except ExpressionError as error:
            results[step] = error
    return results


def written(reading: Reading, scope: Scope, results: fast.Results) -> bytes:
    """The message that has it evaluated: the program, and the values that its text names."""
    values = [("name", name, encoded(value)) for name, value in visible(reading.expression, scope.names).items()]
    values += [("result", step, answer(value)) for step, value in results.items()]
    heading = encoded(
        {
            "program": reading.program,
            "results": scope.result is not None and "results" in reading.expression,
            "values": [(operation, name, len(data)) for operation, name, data in values],
        }
    )
    return b"".join([HEAD.pack(len(heading)), heading, *(data for _, _, data in values)])


def answer(value: Any) -> bytes:
    """A value, or the error that it could not be had for, as the engine's process reads it."""
    return encoded({"error": value.text} if isinstance(value, ExpressionError) else {"value": value})


async def answered(scope: Scope, kind: str, name: str) -> bytes:
    """The answer to an expression that asks for something by its name."""
    load: Load | None = getattr(scope, kind) if kind in UNAVAILABLE else None
    if load is None:
        return answer(ExpressionError(UNAVAILABLE.get(kind, f"{kind} is unknown")))
    try:
        return answer(await load(name))
    except ExpressionError as error:
        return answer(error)


def encoded(value: Any) -> bytes:
    """A value in JSON. What UTF-8 cannot say is escaped. Raises ExpressionError."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value).encode()
    except RecursionError:
        raise ExpressionError(TOO_DEEP) from None


def decoded(text: bytes) -> Any:
    """The value that JSON says, halves of characters too. Raises ExpressionError: an expression can change JSON."""
    try:
        return msgspec.json.decode(text)
    except RecursionError:
        raise ExpressionError(TOO_DEEP) from None
    except ValueError:
        pass
    try:
        return json.loads(text)
    except RecursionError:
        raise ExpressionError(TOO_DEEP) from None
    except ValueError as error:
        raise ExpressionError(f"QuickJS evaluation error: the value is no JSON: {error}") from None
