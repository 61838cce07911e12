"""A value or the error that took its place, for work that reports instead of stopping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, ParamSpec, TypeVar

from flexwm_nb.errors import FlexwmError

P = ParamSpec("P")
T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Result(Generic[T]):
    """How something ended: with a value, or with an error of the package.

    Any method that raises is made one that tells: `Result.of(engine.scripts.get, "f/flights/late")`.
    """

    value: T | None = None
    error: FlexwmError | None = None

    @classmethod
    def of(cls, work: Callable[P, T], /, *arguments: P.args, **named: P.kwargs) -> Result[T]:
        """Do it and keep how it ended; errors that are not the package's own pass through."""
        try:
            return cls(value=work(*arguments, **named))
        except FlexwmError as error:
            return cls(error=error)

    @property
    def is_success(self) -> bool:
        """Whether it ended with a value."""
        return self.error is None

    def unwrap(self) -> T:
        """The value. Raises the error."""
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]  # T may itself be optional

    def map(self, change: Callable[[T], U]) -> Result[U]:
        """The value changed, or the same error."""
        return Result(error=self.error) if self.error else Result(value=change(self.unwrap()))
