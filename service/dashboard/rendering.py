"""Templates into pages, with what every page has: words, times of the house, who reads, and where they may go."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache
from http import HTTPStatus
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request
from jinja2 import Environment
from markupsafe import Markup

from models.dates import clock_text, date_text, day_and_month
from service.dashboard.heat import heat_table, lately_table, normal_table
from service.dashboard.languages import other_languages
from service.dashboard.routes import Visit
from service.dashboard.sessions import TOKEN
from service.dashboard.words import words
from service.domain.keys import FINDING_READERS, LIST_READERS, VISITORS, Role
from service.exports import wording
from service.exports.templating import page_environment
from service.exports.wording import Language
from service.usecases.sensors.reading import SensorView
from service.web.pages import HTML

STYLE = "trappvakt.css"
_TOKEN_FIELD = Markup('<input type="hidden" name="{}" value="{}">')
_NO_BREAK = "\N{NO-BREAK SPACE}"
_PARTS: tuple[tuple[str, str, frozenset[Role]], ...] = (
    ("lists", "/lists", LIST_READERS),
    ("episodes", "/episodes", FINDING_READERS),
    ("stairwells", "/stairwells", FINDING_READERS),
    ("sensors", "/sensors", FINDING_READERS),
)
"""Parts of the site by name: the path that each begins with, and who has it."""


def show(visit: Visit, template: str, status: int = HTTPStatus.OK, **more: Any) -> Response:
    """A page for a visit; ``more`` is what its template names beside what every page has."""
    role = visit.known.role if visit.known else None
    page = environment().get_template(template)
    rendered = page.render(
        w=words(visit.language),
        language=visit.language,
        other_languages=other_languages(request, visit.language),
        reader=visit.known,
        parts=[(name, path) for name, path, roles in _PARTS if role in roles],
        path=request.path,
        zone=visit.zone,
        csrf=_TOKEN_FIELD.format(TOKEN, visit.session.nonce),
        sees_findings=role in FINDING_READERS,
        decides=visit.decides,
        visits=role in VISITORS,
        told=request.args.get("told", ""),
        **more,
    )
    return Response(rendered, status, mimetype=HTML)


@cache
def environment() -> Environment:
    """The templates, compiled once in each process."""
    made = page_environment("service.dashboard")
    made.globals |= {"style_digest": _style_digest()}
    made.filters |= {
        "fill": _fill,
        "building": wording.building_text,
        "day": lambda time, zone, language: date_text(time.astimezone(zone), language),
        "clock": lambda time, zone, language: clock_text(time.astimezone(zone), language),
        "day_and_hour": day_and_hour,
        "day_name": wording.day_name,
        "battery": battery,
        "space_name": wording.space_name,
        "named": lambda name, names: vars(names).get(name, name),
        "told_by": lambda name, names: vars(names).get(name, ""),
        "heat_table": heat_table,
        "normal_table": normal_table,
        "lately_table": lately_table,
    }
    return made


def day_and_hour(time: datetime, zone: ZoneInfo, language: Language) -> str:
    """A local weekday, day and time of day, such as ``fre 20 nov. 21:00``."""
    local = time.astimezone(zone)
    return f"{wording.day_name(local.weekday(), language)} {day_and_month(local, language)} {local:%H:%M}"


def battery(sensor: SensorView, language: Language, low: str) -> str:
    """What a sensor says of its battery: percent, volts, or that it is low."""
    said = sensor.battery
    if said is None:
        return ""
    told = [
        wording.percent_text(said.percent / 100, language) if said.percent is not None else "",
        f"{wording.number_text(said.volts, language)}{_NO_BREAK}V" if said.volts is not None else "",
        low if said.low else "",
    ]
    return ", ".join(filter(None, told))


def _fill(text: str, **values: object) -> Markup:
    """Words with their gaps filled; what fills them is escaped once."""
    return Markup.escape(text).format(**values)


def _style_digest() -> str:
    """So that a new style sheet has a new address, and an old one can be kept for good."""
    content = resources.files("service.dashboard").joinpath(f"static/{STYLE}").read_bytes()
    return hashlib.sha256(content).hexdigest()[:12]
