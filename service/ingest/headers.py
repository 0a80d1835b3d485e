"""What columns and kinds of space are called in tables that people keep, in Swedish and English."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from service.domain.places import Kind

HEADERS: Mapping[str, tuple[str, ...]] = {
    "start": ("start", "starttid", "starttidpunkt", "start time", "time", "tidpunkt", "från"),
    "date": ("datum", "date"),
    "clock": ("tid", "klockslag", "kl", "clock"),
    "end": ("slut", "sluttid", "end", "end time", "till"),
    "minutes": ("varaktighet", "varaktighet (min)", "längd (min)", "minuter", "minutes", "duration", "duration (min)"),
    "seconds": ("varaktighet (s)", "varaktighet (sek)", "sekunder", "seconds", "duration (s)", "duration_seconds"),
    "count": ("antal", "count"),
    "stairwell": ("trapphus", "uppgång", "trappuppgång", "stairwell"),
    "space": ("utrymme", "space"),
    "kind": ("typ", "kind"),
    "sensor": ("sensor", "sensor-id", "sensor id", "givare", "enhet", "device"),
}
"""What columns are called; capitals do not matter."""

_KINDS = {
    "trapphus": Kind.STAIRWELL,
    "källare": Kind.CELLAR,
    "vind": Kind.ATTIC,
    "entré": Kind.ENTRANCE,
    "tvättstuga": Kind.LAUNDRY,
    "garage": Kind.GARAGE,
    "övrigt": Kind.OTHER,
}


def meanings(wanted: Collection[str]) -> dict[str, str]:
    """What each name of a column means, of the meanings wanted."""
    return {name: meaning for meaning in wanted for name in HEADERS[meaning]}


def kind_as_written(text: str) -> str:
    """The kind that a word means in Swedish; any other word as it is.

    Examples
    --------
    >>> str(kind_as_written("Källare")), kind_as_written("cellar")
    ('cellar', 'cellar')
    """
    return _KINDS.get(text.lower(), text)
