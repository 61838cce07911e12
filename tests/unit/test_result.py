"""A value or an error."""

from __future__ import annotations

import pytest

from flexwm_nb.errors import FlexwmError, JobFailed
from flexwm_nb.result import Result


def fail() -> int:
    """Raise an error of the package."""
    raise JobFailed("no")


def test_a_value() -> None:
    """It is there, and can be changed."""
    result = Result.of(lambda: 20).map(lambda value: value + 1)
    assert (result.is_success, result.unwrap()) == (True, 21)


def test_any_method_becomes_one_that_tells() -> None:
    """With its own arguments, and without a twin of each method."""
    assert Result.of(divmod, 7, 2).unwrap() == (3, 1)
    assert Result.of(int, "21", base=8).map(str) == Result(value="17")


def test_an_error() -> None:
    """It is kept until somebody wants the value."""
    result = Result.of(fail).map(lambda value: value + 1)
    assert not result.is_success
    with pytest.raises(JobFailed):
        result.unwrap()


def test_another_error_passes() -> None:
    """A mistake in the program is not an outcome."""
    with pytest.raises(ZeroDivisionError):
        Result.of(lambda: 1 / 0)


def test_errors_say_what_why_and_what_to_do() -> None:
    """In one line, with a stable code."""
    error = FlexwmError("It broke", why="rust", remedy="Oil it", part="hinge")
    assert (str(error), error.code, error.part) == ("It broke: rust. Oil it", "flexwm-error", "hinge")
