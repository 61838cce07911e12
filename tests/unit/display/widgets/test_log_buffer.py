"""A growing log for a page: small batches, however fast it grows."""

from __future__ import annotations

import time

from flexwm_nb.display.widgets.log_buffer import BATCH, KEPT, SIZE, LogBuffer, whole


def test_the_page_is_told_each_line_once_in_order() -> None:
    """However the pieces are cut; the line that has not ended is told apart."""
    buffer = LogBuffer()
    buffer.feed("one\ntw")
    assert buffer.take() == {"first": 0, "lines": ["one"], "total": 1, "partial": "tw"}
    assert buffer.take() is None
    buffer.feed("o\nthree\n")
    assert buffer.take() == {"first": 1, "lines": ["two", "three"], "total": 3, "partial": ""}


def test_of_a_flood_the_page_is_told_the_newest() -> None:
    """The gap can be seen from where a batch begins; long lines make it shorter still."""
    buffer = LogBuffer()
    buffer.feed("".join(f"{number}\n" for number in range(50_000)))
    told = buffer.take()
    assert told is not None
    assert (told["first"], told["total"], len(told["lines"]), told["lines"][-1]) == (
        50_000 - BATCH,
        50_000,
        BATCH,
        "49999",
    )
    buffer.feed(("x" * 100_000 + "\n") * 100)
    told = buffer.take()
    assert told is not None
    assert sum(map(len, told["lines"])) <= SIZE


def test_ten_megabytes_a_second_take_a_small_part_of_a_second() -> None:
    """A wide margin for a busy machine."""
    chunk = ("x" * 99 + "\n") * 1_000
    buffer, began = LogBuffer(), time.process_time()
    for number in range(100):
        buffer.feed(chunk)
        if number % 10 == 0:
            buffer.take()
    assert time.process_time() - began < 0.5
    assert len(buffer.newest()["lines"]) == KEPT


def test_a_whole_log_is_at_most_its_end() -> None:
    """A page that asks for everything gets what it can hold."""
    assert whole("a\nb\n") == {"first": 0, "lines": ["a", "b"], "total": 2, "partial": "", "whole": True}
    assert whole("")["lines"] == []
    assert whole("x\n" * 50_000)["first"] == 30_000
