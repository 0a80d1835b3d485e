"""What is said of a list as a whole, before and after its entries."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from models.dates import clock_text, date_text
from models.numbers import whole_number
from service.domain.hotspots import HotspotList
from service.exports.wording import Language, area_text

_SHIPPED = "0"  # the version in models.shipped, which takes longer to import than all of this
_UTC = "UTC"  # of lists that were made before they told their zone


def local_time(listed: HotspotList, time: datetime) -> datetime:
    """A time as the list's readers tell it."""
    return time.astimezone(zone_of(listed))


def zone_of(listed: HotspotList) -> ZoneInfo:
    """The zone that the list's hours are told in."""
    return ZoneInfo(listed.timezone or _UTC)


def owner_text(listed: HotspotList, language: Language) -> str:
    """Whose list it is: the company and the area, or the companies of a joint list."""
    tenants = sorted({source.tenant for source in listed.sources})
    owner = ", ".join(tenants) or listed.tenant
    return f"{owner}, {area_text(listed.area, language)}" if listed.area else owner


def is_joint(listed: HotspotList) -> bool:
    """Whether the list is made of several companies' lists, so that each entry tells whose it is."""
    return bool(listed.sources)


def title(listed: HotspotList, language: Language, *, draft: bool = False) -> str:
    """What it is, by its running number, and whose; a draft says so first."""
    name = {"sv": "Hotspotlista", "en": "Hot-spot list"}[language]
    unapproved = {"sv": "UTKAST, ej godkänt · ", "en": "DRAFT, not approved · "}[language] if draft else ""
    return f"{unapproved}{name} {listed.number or listed.list_id} · {owner_text(listed, language)}"


def headline(listed: HotspotList, language: Language, *, draft: bool = False) -> str:
    """The first line: what and whose, and :func:`origin`."""
    return f"{title(listed, language, draft=draft)} · {origin(listed, language)}"


def origin(listed: HotspotList, language: Language) -> str:
    """When it was made, by which model, and of how many places nothing is known."""
    unknown = {"sv": "okända trapphus: {} av {}", "en": "{} of {} stairwells unknown"}[language]
    places = (whole_number(number, language) for number in (listed.unknown_places, listed.places))
    told = [clock_text(local_time(listed, listed.made), language), _model(listed, language), unknown.format(*places)]
    return " · ".join(filter(None, told))


def _model(listed: HotspotList, language: Language) -> str:
    """Which model judged, in words; its number is in the JSON. Empty of several, and where no list said it yet."""
    if listed.version == _SHIPPED:
        return {"sv": "modellen som följer med Trappvakt", "en": "the model that ships with Trappvakt"}[language]
    if listed.retrained is None:
        return ""
    retrained = {"sv": "modell omtränad", "en": "model retrained"}[language]
    return f"{retrained} {date_text(local_time(listed, listed.retrained), language)}"


def notes(listed: HotspotList, language: Language) -> list[str]:
    """How to read the list, and what is not on it."""
    until = clock_text(local_time(listed, listed.watermark), language)
    told = {
        "sv": [
            f"Gäller de {listed.days} dagarna fram till {until}, i lokal tid.",
            "En tid över midnatt hör till dagen då den börjar.",
            "Rang inom parentes: strax under gränsen för vad som är säkert.",
            f"Utelämnade, eftersom få bor i huset: {listed.suppressed}." if listed.suppressed else "",
            f"Undantagna vid godkännandet: {listed.held_back}." if listed.held_back else "",
        ],
        "en": [
            f"Covers the {listed.days} days until {until}, local time.",
            "Hours over midnight belong to the day they begin.",
            "Ranks in brackets are just below what is certain.",
            f"Left out, because few live in the building: {listed.suppressed}." if listed.suppressed else "",
            f"Held back at approval: {listed.held_back}." if listed.held_back else "",
        ],
    }[language]
    return [sentence for sentence in told if sentence]
