"""The contract: every operation there is, as OpenAPI and as a page to read."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec
from jinja2 import ChainableUndefined, Environment, PackageLoader
from markupsafe import Markup, escape

from service.api import annotations as known_causes
from service.api import (
    calibration,
    counts,
    effects,
    episodes,
    evaluations,
    hotspots,
    influx_write,
    models,
    operations,
    outcomes,
    places,
    retraining,
    sensors,
    service_health,
    uplinks,
    verdicts,
    webhooks,
)
from service.api.openapi import describe
from service.api.problems import BY_STATUS, TYPES, ProblemType, find_type
from service.api.routes import JSON, Reply, Routes
from service.errors import NotFound
from service.web.pages import HTML

routes = Routes("Contract")
_CODE = re.compile(r"(`+)(.+?)\1")


@routes.declare("GET", "/openapi.json", produces={JSON: dict[str, Any]})
def read_openapi() -> Reply:
    """Read this contract as OpenAPI 3.1."""
    return Reply(openapi_json())


@routes.declare("GET", "/docs", produces={HTML: str})
def read_docs() -> Reply:
    """Read this contract as a page."""
    return Reply(docs_html().encode(), media_type=HTML)


@routes.declare("GET", "/problems/{name}", raises=(NotFound,), answered=find_type("not-found"))
def read_problem_type(name: str) -> ProblemType:
    """Read what a problem's ``type`` means."""
    return find_type(name)


OPERATIONS = tuple(
    operation
    for source in (
        counts,
        influx_write,
        uplinks,
        places,
        verdicts,
        episodes,
        hotspots,
        outcomes,
        evaluations,
        effects,
        sensors,
        known_causes,
        webhooks,
        models,
        retraining,
        operations,
        calibration,
        service_health,
    )
    for operation in source.routes
) + tuple(routes)
"""Every operation, in the order of the documentation."""


@cache
def openapi_json() -> bytes:
    """The OpenAPI document, indented for people."""
    return msgspec.json.format(msgspec.json.encode(describe(OPERATIONS, webhooks.EVENTS)))


@cache
def docs_html() -> str:
    """The documentation page: no script, nothing from elsewhere, light and dark."""
    environment = Environment(
        loader=PackageLoader("service.api"),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"code": _code, "pretty": _pretty, "kind": _kind}
    document = msgspec.json.decode(openapi_json())
    return environment.get_template("docs.html").render(api=document, problems=sorted(TYPES.values(), key=BY_STATUS))


def _code(text: str) -> Markup:
    """Markdown's code spans as HTML; everything else is escaped."""
    return Markup(_CODE.sub(r"<code>\2</code>", str(escape(text))))  # noqa: S704 - escaped before


def _pretty(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _kind(schema: dict[str, Any]) -> str:  # noqa: PLR0911 - a table
    """A schema in a few words."""
    match schema:
        case {"$ref": reference}:
            return str(reference).rsplit("/", 1)[-1]
        case {"anyOf": kinds}:
            return " or ".join(_kind(kind) for kind in kinds)
        case {"enum": values}:
            return ", ".join(map(str, values))
        case {"type": "array", "items": dict(items)}:
            return f"list of {_kind(items)}"
        case {"type": "array", "prefixItems": kinds}:
            return f"[{', '.join(_kind(kind) for kind in kinds)}]"
        case {"format": name}:
            return str(name)
        case {"type": name}:
            return str(name)
    return "anything"
