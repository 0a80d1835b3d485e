"""Why a hot-spot is listed, in one sentence with its numbers."""

from __future__ import annotations

from collections.abc import Callable

from models.hotspots import CHRONIC, HotSpot

_LEAST_NAMED_CHANCE = 1e-6
_CHANCE_IS_LIKELY = 0.05
_DAYS = {
    "sv": ("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_EVERY_DAY = {"sv": "alla dagar", "en": "every day"}
_AND = {"sv": "och", "en": "and"}


def hotspot_reason(hotspot: HotSpot, language: str = "sv") -> str:
    """Say in Swedish (``sv``) or English (``en``) why a hot-spot is listed.

    Raises
    ------
    ValueError
        If the language is another.

    Examples
    --------
    >>> found = HotSpot(0, 0, "emerging", (3, 4, 5), 21, 1, 14, 2.13, 5, 4.2, 6.3e-5, True, 0, 0)
    >>> print(hotspot_reason(found, "en"))
    14 presences where 2.1 are normal, on 5 different days: Thursday, Friday and Saturday 21–01; chance 1 in 16,000.
    >>> print(hotspot_reason(found))
    14 vistelser där 2,1 är normalt, på 5 olika dagar: torsdag, fredag och lördag 21–01; slump 1 gång på 16 000.
    """
    sentences: dict[str, Callable[[HotSpot], str]] = {"sv": _swedish, "en": _english}
    if language not in sentences:
        raise ValueError(f"there are reasons in {' and '.join(sentences)}, not in {language!r}")
    return sentences[language](hotspot)


def block_text(hotspot: HotSpot, language: str = "sv") -> str:
    """Weekdays and hours to go."""
    return f"{_weekdays(hotspot.weekdays, language)} {hotspot.from_hour:02d}–{hotspot.to_hour:02d}"


def _swedish(hotspot: HotSpot) -> str:
    expected = _number(hotspot.expected).replace(".", ",")
    against = f"liknande utrymmen har {expected}" if hotspot.kind == CHRONIC else f"{expected} är normalt"
    return (
        f"{hotspot.observed} vistelser där {against}, på {hotspot.days} olika dagar: "
        f"{block_text(hotspot, 'sv')}; {_swedish_chance(hotspot.p_value)}."
    )


def _english(hotspot: HotSpot) -> str:
    expected = _number(hotspot.expected)
    against = f"similar spaces have {expected}" if hotspot.kind == CHRONIC else f"{expected} are normal"
    return (
        f"{hotspot.observed} presences where {against}, on {hotspot.days} different days: "
        f"{block_text(hotspot, 'en')}; {_english_chance(hotspot.p_value)}."
    )


def _swedish_chance(p_value: float) -> str:
    if p_value > _CHANCE_IS_LIKELY:
        return "kan vara en slump"
    if p_value < _LEAST_NAMED_CHANCE:
        return "slump mer sällan än 1 gång på en miljon"
    return f"slump 1 gång på {_round(1 / p_value).replace(',', ' ')}"


def _english_chance(p_value: float) -> str:
    if p_value > _CHANCE_IS_LIKELY:
        return "may be chance"
    if p_value < _LEAST_NAMED_CHANCE:
        return "chance less than 1 in a million"
    return f"chance 1 in {_round(1 / p_value)}"


def _number(value: float) -> str:
    return f"{value:.1f}" if value >= 0.1 else f"{value:.2f}"


def _round(value: float) -> str:
    """Two digits that matter, thousands set apart."""
    return f"{float(f'{value:.1e}'):,.0f}"


def _weekdays(weekdays: tuple[int, ...], language: str) -> str:
    if len(weekdays) == 7:
        return _EVERY_DAY[language]
    names = [_DAYS[language][day] for day in weekdays]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {_AND[language]} {names[-1]}"
