"""Why a verdict is anomalous, in one sentence that a caretaker understands, Swedish and English."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from models.numbers import in_language
from models.reasons import IN_SPACE, WEEKDAYS
from service.domain.places import Kind
from service.domain.reasons import Reason
from service.domain.verdicts import Verdict

_RARE = 0.01  # a count less likely than this is rare by itself; otherwise persistence made the window anomalous


def explain_verdict(verdict: Verdict, kind: Kind, timezone: str, window: timedelta) -> Reason:
    """Why a window is anomalous, on the wall clock of the town.

    Examples
    --------
    >>> verdict = Verdict(series=1, start=1794963600, version="0", count=3.0, expected=0.08, lower=0, upper=1,
    ...     p_value=1e-4, p_above=1e-5, score=9.0, episode_probability=0.97, tail=1e-6, evidence_weeks=9.0,
    ...     anomalous=True)
    >>> reason = explain_verdict(verdict, Kind.CELLAR, "Europe/Stockholm", timedelta(hours=1))
    >>> reason.sv
    '3 vistelser i källaren onsdag kl. 02:00–03:00 där 0,08 är normalt; så många är mycket ovanligt då.'
    >>> reason.en
    '3 presences in the cellar, Wednesday 02:00–03:00 where 0.08 are normal; so many are very rare then.'
    """
    start = datetime.fromtimestamp(verdict.start, ZoneInfo(timezone))
    day, hours = start.weekday(), f"{start:%H:%M}–{start + window:%H:%M}"
    rare = verdict.p_value < _RARE
    why_sv = "så många är mycket ovanligt då" if rare else "det fortsätter från timmarna före"
    why_en = "so many are very rare then" if rare else "it goes on from the hours before"
    expected = _expected(verdict.expected)
    return Reason(
        sv=f"{verdict.count:.0f} {'vistelse' if verdict.count == 1 else 'vistelser'} {IN_SPACE['sv'][kind]} "
        f"{WEEKDAYS['sv'][day]} kl. {hours} där {in_language(expected, 'sv')} är normalt; {why_sv}.",
        en=f"{verdict.count:.0f} {'presence' if verdict.count == 1 else 'presences'} {IN_SPACE['en'][kind]}, "
        f"{WEEKDAYS['en'][day]} {hours} where {expected} are normal; {why_en}.",
    )


def _expected(presences: float) -> str:
    """Two figures that matter below one, whole presences from ten on."""
    if presences < 1:
        return f"{max(presences, 0.01):.2g}"
    return f"{presences:.1f}" if presences < 10 else f"{presences:.0f}"
