"""Why a verdict is anomalous, in one sentence that a caretaker understands, Swedish and English."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from service.domain.places import Kind
from service.domain.verdicts import Verdict

_SPACES_SV = {
    Kind.STAIRWELL: "trapphuset",
    Kind.CELLAR: "källaren",
    Kind.ATTIC: "vinden",
    Kind.ENTRANCE: "entrén",
    Kind.LAUNDRY: "tvättstugan",
    Kind.GARAGE: "garaget",
    Kind.OTHER: "utrymmet",
}
_SPACES_EN = {kind: f"the {kind}" if kind is not Kind.OTHER else "the space" for kind in Kind}
_WEEKDAYS_SV = ("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag")
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_RARE = 0.01


def explain_sv(verdict: Verdict, kind: Kind, start: datetime, window: timedelta) -> str:
    """The reason in Swedish; ``start`` is local.

    Examples
    --------
    >>> from datetime import timezone
    >>> verdict = Verdict(series=1, start=0, version="0", count=3.0, expected=0.08, lower=0, upper=1, p_value=1e-4,
    ...     p_above=1e-5, score=9.0, episode_probability=0.97, tail=1e-6, evidence_weeks=9, anomalous=True)
    >>> start = datetime(2026, 11, 19, 2, tzinfo=timezone.utc)
    >>> explain_sv(verdict, Kind.CELLAR, start, timedelta(hours=1))
    '3 händelser i källaren torsdag kl. 02:00–03:00, väntat 0,08; så många är mycket ovanligt för timmen.'
    """
    count = f"{verdict.count:g} {'händelse' if verdict.count == 1 else 'händelser'}"
    when = f"{_WEEKDAYS_SV[start.weekday()]} kl. {_span(start, window)}"
    expected = _expected(verdict).replace(".", ",")
    why = (
        "så många är mycket ovanligt för timmen"
        if verdict.p_value < _RARE
        else "fönstren före hör till samma avvikelse, som håller i sig"
    )
    return f"{count} i {_SPACES_SV[kind]} {when}, väntat {expected}; {why}.".replace("i vinden", "på vinden")


def explain_en(verdict: Verdict, kind: Kind, start: datetime, window: timedelta) -> str:
    """The reason in English; ``start`` is local.

    Examples
    --------
    >>> from datetime import timezone
    >>> verdict = Verdict(series=1, start=0, version="0", count=1.0, expected=0.4, lower=0, upper=2, p_value=0.3,
    ...     p_above=0.05, score=9.0, episode_probability=0.97, tail=1e-6, evidence_weeks=9, anomalous=True)
    >>> start = datetime(2026, 11, 19, 23, tzinfo=timezone.utc)
    >>> explain_en(verdict, Kind.ATTIC, start, timedelta(hours=1))
    '1 presence in the attic, Thursday 23:00–00:00, expected 0.4; it goes on from the windows before.'
    """
    count = f"{verdict.count:g} {'presence' if verdict.count == 1 else 'presences'}"
    when = f"{_WEEKDAYS_EN[start.weekday()]} {_span(start, window)}"
    why = "so many are very rare at this hour" if verdict.p_value < _RARE else "it goes on from the windows before"
    return f"{count} in {_SPACES_EN[kind]}, {when}, expected {_expected(verdict)}; {why}."


def local_start(verdict: Verdict, timezone: str) -> datetime:
    """Start of the verdict's window on the wall clock of the town."""
    return datetime.fromtimestamp(verdict.start, ZoneInfo(timezone))


def _span(start: datetime, window: timedelta) -> str:
    return f"{start:%H:%M}–{start + window:%H:%M}"


def _expected(verdict: Verdict) -> str:
    return f"{verdict.expected:.2g}"
