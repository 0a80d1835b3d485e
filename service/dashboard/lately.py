"""What was counted in a space in the last days, laid out by night and hour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from models.dates import day_and_month
from service.exports.week import HOURS, NOON, Cell, HeatMap
from service.exports.wording import Language, day_name
from service.usecases.findings.queries import VerdictView

NIGHTS = 14
MISSING, KNOWN_CAUSE = "missing", "known"


@dataclass(frozen=True)
class Lately:
    """Counts of a space.

    Parameters
    ----------
    nights
        Names of the rows: the days at whose noon they begin, oldest first.
    counted
        Presences by night and hour; framed are the anomalous hours.
    marks
        Of each cell: why there is no number, or why the number counts for nothing.
    """

    nights: list[str]
    counted: HeatMap
    marks: list[list[str]]


def first_noon(watermark: datetime, zone: ZoneInfo) -> datetime:
    """When the first of the nights up to the watermark begins."""
    last = _night(watermark - timedelta(seconds=1), zone)
    return datetime(last.year, last.month, last.day, NOON, tzinfo=zone) - timedelta(days=NIGHTS - 1)


def lately_in(verdicts: Iterable[VerdictView], watermark: datetime, zone: ZoneInfo, language: Language) -> Lately:
    """The last nights up to the watermark, from the verdicts of one space; an hour that autumn repeats is one cell."""
    first = _night(first_noon(watermark, zone), zone)
    counts: dict[Cell, float] = {}
    anomalous: set[Cell] = set()
    known: set[Cell] = set()
    for one in verdicts:
        cell = _cell(one.start, first, zone)
        counts[cell] = counts.get(cell, 0) + one.count
        if one.anomalous:
            anomalous.add(cell)
        if one.annotation:
            known.add(cell)
    end = _cell(watermark - timedelta(seconds=1), first, zone)
    cells = [[(row, column) for column in range(HOURS)] for row in range(NIGHTS)]
    return Lately(
        nights=[_name(first + timedelta(days=row), language) for row in range(NIGHTS)],
        counted=HeatMap([[round(counts.get(cell, 0)) for cell in row] for row in cells], frozenset(anomalous)),
        marks=[
            [KNOWN_CAUSE if cell in known else MISSING if cell not in counts and cell <= end else "" for cell in row]
            for row in cells
        ],
    )


def _night(time: datetime, zone: ZoneInfo) -> date:
    """The day on which a night begins, noon to noon by the clock on the wall."""
    return (time.astimezone(zone).replace(tzinfo=None) - timedelta(hours=NOON)).date()


def _cell(time: datetime, first: date, zone: ZoneInfo) -> Cell:
    return (_night(time, zone) - first).days, (time.astimezone(zone).hour - NOON) % HOURS


def _name(night: date, language: Language) -> str:
    return f"{day_name(night.weekday(), language)} {day_and_month(night, language)}"
