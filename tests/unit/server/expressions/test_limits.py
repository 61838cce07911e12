"""Expressions that want too much, or out."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from flexwm_nb.server.expressions import ExpressionError, Expressions, Scope

SLOW = "took too long to execute (>500ms)"
LARGE = "exceeded the memory limit of 32 MB"


# later Pythons read all that the expression's own engine lets through
READ_BY_PYTHON = [
    ("let a = []; for (let i = 0; i < 2000; i++) a = [a]; return a", "recursion limit exceeded"),
] * (sys.version_info < (3, 12))


def in_time(hurried, expression):
    """The value; half a second may go by on a machine that does much else."""
    for _ in range(5):
        with contextlib.suppress(ExpressionError):
            return hurried(expression)
    return None


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("while (true) {}", SLOW),
        ("return (async () => { for (;;) await null })()", SLOW),
        ("return new Promise(() => {})", SLOW),
        ("/(x+x+)+y/.test('x'.repeat(40))", SLOW),
        ("({toJSON() { while (true) {} }})", SLOW),
        ("({get a() { while (true) {} }})", SLOW),
        ("const a = []; for (;;) a.push('x'.repeat(1000) + a.length)", LARGE),
        ("new Array(2 ** 32 - 1).fill(0)", LARGE),
        ("new Uint8Array(1e9)", LARGE),
        ("[...'a'.repeat(1e7)]", LARGE),
        ("flow_input.text.trim()", LARGE),
        ("let a = 'x'; for (;;) a += a", "string too long"),
        ("let a = []; for (let i = 0; i < 7000; i++) a = [a]; return a", "Maximum call stack size exceeded"),
        *READ_BY_PYTHON,
        ("(function f() { return f() + 1 })()", "Maximum call stack size exceeded"),
    ],
)
def test_too_much(hurried, expression, said):
    """Time, memory and depth end, and the next expression is evaluated as ever."""
    with pytest.raises(ExpressionError) as raised:
        hurried(expression, flow_input={"text": "é" * 20_000_000 if "text" in expression else ""})
    assert said in raised.value.text
    assert in_time(hurried, "[1, 2].map(n => n * 2)") == [2, 4]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Object.prototype.polluted = 1; Array.prototype.map = null; return 1", 1),
        ("globalThis.kept = 1; flow_input.__proto__.polluted = 1; return 1", 1),
        ("[typeof kept, ({}).polluted, [1].map(n => n)]", ["undefined", None, [1]]),
        ("typeof ask", "undefined"),
        ("this.constructor.constructor('return typeof process + typeof require')()", "undefinedundefined"),
        ("(0, eval)('typeof std + typeof os + typeof scriptArgs + typeof console')", "undefined" * 4),
        ("typeof fetch + typeof XMLHttpRequest + typeof setTimeout + typeof WebAssembly", "undefined" * 4),
        ("Promise.prototype.then = () => 1; return 1", None),
    ],
)
def test_nothing_is_left_behind_or_reached(evaluate, expression, expected):
    """Each expression has a world of its own, with JavaScript in it and nothing of this machine."""
    try:
        assert evaluate.in_engine(expression, flow_input={}) == expected
    except ExpressionError as error:
        assert expected is None and "not a function" in error.text


@pytest.mark.parametrize("module", ["std", "os", "fs", "/etc/passwd", "./program.py"])
def test_no_modules(evaluate, module):
    """Nothing can be imported."""
    with pytest.raises(ExpressionError, match="could not load module"):
        evaluate(f"import({module!r})")


def test_the_process_has_nothing_of_the_server(monkeypatch):
    """It starts on first need, by exec, without the server's environment and open files."""
    monkeypatch.setenv("FLEXWM_TEST_SECRET", "hush")

    async def started() -> tuple[int, int]:
        expressions = Expressions()
        await expressions.start()
        assert not expressions.processes
        await expressions.evaluate("[1].map(n => n)", Scope())
        (process,) = expressions.processes
        try:
            environment = Path(f"/proc/{process.pid}/environ").read_text()
            return environment.count("hush"), len(os.listdir(f"/proc/{process.pid}/fd"))
        finally:
            await expressions.close()

    if not os.path.exists("/proc/self/environ"):
        pytest.skip("this system has no /proc")
    secrets, files = asyncio.run(started())
    assert secrets == 0
    assert files <= 4  # three standard ones and the socket


def test_one_that_hangs_holds_up_no_other():
    """Others are evaluated meanwhile, in processes of which there are only so many."""

    async def both() -> tuple[float, int]:
        expressions = Expressions(time_limit=1.0, processes=2)
        hanging = asyncio.create_task(expressions.evaluate("while (true) {}", Scope()))
        await asyncio.sleep(0.1)
        begun = time.perf_counter()
        await asyncio.gather(*(expressions.evaluate("[1].map(n => n)", Scope()) for _ in range(20)))
        taken, count = time.perf_counter() - begun, len(expressions.processes)
        with pytest.raises(ExpressionError, match="too long"):
            await hanging
        await expressions.close()
        return taken, count

    taken, count = asyncio.run(both())
    assert taken < 0.9
    assert count == 2


def test_a_killed_process_is_replaced():
    """Who was evaluating is told; the next expression gets a new process."""

    async def killed() -> object:
        expressions = Expressions()
        await expressions.evaluate("[1].map(n => n)", Scope())
        hanging = asyncio.create_task(expressions.evaluate("while (true) {}", Scope()))
        await asyncio.sleep(0.1)
        (process,) = expressions.processes
        os.kill(process.pid, 9)
        with pytest.raises(ExpressionError, match="process has ended"):
            await hanging
        value = await expressions.evaluate("[2].map(n => n)", Scope())
        await expressions.close()
        return value

    assert asyncio.run(killed()) == [2]


def test_who_stops_waiting_stops_the_evaluation():
    """A cancelled evaluation leaves no process that computes."""

    async def cancelled() -> int:
        expressions = Expressions()
        task = asyncio.create_task(expressions.evaluate("while (true) {}", Scope()))
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        count = len(expressions.processes)
        await expressions.close()
        return count

    assert asyncio.run(cancelled()) == 0


def test_processes_that_nobody_needs_end():
    """After a burst one process stays."""

    async def counted() -> tuple[int, int]:
        expressions = Expressions(idle_time=0.1)
        await asyncio.gather(*(expressions.evaluate("[1].map(n => n)", Scope()) for _ in range(4)))
        many = len(expressions.processes)
        await asyncio.sleep(0.4)
        few = len(expressions.processes)
        await expressions.close()
        return many, few

    assert asyncio.run(counted()) == (4, 1)


ENDLESS = """
import asyncio
import contextlib
from flexwm_nb.server.expressions import Expressions, Scope

async def main():
    expressions = Expressions(time_limit=0.5)
    await expressions.evaluate("[1].map(n => n)", Scope())
    (process,) = expressions.processes
    print(process.pid, flush=True)
    await expressions.evaluate("while (true) {}", Scope())

asyncio.run(main())
"""


def test_the_process_does_not_outlive_the_server():
    """When the server is killed, the kernel ends what still computes."""
    server = subprocess.Popen([sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, text=True)
    with server:
        pid = int(server.stdout.readline())
        time.sleep(0.2)  # it computes
        server.kill()
    end = time.monotonic() + 15
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end
        time.sleep(0.05)
