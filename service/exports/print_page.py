"""Lists as a page to read on a screen and to print: one file, no script, nothing loaded from elsewhere."""

from __future__ import annotations

from functools import cache

from jinja2 import Template

from models.dates import date_text
from service.domain.hotspots import HotspotEntry, HotspotList
from service.exports import summary
from service.exports.templating import page_environment
from service.exports.week import DAYS, HOURS, heat_map, hour_names, row_name, week_legend
from service.exports.wording import Language

_WORDS = {
    Language.SV: {
        "rank": "Rang",
        "address": "Adress",
        "space": "Utrymme",
        "when": "När",
        "change": "Sedan förra",
        "presences": "vistelser",
        "expected": "normalt",
        "days": "olika dagar",
        "last_seen": "senast",
        "sure": "säkerhet",
        "heard": "hörd",
        "assumed": "en tyst sensor kan ha tagits för en lugn",
        "warming_up": "under inlärning",
        "week_of": "Veckan på",
        "gone": "Borta sedan förra listan",
        "unknown": "Okända: ingen sensor hördes där",
        "empty": "Inga platser står på listan.",
        "previous_rank": "hade rang",
    },
    Language.EN: {
        "rank": "Rank",
        "address": "Address",
        "space": "Space",
        "when": "When",
        "change": "Since the last",
        "presences": "presences",
        "expected": "normal",
        "days": "different days",
        "last_seen": "last seen",
        "sure": "sure",
        "heard": "heard",
        "assumed": "a silent sensor may have been taken for a calm one",
        "warming_up": "still learning",
        "week_of": "The week at",
        "gone": "Gone since the last list",
        "unknown": "Unknown: no sensor was heard there",
        "empty": "No places are on the list.",
        "previous_rank": "had rank",
    },
}


def render_print_page(listed: HotspotList, language: Language, draft: bool) -> bytes:
    """A list as HTML, in light or dark as the reader's screen is, and on white when it is printed."""
    page = _template().render(
        listed=listed,
        language=language,
        words=_WORDS[language],
        title=summary.title(listed, language, draft=draft),
        origin=summary.origin(listed, language),
        notes=[*summary.notes(listed, language), week_legend(language)],
        joint=summary.is_joint(listed),
        date=lambda time: date_text(summary.local_time(listed, time), language),
    )
    return page.encode()


def frame(entry: HotspotEntry, pitch: int) -> str:
    """The lines round the hours to go, as an SVG path over cells of this pitch."""
    week = heat_map(entry)
    if week is None:
        return ""
    lines = {"top": "M{x} {y}h{p}", "bottom": "M{x} {bottom}h{p}", "left": "M{x} {y}v{p}", "right": "M{right} {y}v{p}"}
    return "".join(
        lines[side].format(
            x=column * pitch, y=row * pitch, right=(column + 1) * pitch, bottom=(row + 1) * pitch, p=pitch
        )
        for row, column in week.cells()
        for side in sorted(week.edges((row, column)))
    )


@cache
def _template() -> Template:
    environment = page_environment()
    environment.globals |= {"days": DAYS, "hours": HOURS, "hour_names": hour_names(), "row_name": row_name}
    environment.filters |= {
        "frame": frame,
        "heat_map": heat_map,
    }
    return environment.get_template("hotspot_list.html")
