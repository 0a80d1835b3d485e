"""Why a place is on a hot-spot list, in one sentence for the police, Swedish and English."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from models.hotspots import CHRONIC, HotSpot

_WEEKDAYS_SV = ("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag")
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NO_BREAK = "\u00a0"
_EVERY_DAY = tuple(range(7))
_LEAST_CHANCE = 1e-6  # beyond this the tail of the scan's null is extrapolated, and nobody feels the difference


@dataclass(frozen=True)
class HotSpotReason:
    """The sentence in both languages."""

    sv: str
    en: str


def explain_hotspot(hotspot: HotSpot, days: int) -> HotSpotReason:
    """What was observed, what expected, on how many days of the period, and how rarely it comes by chance.

    Examples
    --------
    >>> hotspot = HotSpot(stairwell=0, series=0, kind="emerging", weekdays=(3, 4, 5), from_hour=22, to_hour=3,
    ...     observed=14, expected=1.93, days=5, score=1.5, p_value=0.03, significant=True, first_seen=0, last_seen=0)
    >>> explain_hotspot(hotspot, 14).sv
    'Torsdag–lördag kl. 22–03: 14 händelser på 5 av 14 dagar, väntat 1,9 här; av en slump på ungefär 1 plats av 30.'
    >>> explain_hotspot(hotspot, 14).en
    'Thursday to Saturday 22–03: 14 presences on 5 of 14 days, 1.9 expected here; by chance at about 1 place in 30.'
    """
    hours = f"{hotspot.from_hour:02d}–{hotspot.to_hour or 24:02d}"
    expected = f"{hotspot.expected:.2g}" if hotspot.expected < 10 else f"{hotspot.expected:.0f}"
    chronic = hotspot.kind == CHRONIC
    one = hotspot.observed == 1
    return HotSpotReason(
        sv=f"{_span(hotspot.weekdays, _WEEKDAYS_SV, '–', 'och', 'alla dagar').capitalize()} kl. {hours}: "
        f"{hotspot.observed} {'händelse' if one else 'händelser'} på {hotspot.days} av {days} dagar, "
        f"väntat {expected.replace('.', ',')} {'på liknande platser' if chronic else 'här'}; "
        f"av en slump på {_rarity(hotspot, 'ungefär', 'mindre än')} 1 plats av {_times(hotspot, _NO_BREAK)}.",
        en=f"{_span(hotspot.weekdays, _WEEKDAYS_EN, ' to ', 'and', 'Every day')} {hours}: "
        f"{hotspot.observed} {'presence' if one else 'presences'} on {hotspot.days} of {days} days, "
        f"{expected} expected {'at places like it' if chronic else 'here'}; "
        f"by chance at {_rarity(hotspot, 'about', 'less than')} 1 place in {_times(hotspot, ',')}.",
    )


def _span(weekdays: tuple[int, ...], names: tuple[str, ...], to: str, conjunction: str, every_day: str) -> str:
    """Weekdays as people say them: a run is named by its ends, and may pass the weekend."""
    if weekdays == _EVERY_DAY:
        return every_day
    start = next((day for day in weekdays if (day - 1) % 7 not in weekdays), weekdays[0])
    ordered = sorted(weekdays, key=lambda day: (day - start) % 7)
    words = [names[day] for day in ordered]
    if len(ordered) > 2 and all((after - before) % 7 == 1 for before, after in pairwise(ordered)):
        return f"{words[0]}{to}{words[-1]}"
    return f"{', '.join(words[:-1])} {conjunction} {words[-1]}" if len(words) > 1 else words[0]


def _rarity(hotspot: HotSpot, about: str, less_than: str) -> str:
    return less_than if hotspot.p_value < _LEAST_CHANCE else about


def _times(hotspot: HotSpot, separator: str) -> str:
    """One in how many, to one digit: nobody knows it better."""
    times = 1 / max(hotspot.p_value, _LEAST_CHANCE)
    return f"{int(float(f'{times:.1g}')):,}".replace(",", separator)
