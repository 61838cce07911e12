"""Cron expressions with seconds, in the two versions of Windmill, and when they next fall due.

A tick that names an hour and a minute happens once a day whatever the clocks do: the second of two equal hours does not
repeat it, and one inside a missing hour comes right after it. Ticks within every hour follow the real time.

Version 1 counts weekdays from Sunday = 1, and wants the day of the month and the weekday both to match; version 2
counts from Sunday = 0 and takes either, as crontab does. Names of days and months may be written out in version 1, last
and numbered days (`L`, `5L`, `FRI#2`) are known to version 2. A day `15W` (the nearest weekday) is not understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from flexwm_nb.server.clock import EPOCH
from flexwm_nb.server.web.failures import bad_request

VERSIONS = ("v1", "v2")
DEFAULT = "v2"
FIELDS = 6
DAY, WEEKDAY = 3, 5  # places of fields
NICKNAMES = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * SUN",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
NEAREST = re.compile(r"W(?!ED)")
LAST_OR_NUMBERED = re.compile(r"[L#]")
LONG_NAME = re.compile(r"([A-Z]{3})[A-Z]+")
WEEKDAY_NUMBER = re.compile(r"(?<![#/\d])\d+")
ADVICE = (
    "Windmill cron expressions have 6 fields and start with seconds: 'sec min hour day-of-month month day-of-week'."
)


@dataclass(frozen=True, slots=True)
class Cron:
    """One expression in one zone."""

    fields: tuple[str, ...]
    zone: ZoneInfo
    both_days: bool  # whether day of the month and weekday have both to match

    def after(self, moment: int) -> Iterator[int]:
        """The ticks after a time, both in microseconds since the epoch."""
        start = EPOCH + timedelta(microseconds=moment)
        delay = timedelta(0)
        fields = self.fields
        if self._daily:
            delay, fields = timedelta(seconds=int(fields[0])), fields[1:]
        ticks = CronSim(" ".join(fields), (start - delay).astimezone(self.zone))
        if self.both_days:
            ticks.day_and = True
        for tick in ticks:
            yield (tick.astimezone(timezone.utc) + delay - EPOCH) // timedelta(microseconds=1)

    @property
    def _daily(self) -> bool:
        """Whether it names second, hour and minute."""
        return self.fields[0].isdigit() and not any(field.startswith("*") for field in self.fields[1:3])


@lru_cache(1_000)
def parse(text: str, zone: str, version: str | None = None) -> Cron:
    """The expression. Raises Failure 400 for one that cannot be read or never falls due, and for an unknown zone."""
    fields = tuple(NICKNAMES.get(text.strip().lower(), text).upper().replace("?", "*").split())
    if len(fields) != FIELDS:
        raise bad_request(f"cron: {len(fields)} fields where {FIELDS} are expected\n{ADVICE}{_example(fields)}")
    first = version == "v1"
    if unknown := next((field for field in (fields[DAY], fields[WEEKDAY]) if _is_unknown(field, first)), None):
        raise bad_request(f"cron: version {version or DEFAULT} does not know {unknown} in {text!r}")
    if first:
        shortened = [LONG_NAME.sub(r"\1", field) for field in fields[DAY + 1 :]]
        fields = (*fields[: DAY + 1], shortened[0], WEEKDAY_NUMBER.sub(_from_sunday, shortened[1]))
    made = Cron(fields, zone_of(zone), first)
    try:
        next(made.after((datetime.now(timezone.utc) - EPOCH) // timedelta(microseconds=1)))
    except (CronSimError, ValueError, RuntimeError, StopIteration) as error:
        raise bad_request(f"cron: {str(error) or 'the expression never falls due'} in {text!r}") from None
    return made


def _is_unknown(field: str, first: bool) -> bool:
    """Whether a day is written as the version does not know it."""
    return bool(NEAREST.search(field) or (first and LAST_OR_NUMBERED.search(field)))


def _example(fields: tuple[str, ...]) -> str:
    """What somebody who wrote a crontab line meant."""
    if len(fields) != FIELDS - 1:
        return ""
    meant = " ".join(("0", *fields))
    return f" The 5-field crontab syntax is not accepted; prepend a seconds field, e.g. '{meant}'."


def _from_sunday(found: re.Match[str]) -> str:
    """A weekday of version 1 in those of version 2."""
    number = int(found[0])
    if not 1 <= number <= 7:
        raise bad_request(f"cron: weekday {number} is not between 1 (Sunday) and 7")
    return str(number - 1)


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name. Raises Failure 400."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise bad_request(f"failed to parse timezone {name!r}: give one like Europe/Paris or UTC") from None
