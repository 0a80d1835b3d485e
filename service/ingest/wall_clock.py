"""Times as people write them: ISO 8601, with an offset or by the clock on the wall."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_YEARS = range(1678, 2262)  # those whose nanoseconds since 1970 all fit into an int64
_NO_FRACTION = re.compile(r"(?<!:\d\d:\d\d)(?<!\D\d{6})[.,]")
"""A sign of decimals that no second stands before: Python would read 10.30, half past ten in Swedish, as 10:00:00.3."""


def instants(text: str, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The instants a text can mean, in UTC, earliest first: one, or two in the hour that autumn repeats.

    Raises
    ------
    ValueError
        If it is not ISO 8601, beyond the calendar, or names a wall-clock time that spring leaves out.

    Examples
    --------
    >>> stockholm = ZoneInfo("Europe/Stockholm")
    >>> [time.isoformat() for time in instants("2026-10-25 02:30", stockholm)]
    ['2026-10-25T00:30:00+00:00', '2026-10-25T01:30:00+00:00']
    >>> instants("2026-03-29 02:30", stockholm)
    Traceback (most recent call last):
    ValueError: the time '2026-03-29 02:30' does not exist in Europe/Stockholm: the clock is put forward past it
    """
    try:
        time = datetime.fromisoformat("" if _NO_FRACTION.search(text) else text)
    except ValueError as error:
        raise ValueError(f"the time {text!r} is not ISO 8601; write it like 2026-11-22T18:00+01:00") from error
    try:
        meant = (time.astimezone(UTC),) if time.tzinfo else _on_the_wall(time, zone)
    except OverflowError:
        meant = ()
    if not meant or meant[0].year not in _YEARS:
        raise ValueError(f"the time {text!r} is beyond the calendar; years from {_YEARS[0]} to {_YEARS[-1]} are taken")
    return meant


def is_clock(text: str) -> bool:
    """Whether a text tells the clock alone, and no day."""
    return len(text.strip()) <= len("hh:mm:ss") and ":" in text


def _on_the_wall(time: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    readings = {time.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    existing = sorted(reading for reading in readings if reading.astimezone(zone).replace(tzinfo=None) == time)
    if not existing:
        raise ValueError(f"the time {str(time)[:16]!r} does not exist in {zone.key}: the clock is put forward past it")
    return tuple(existing)
