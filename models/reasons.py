"""Why a hot-spot is listed and an episode told, in one sentence with the numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from models.hotspots.hotspot import CHRONIC, HotSpot
from models.numbers import in_language, plain_number

_LEAST_NAMED_CHANCE = 1e-6
_CHANCE_IS_LIKELY = 0.05
WEEKDAYS = {
    "sv": ("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_EVERY_DAY = {"sv": "alla dagar", "en": "every day"}
_AND = {"sv": "och", "en": "and"}
IN_SPACE = {
    "sv": {
        "stairwell": "i trapphuset",
        "cellar": "i källaren",
        "attic": "på vinden",
        "entrance": "i entrén",
        "laundry": "i tvättstugan",
        "garage": "i garaget",
        "other": "i utrymmet",
    },
    "en": {
        "stairwell": "in the stairwell",
        "cellar": "in the cellar",
        "attic": "in the attic",
        "entrance": "in the entrance",
        "laundry": "in the laundry",
        "garage": "in the garage",
        "other": "in the space",
    },
}
_TOWN_OUT = {
    "sv": ". Det var ovanligt mycket på gång i hela beståndet då.",
    "en": ". The whole town was out at that time.",
}
_UNITS = {
    "sv": (("timme", "timmar"), ("minut", "minuter")),
    "en": (("hour", "hours"), ("minute", "minutes")),
}
_FEWEST_WEEKS = 1.5  # that are told in numbers: fewer round to one
_WEEKS_PER_YEAR = 365.2425 / 7


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
    >>> print(hotspot_reason(found).replace("\N{NO-BREAK SPACE}", "~"))
    14 vistelser där 2,1 är normalt, på 5 olika dagar: torsdag, fredag och lördag 21–01; slump 1 gång på 16~000.
    """
    sentences: dict[str, Callable[[HotSpot], str]] = {"sv": _swedish, "en": _english}
    if language not in sentences:
        raise ValueError(f"there are reasons in {' and '.join(sentences)}, not in {language!r}")
    return sentences[language](hotspot)


def block_text(hotspot: HotSpot, language: str = "sv") -> str:
    """Weekdays and hours to go."""
    return f"{_weekdays(hotspot.weekdays, language)} {hotspot.from_hour:02d}–{hotspot.to_hour:02d}"


def _swedish(hotspot: HotSpot) -> str:
    expected = plain_number(hotspot.expected, "sv")
    against = f"liknande utrymmen har {expected}" if hotspot.kind == CHRONIC else f"{expected} är normalt"
    return (
        f"{hotspot.observed} vistelser där {against}, på {hotspot.days} olika dagar: "
        f"{block_text(hotspot, 'sv')}; {_swedish_chance(hotspot.p_value)}."
    )


def _english(hotspot: HotSpot) -> str:
    expected = plain_number(hotspot.expected, "en")
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
    return f"slump 1 gång på {in_language(_round(1 / p_value), 'sv')}"


def _english_chance(p_value: float) -> str:
    if p_value > _CHANCE_IS_LIKELY:
        return "may be chance"
    if p_value < _LEAST_NAMED_CHANCE:
        return "chance less than 1 in a million"
    return f"chance 1 in {_round(1 / p_value)}"


def _round(value: float) -> str:
    """Two digits that matter, thousands set apart."""
    return f"{float(f'{value:.1e}'):,.0f}"


def _weekdays(weekdays: tuple[int, ...], language: str) -> str:
    if len(weekdays) == 7:
        return _EVERY_DAY[language]
    names = [WEEKDAYS[language][day] for day in weekdays]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {_AND[language]} {names[-1]}"


def episode_reason(  # noqa: PLR0917 - in the order of the sentence
    observed: float,
    kind: str,
    hours: float,
    began: datetime,
    nights: int,
    expected: float,
    rate_per_week: float,
    language: str = "sv",
    *,
    common_cause: bool = False,
) -> str:
    """Say in Swedish (``sv``) or English (``en``) what an episode is and how rare.

    Parameters
    ----------
    observed
        Presences over the episode.
    kind
        Of the space, one of `models.kinds.KINDS`.
    hours
        Length of the episode.
    began
        Its start, local time.
    nights
        How many nights it touches; a night is that of the day it starts.
    expected
        Presences that are normal over its windows.
    rate_per_week
        Episodes like it that a series has in a week when nothing is on: the calibrated tail of its score.
    language
        ``sv`` or ``en``.
    common_cause
        Whether the whole town was out.

    Examples
    --------
    >>> episode = (9.0, "cellar", 5.0, datetime(2026, 11, 20, 21), 1, 0.42, 0.0005)
    >>> print(episode_reason(*episode, "en"))
    9 presences in the cellar in 5 hours from Friday 21:00, where 0.4 are normal; by chance once in 38 years.
    >>> print(episode_reason(*episode))
    9 vistelser i källaren under 5 timmar från fredag kl. 21:00, där 0,4 är normalt; av en slump en gång på 38 år.
    >>> print(episode_reason(*episode, "en", common_cause=True).split(";")[1])
     by chance once in 38 years. The whole town was out at that time.
    """
    seldom = _seldom(rate_per_week, language) + (_TOWN_OUT[language] if common_cause else ".")
    day, clock, length = WEEKDAYS[language][began.weekday()], f"{began:%H:%M}", _length(hours, language)
    if language == "sv":
        presences = f"{observed:.0f} {'vistelse' if observed == 1 else 'vistelser'} {IN_SPACE['sv'][kind]}"
        over = f" ({nights} nätter)" if nights > 1 else ""
        normal = plain_number(expected, "sv")
        return f"{presences} under {length}{over} från {day} kl. {clock}, där {normal} är normalt; {seldom}"
    presences = f"{observed:.0f} {'presence' if observed == 1 else 'presences'} {IN_SPACE['en'][kind]}"
    over = f" ({nights} nights)" if nights > 1 else ""
    are = plain_number(expected, "en")
    return f"{presences} in {length}{over} from {day} {clock}, where {are} are normal; {seldom}"


def _length(hours: float, language: str) -> str:
    """Hours and minutes, since windows may be short.

    Examples
    --------
    >>> _length(1.0, "sv"), _length(1 / 12, "sv"), _length(1 + 1 / 60, "en")
    ('1 timme', '5 minuter', '1 hour and 1 minute')
    """
    parts = zip(divmod(round(60 * hours), 60), _UNITS[language], strict=True)
    told = [f"{number} {one if number == 1 else several}" for number, (one, several) in parts if number]
    return f" {_AND[language]} ".join(told)


def _seldom(rate_per_week: float, language: str) -> str:
    """How often chance alone brings it; a large budget of alarms lets in what it brings every week.

    Examples
    --------
    >>> _seldom(0.004, "sv"), _seldom(0.8, "en")
    ('av en slump en gång på 5 år', 'by chance about every week or more often')
    """
    weeks = 1 / max(rate_per_week, 1e-12)
    if weeks < _FEWEST_WEEKS:
        often = {"sv": "av en slump ungefär varje vecka eller oftare", "en": "by chance about every week or more often"}
        return often[language]
    years = weeks / _WEEKS_PER_YEAR
    if years >= 1000:
        seldom = {
            "sv": "av en slump mer sällan än en gång på tusen år",
            "en": "by chance less than once in a thousand years",
        }
        return seldom[language]
    number, unit = (years, ("år", "years")) if years >= 2 else (weeks, ("veckor", "weeks"))
    if language == "sv":
        return f"av en slump en gång på {in_language(_round(number), 'sv')} {unit[0]}"
    return f"by chance once in {_round(number)} {unit[1]}"
