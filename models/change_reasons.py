"""What is said of a change, in one sentence with the numbers: of a level that shifted, and since a date."""

from __future__ import annotations

from datetime import date

from models.dates import date_text
from models.numbers import in_language, per_cent, plain_number
from models.reasons import IN_SPACE


def level_shift_reason(ratio: float, kind: str, learnt: date, language: str = "sv") -> str:
    """Say in Swedish (``sv``) or English (``en``) that the level of a space shifted.

    Parameters
    ----------
    ratio
        Presences now per presence before.
    kind
        Of the space, one of `models.kinds.KINDS`.
    learnt
        Local date of the window in which the shift was accepted as the new normal.
    language
        ``sv`` or ``en``.

    Examples
    --------
    >>> print(level_shift_reason(2.13, "cellar", date(2026, 11, 20), "en"))
    The level in the cellar rose to 2.1 times what was expected; learnt on 20 Nov 2026.
    >>> print(level_shift_reason(0.4, "attic", date(2026, 11, 20)))
    Nivån på vinden sjönk till 0,4 gånger den väntade; inlärt den 20 nov. 2026.
    """
    times, day = plain_number(ratio, language), date_text(learnt, language)
    if language == "sv":
        moved = "steg" if ratio > 1 else "sjönk"
        return f"Nivån {IN_SPACE['sv'][kind]} {moved} till {times} gånger den väntade; inlärt den {day}."
    moved = "rose" if ratio > 1 else "fell"
    return f"The level {IN_SPACE['en'][kind]} {moved} to {times} times what was expected; learnt on {day}."


def effect_reason(  # noqa: PLR0917 - in the order of the sentence
    ratio: float, low: float, high: float, confidence: float, day: date, language: str = "sv"
) -> str:
    """Say in Swedish (``sv``) or English (``en``) how presences changed at a date, and whether that may be chance.

    Parameters
    ----------
    ratio, low, high
        Presences after the date per presence that was to be expected, and the ends of its interval.
    confidence
        Of the interval.
    day
        The date.
    language
        ``sv`` or ``en``.

    Examples
    --------
    >>> print(effect_reason(0.52, 0.31, 0.8, 0.9, date(2026, 6, 1), "en"))
    Fewer presences: from 1 June 2026 on 0.52 times as many as expected (90% sure: 0.31–0.80).
    >>> print(effect_reason(1.2, 0.7, 2.1, 0.9, date(2026, 6, 1)).replace("\N{NO-BREAK SPACE}", "~"))
    Ingen säker skillnad: från den 1 juni 2026 1,20 gånger så många vistelser som väntat (90~% säkert: 0,70–2,10).
    """
    words = {
        "sv": ("Färre vistelser", "Fler vistelser", "Ingen säker skillnad"),
        "en": ("Fewer presences", "More presences", "No sure change"),
    }[language]
    verdict = words[0] if high < 1 else words[1] if low > 1 else words[2]
    presences = {"sv": "vistelser ", "en": "presences "}[language] if verdict == words[2] else ""
    times, least, most = (in_language(f"{number:.2f}", language) for number in (ratio, low, high))
    since = date_text(day, language)
    sure = per_cent(f"{100 * confidence:.0f}", language)
    if language == "sv":
        many = f"{times} gånger så många {presences}som väntat"
        return f"{verdict}: från den {since} {many} ({sure} säkert: {least}–{most})."
    return f"{verdict}: from {since} on {times} times as many {presences}as expected ({sure} sure: {least}–{most})."
