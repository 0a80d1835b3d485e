"""Before and after: what changed in a stairwell at a date, against the tenant's stairwells like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from models.calendar import HOLIDAY, SECONDS_PER_WEEK, Calendar
from models.change_reasons import effect_reason
from models.effect import FEWEST_PLACEBOS, FEWEST_PRESENCES, StairwellWeeks, count_weeks, effect
from models.kinds import kind_number
from service.domain.places import Series, Stairwell
from service.domain.reasons import Reason
from service.domain.times import utc_text
from service.errors import TooLittleData
from service.ports import Ports
from service.usecases.learning.marks import marks_of
from service.usecases.learning.rosters import calendar_of, days_of_areas
from service.usecases.learning.scoring import count_matrix, window_starts
from service.usecases.learning.shards import manifest_in_force
from service.usecases.retention.kept import verdicts_since

DEFAULT_WEEKS = 8
FEWEST_WEEKS, MOST_WEEKS = 2, 26
_MOST_STAIRWELLS = 200  # that could be compared with; evenly among all where there are more
_ENOUGH_ALIKE = 40  # stairwells with the same kinds of space, with which no others are needed
_EPOCH = date(1970, 1, 1)


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Whole weeks from one local date to another, half-open; what is left out does not count.

    Spaces that were heard less than half of the time before the date, or after it, are not compared.
    """

    start: date
    end: date
    weeks: int
    presences: int
    hours_heard: Annotated[float, Meta(description="Summed over the spaces that are compared.")]


class BeforeAfter(msgspec.Struct, frozen=True, kw_only=True):
    """How a stairwell changed at a date, beside stairwells where nothing is known to have been done."""

    stairwell: str
    date: date
    timezone: str
    before: Period
    after: Period
    ratio: Annotated[
        float, Meta(description="Presences after the date, per presence had it gone as at the stairwells compared.")
    ]
    low: Annotated[float, Meta(description="Lower end of the interval of the ratio.")]
    high: Annotated[float, Meta(description="Upper end of it.")]
    confidence: Annotated[float, Meta(description="How often such an interval holds the true ratio.")]
    p_value: Annotated[
        float, Meta(description="Share of stairwells that changed as much for their size, with nothing done there.")
    ]
    compared: Annotated[list[str], Meta(description="Stairwells it is held against, those most like it first.")]
    placebos: Annotated[int, Meta(description="Stairwells that the interval is read off.")]
    reason: Reason


@dataclass(frozen=True)
class _Span:
    """The weeks around a date in local time; the first week after it is 0."""

    calendar: Calendar
    day: date
    before: int
    after: int

    @property
    def starts(self) -> NDArray[np.int64]:
        return window_starts(self.second(-self.before), self.second(self.after), self.calendar.window_seconds)

    def second(self, week: int) -> int:
        """When a week begins, seconds UTC, on the window grid."""
        midnight = datetime.combine(self.day + timedelta(weeks=week), time(), ZoneInfo(self.calendar.timezone))
        return int(midnight.timestamp()) // self.calendar.window_seconds * self.calendar.window_seconds

    def weeks_of(self, starts: NDArray[np.int64]) -> NDArray[np.int64]:
        """The week of each window, counted from the first one before."""
        days = self.calendar.local_days(starts) - (self.day - _EPOCH).days
        return np.clip(days // 7 + self.before, 0, self.before + self.after - 1)

    def period(self, weeks: tuple[int, int], presences: float, hours_heard: float) -> Period:
        first, end = weeks
        return Period(
            start=self.day + timedelta(weeks=first),
            end=self.day + timedelta(weeks=end),
            weeks=end - first,
            presences=round(presences),
            hours_heard=float(hours_heard),
        )


def before_after(
    ports: Ports,
    tenant: str,
    stairwell: str,
    day: date,
    *,
    weeks_before: int = DEFAULT_WEEKS,
    weeks_after: int = DEFAULT_WEEKS,
) -> BeforeAfter:
    """Hold the weeks after a date against those before, and both against other stairwells of the tenant.

    Those are of other buildings, which what was done does not concern, of the same kinds of space where there are
    enough, and most like it week by week before the date. Windows with a known cause, holidays and what was not heard
    are left out.

    Parameters
    ----------
    ports
        Verdicts, places and annotations.
    tenant, stairwell
        Where something was done.
    day
        When; a local date, the first day after.
    weeks_before, weeks_after
        Most weeks to look at; as many of them as are scored, :data:`FEWEST_WEEKS` at least.

    Raises
    ------
    NotFound
        If there is no such stairwell.
    Conflict
        If nothing has been scored yet.
    TooLittleData
        If too few weeks are scored, too little was heard or happened, or there is too little to compare with.
    VersionRefused
        If the champion's files are incomplete, altered or another Trappvakt's.
    """
    here = ports.register.stairwell(tenant, stairwell)
    span = _span(ports, day, weeks_before, weeks_after)
    names = sorted(_alike(here, ports.register.stairwells(tenant)))
    series = [one for one in ports.register.series(tenant) if one.stairwell in set(names)]
    places = np.searchsorted(names, [one.stairwell for one in series])
    row, starts = names.index(stairwell), span.starts
    counts = _counts(ports, span.calendar, series, starts)
    weeks = count_weeks(
        counts,
        span.calendar.slots_of(starts).astype(np.int64),
        span.weeks_of(starts),
        np.array([kind_number(one.kind) for one in series]),
        places,
        weeks_before=span.before,
    )
    chosen = _comparable(weeks, row, stairwell)
    found = effect(weeks.select(chosen), int(np.searchsorted(chosen, row)))
    presences, hours = weeks.observed[row], weeks.heard[row] * span.calendar.window_minutes / 60
    numbers = (found.ratio, found.low, found.high, found.confidence, day)
    return BeforeAfter(
        stairwell=stairwell,
        date=day,
        timezone=span.calendar.timezone,
        before=span.period((-span.before, 0), presences[~weeks.after].sum(), hours[~weeks.after].sum()),
        after=span.period((0, span.after), presences[weeks.after].sum(), hours[weeks.after].sum()),
        ratio=found.ratio,
        low=found.low,
        high=found.high,
        confidence=found.confidence,
        p_value=found.p_value,
        compared=[names[chosen[one]] for one in found.compared],
        placebos=found.placebos,
        reason=Reason(sv=effect_reason(*numbers, "sv"), en=effect_reason(*numbers, "en")),
    )


def _span(ports: Ports, day: date, before: int, after: int) -> _Span:
    """As many of the weeks as are scored."""
    manifest = manifest_in_force(ports, "comparing")
    calendar = calendar_of(ports, ports.registry.load(manifest.version))
    whole = _Span(calendar, day, before, after)
    kept = verdicts_since(ports)
    since = max(manifest.origin, kept or manifest.origin)
    scored_before = sum(since <= whole.second(-week - 1) < manifest.watermark for week in range(before))
    scored_after = sum(whole.second(week + 1) <= manifest.watermark for week in range(after))
    if min(scored_before, scored_after) < FEWEST_WEEKS:
        raise TooLittleData(
            f"{scored_before} whole weeks before {day} and {scored_after} after it are scored; a comparison takes "
            f"{FEWEST_WEEKS} of each" + (f", and what is older than {utc_text(kept)} is deleted" if kept else "")
        )
    return _Span(calendar, day, scored_before, scored_after)


def _alike(here: Stairwell, everybody: Sequence[Stairwell]) -> list[str]:
    """The stairwell and those of other buildings, with the same kinds of space where there are enough."""
    others = [one for one in everybody if one.building.building != here.building.building]
    same = [one for one in others if _kinds(one) == _kinds(here)]
    others = same if len(same) >= _ENOUGH_ALIKE else others
    spread = np.unique(np.linspace(0, len(others) - 1, min(len(others), _MOST_STAIRWELLS)).astype(int))
    return [here.stairwell, *(others[place].stairwell for place in spread)]


def _kinds(stairwell: Stairwell) -> set[str]:
    return {space.kind for space in stairwell.spaces}


def _counts(
    ports: Ports, calendar: Calendar, series: Sequence[Series], starts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Counts of each window and series, NaN where missing, annotated, or on a holiday; read a week at a time."""
    numbers, step = np.array([one.number for one in series], dtype=np.int64), calendar.window_seconds
    per_week = SECONDS_PER_WEEK // step
    parts = [starts[begin : begin + per_week] for begin in range(0, len(starts), per_week)]
    counts = np.concatenate(
        [
            count_matrix(ports.verdicts.judged(numbers, int(part[0]), int(part[-1]) + step), part, numbers, step)
            for part in parts
        ]
    )
    if marks := marks_of(ports, numbers, starts):
        counts[marks.left_out] = np.nan
    counts[calendar.slots_of(starts) // calendar.windows_per_day == HOLIDAY] = np.nan
    for name, days in days_of_areas(ports.settings).items():
        there = [(one.tenant, one.area) == name for one in series]
        counts[np.outer(calendar.on_days(days, starts), there)] = np.nan
    return counts


def _comparable(weeks: StairwellWeeks, row: int, stairwell: str) -> NDArray[np.int64]:
    """The rows that are compared, the stairwell among them."""
    chosen = np.flatnonzero(weeks.comparable)
    if row not in chosen:
        raise TooLittleData(
            f"of {stairwell!r} {weeks.observed[row].sum():.0f} presences are known in spaces that were heard at least "
            f"half of the time both before and after the date; a comparison takes {FEWEST_PRESENCES}"
        )
    if len(chosen) - 1 < FEWEST_PLACEBOS:
        raise TooLittleData(
            f"{len(chosen) - 1} stairwells in other buildings were heard both before and after the date; a "
            f"comparison takes {FEWEST_PLACEBOS}"
        )
    return chosen
