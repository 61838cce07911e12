"""Cron expressions: seconds, zones and clock changes, the two versions, refusals."""

from __future__ import annotations

from itertools import islice

import pytest

from flexwm_nb.server.clock import parse_time, render_time
from flexwm_nb.server.schedules import cron
from flexwm_nb.server.web.failures import Failure

TICKS = [
    pytest.param("*/20 * * * * *", "UTC", "v2", "2026-01-01T00:00:05Z", ["00:00:20", "00:00:40", "00:01:00"], id="s"),
    pytest.param("15 30 6 * * *", "Asia/Tokyo", "v2", "2026-01-01T00:00:00Z", ["21:30:15"] * 3, id="a zone"),
    pytest.param("@hourly", "UTC", "v2", "2026-01-01T00:59:59Z", ["01:00:00", "02:00:00", "03:00:00"], id="nickname"),
    pytest.param("0 30 2 * * *", "Europe/Paris", "v2", "2026-03-28T02:00:00Z", ["01:00:00", "00:30:00"], id="missing"),
    pytest.param("0 30 2 * * *", "Europe/Paris", "v2", "2026-10-24T12:00:00Z", ["00:30:00", "01:30:00"], id="repeated"),
    pytest.param("0 0 * * * *", "Europe/Paris", "v2", "2026-10-24T23:30:00Z", ["00:00:00", "01:00:00"], id="hourly"),
]


@pytest.mark.parametrize(("text", "zone", "version", "start", "times"), TICKS)
def test_ticks(text: str, zone: str, version: str, start: str, times: list[str]) -> None:
    """The next ones after a moment, in UTC; a daily one comes once a day, whatever the clocks do."""
    found = islice(cron.parse(text, zone, version).after(parse_time(start)), len(times))
    assert [(render_time(tick) or "")[11:19] for tick in found] == times


DAYS = [
    pytest.param("0 0 0 * * 1", "v1", "2026-01-04", id="version 1 counts from Sunday 1"),
    pytest.param("0 0 0 * * 1", "v2", "2026-01-05", id="version 2 counts from Sunday 0"),
    pytest.param("0 0 0 * * 7", "v2", "2026-01-04", id="version 2 has Sunday 7 too"),
    pytest.param("0 0 0 13 * FRI", "v1", "2026-02-13", id="version 1 wants both days"),
    pytest.param("0 0 0 13 * FRI", "v2", "2026-01-02", id="version 2 takes either"),
    pytest.param("0 0 0 ? * Monday", "v1", "2026-01-05", id="a long name"),
    pytest.param("0 0 0 L * *", "v2", "2026-01-31", id="the last day"),
    pytest.param("0 0 0 * * 5#2", "v2", "2026-01-09", id="the second Friday"),
]


@pytest.mark.parametrize(("text", "version", "day"), DAYS)
def test_days(text: str, version: str, day: str) -> None:
    """The first day after the year's first."""
    tick = next(cron.parse(text, "UTC", version).after(parse_time("2026-01-01T00:00:00Z")))
    assert (render_time(tick) or "")[:10] == day


REFUSED = ["", "* * * * *", "0 0 24 * * *", "0 0 0 30 2 *", "0 0 0 * * 8", "0 0 0 15W * *", "nonsense", "0 0 0 1 1 * 2"]


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    """With 400, and Windmill's prefix."""
    with pytest.raises(Failure, match="Bad request: cron: "):
        cron.parse(text, "UTC", "v2")
