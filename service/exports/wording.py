"""The words of an exported list in Swedish and English."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import groupby

from models.numbers import per_cent, plain_number, whole_per_cent
from service.domain.hotspots import Block, Change, HotspotEntry, Trend
from service.domain.places import UNKNOWN

_EN_DASH = "–"
_SHORTEST_RUN = 3  # days in a row that are told as first to last


class Language(StrEnum):
    """What people read a list in; Swedish where nobody asks for English."""

    SV = "sv"
    EN = "en"


_DAYS = {
    "sv": ("mån", "tis", "ons", "tor", "fre", "lör", "sön"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_SPACES = {
    "sv": {
        "stairwell": "trapphus",
        "cellar": "källare",
        "attic": "vind",
        "entrance": "entré",
        "laundry": "tvättstuga",
        "garage": "garage",
        "other": "övrigt",
    },
    "en": {"other": "other space"},
}
_TRENDS = {
    "sv": {Trend.RISING: "ökar", Trend.STEADY: "oförändrat", Trend.FALLING: "minskar"},
    "en": {Trend.RISING: "rising", Trend.STEADY: "steady", Trend.FALLING: "falling"},
}
_CHANGES = {
    "sv": {Change.NEW: "ny", Change.UP: "▲ från {}", Change.DOWN: "▼ från {}", Change.SAME: "samma"},
    "en": {Change.NEW: "new", Change.UP: "▲ from {}", Change.DOWN: "▼ from {}", Change.SAME: "same"},
}
_KINDS = {
    "sv": {"emerging": "nytt: över platsens eget normala", "chronic": "ihållande: över liknande platser"},
    "en": {"emerging": "emerging: above its own normal", "chronic": "chronic: above places like it"},
}


def day_name(weekday: int, language: Language) -> str:
    """Short name of a weekday, counted from Monday 0."""
    return _DAYS[language][weekday % 7]


def weekdays_text(weekdays: Sequence[int], language: Language) -> str:
    """Weekdays in few words; three and more in a row are told as first to last.

    Examples
    --------
    >>> weekdays_text([0, 3, 4, 5], Language.EN), weekdays_text([4, 5], Language.SV)
    ('Mon, Thu–Sat', 'fre, lör')
    """
    if len(weekdays) == len(_DAYS[language]):
        return {"sv": "alla dagar", "en": "every day"}[language]
    return ", ".join(_runs(sorted(weekdays), language))


def _runs(weekdays: Sequence[int], language: Language) -> Iterator[str]:
    for _, numbered in groupby(enumerate(weekdays), key=lambda one: one[1] - one[0]):
        run = [day_name(day, language) for _, day in numbered]
        yield f"{run[0]}{_EN_DASH}{run[-1]}" if len(run) >= _SHORTEST_RUN else ", ".join(run)


def hours_text(block: Block) -> str:
    """Local hours from and to, such as ``22–03``."""
    return f"{block.from_hour:02d}{_EN_DASH}{block.to_hour:02d}"


def when_text(block: Block, language: Language) -> str:
    """Weekdays and hours to go."""
    return f"{weekdays_text(block.weekdays, language)} {hours_text(block)}"


def space_text(block: Block, language: Language) -> str:
    """The kind of a space, and its name where that says something else.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> then = datetime(2026, 11, 6, tzinfo=UTC)
    >>> block = dict(kind="chronic", weekdays=[3], from_hour=22, to_hour=3, observed=9, expected=1.5, days=3,
    ...              first_seen=then, last_seen=then)
    >>> space_text(Block(space="cellar", space_kind="cellar", **block), Language.SV)
    'källare'
    >>> space_text(Block(space="K2", space_kind="cellar", **block), Language.EN)
    'cellar (K2)'
    """
    return space_name(block.space, block.space_kind, language)


def space_name(space: str, kind: str, language: Language) -> str:
    """As :func:`space_text`, of a space and its kind."""
    named = _SPACES[language].get(kind, kind)
    return named if space in (kind, named) else f"{named} ({space})"


def rank_text(entry: HotspotEntry) -> str:
    """The rank; in brackets where the entry is just below what is certain."""
    return f"{entry.rank}." if entry.significant else f"({entry.rank})"


def change_text(entry: HotspotEntry, language: Language) -> str:
    """What became of an entry since the list before."""
    return _CHANGES[language][entry.change].format(entry.previous_rank)


def trend_text(entry: HotspotEntry, language: Language) -> str:
    """Whether presences rise or fall; empty where that is not known."""
    return _TRENDS[language][entry.trend] if entry.trend else ""


def kind_text(block: Block, language: Language) -> str:
    """What a block is held against."""
    return _KINDS[language].get(block.kind, block.kind)


def area_text(area: str, language: Language) -> str:
    """An area as people call it; places that nobody has registered lie in one without a name.

    Examples
    --------
    >>> area_text("Norra", Language.SV), area_text("unknown", Language.SV), area_text("unknown", Language.EN)
    ('Norra', 'okänt område', 'unknown area')
    """
    return {"sv": "okänt område", "en": "unknown area"}[language] if area == UNKNOWN else area


def building_text(building: str, language: Language) -> str:
    """A building as people call it, as :func:`area_text` does areas."""
    return {"sv": "okänd byggnad", "en": "unknown building"}[language] if building == UNKNOWN else building


def reason_text(entry: HotspotEntry, language: Language) -> str:
    """Why the entry is listed."""
    return {"sv": entry.reason_sv, "en": entry.reason_en}[language]


def number_text(value: float, language: Language) -> str:
    """A count as it is, another number as in reasons, with the decimal sign of the language.

    Examples
    --------
    >>> number_text(14, Language.SV), number_text(1.94, Language.SV), number_text(1.0, Language.EN)
    ('14', '1,9', '1.0')
    """
    return str(value) if isinstance(value, int) else plain_number(value, language)


def percent_text(share: float | None, language: Language) -> str:
    """A share in whole per cent, rounded down lest 99.9 become all; a dash where it is not known."""
    return _EN_DASH if share is None else per_cent(f"{whole_per_cent(share)}", language)
