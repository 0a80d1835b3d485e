"""The letter that a list goes out with: what it is and how it is proved. Where to go stands in the sheet alone."""

from __future__ import annotations

from models.dates import date_text
from service.domain.hotspots import Change, HotspotList
from service.exports.summary import headline, local_time, title
from service.exports.wording import Language

_TEXT = {
    "sv": """{headline}

Platser: {entries}, varav nya: {new}. Borta sedan förra listan: {gone}. Listan är bifogad som Excelfil.

Listan har id {list_id} och SHA-256
{digest}
""",
    "en": """{headline}

Places: {entries}, of which new: {new}. Gone since the last list: {gone}. The list is attached as an Excel file.

The list has the id {list_id} and the SHA-256
{digest}
""",
}


def letter_subject(listed: HotspotList, language: Language) -> str:
    """What, whose and of which day."""
    return f"{title(listed, language)} · {date_text(local_time(listed, listed.made), language)}"


def letter_text(listed: HotspotList, digest: str, language: Language) -> str:
    """A few lines; ``digest`` is the SHA-256 of the list as it was approved."""
    return _TEXT[language].format(
        headline=headline(listed, language),
        entries=len(listed.entries),
        new=sum(entry.change is Change.NEW for entry in listed.entries),
        gone=len(listed.gone),
        list_id=listed.list_id,
        digest=digest,
    )
