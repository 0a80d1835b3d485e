"""Days and times as people are told them, on pages, in sentences and in letters; Swedish (``sv``), English (``en``)."""

from __future__ import annotations

from datetime import date, datetime

_MONTHS = {
    "sv": ("jan.", "feb.", "mars", "april", "maj", "juni", "juli", "aug.", "sep.", "okt.", "nov.", "dec."),
    "en": ("Jan", "Feb", "March", "April", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec"),
}
_AT = {"sv": "kl.", "en": "at"}


def day_and_month(day: date, language: str) -> str:
    """A local day without its year, such as ``19 nov.``."""
    return f"{day.day} {_MONTHS[language][day.month - 1]}"


def date_text(day: date, language: str) -> str:
    """A local day, such as ``19 nov. 2026``."""
    return f"{day_and_month(day, language)} {day.year}"


def clock_text(time: datetime, language: str) -> str:
    """A local day and time of day.

    Examples
    --------
    >>> clock_text(datetime(2026, 10, 17, 8), "sv"), clock_text(datetime(2026, 10, 17, 8), "en")
    ('17 okt. 2026 kl. 08:00', '17 Oct 2026 at 08:00')
    """
    return f"{date_text(time, language)} {_AT[language]} {time:%H:%M}"
