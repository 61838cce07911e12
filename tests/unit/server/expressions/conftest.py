"""One engine for all tests here, on an event loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import pytest

from flexwm_nb.server.expressions import Expressions, Scope
from flexwm_nb.server.expressions.engine import loaded
from flexwm_nb.server.expressions.parse import read

Value = TypeVar("Value")
TIME_LIMIT = 0.5  # seconds, for expressions that never end
MOST = 20  # seconds for any answer


class Evaluator:
    """Evaluates from ordinary functions."""

    def __init__(self, loop: asyncio.AbstractEventLoop, expressions: Expressions) -> None:
        self.loop, self.expressions = loop, expressions

    def __call__(self, expression: str, scope: Scope | None = None, **names: Any) -> Any:
        """The value, wherever it is found."""
        return self.run(self.expressions.evaluate(expression, scope or Scope(names=names)))

    def in_engine(self, expression: str, scope: Scope | None = None, **names: Any) -> Any:
        """The value as the engine finds it."""
        return self.run(self._in_engine(expression, scope or Scope(names=names)))

    def run(self, awaitable: Awaitable[Value]) -> Value:
        """Wait for it."""
        return self.loop.run_until_complete(asyncio.wait_for(awaitable, MOST))

    async def _in_engine(self, expression: str, scope: Scope) -> Any:
        reading = read(expression)
        return await self.expressions.in_engine(reading, scope, await loaded(reading, scope))


@pytest.fixture(scope="session")
def evaluate() -> Iterator[Evaluator]:
    """Evaluates an expression; the names are keywords, or a whole scope."""
    yield from evaluator()


@pytest.fixture(scope="session")
def hurried() -> Iterator[Evaluator]:
    """The same, and soon gives up."""
    yield from evaluator(time_limit=TIME_LIMIT)


def evaluator(**limits: float) -> Iterator[Evaluator]:
    """An evaluator, which is closed afterwards."""
    loop = asyncio.new_event_loop()
    made = Evaluator(loop, loop.run_until_complete(expressions(limits)))
    yield made
    made.run(made.expressions.close())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


async def expressions(limits: dict[str, Any]) -> Expressions:
    """Expressions of the running loop."""
    return Expressions(**limits)


@pytest.fixture
def fetching() -> Callable[..., Callable[[str], Awaitable[Any]]]:
    """Makes a function that fetches what it was given, and fails as the server does for an error."""

    def make(**known: Any) -> Callable[[str], Awaitable[Any]]:
        async def fetch(name: str) -> Any:
            found = known.get(name)
            if isinstance(found, Exception):
                raise found
            return found

        return fetch

    return make
