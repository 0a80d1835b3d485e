"""The contract is a valid document, complete, and its examples are what the types say."""

from __future__ import annotations

import base64
import hashlib
import re

import jsonschema
import msgspec
import pytest
from openapi_spec_validator import validate

from service.api.contract import OPERATIONS, docs_html, openapi_json
from service.api.problems import TYPES

DOCUMENT = msgspec.json.decode(openapi_json())
EXAMPLES = [
    (f"{operation['operationId']} {where}", content["schema"], example)
    for methods in DOCUMENT["paths"].values()
    for operation in methods.values()
    for where, part in [*operation["responses"].items(), ("body", operation.get("requestBody", {}))]
    for content in part.get("content", {}).values()
    for example in [
        *([content["example"]] if "example" in content else []),
        *(named["value"] for named in content.get("examples", {}).values()),
    ]
]


def test_the_document_is_valid_openapi():
    validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1")


def test_per_cent_are_told_as_english_does():
    """As on the pages; Swedish examples have a no-break space."""
    assert re.findall(r".{0,20}\d %", openapi_json().decode()) == []


def test_pairs_are_closed_by_their_length():
    """Not by ``items: false``, at which openapi-python-client gives up on the whole document."""
    window = DOCUMENT["components"]["schemas"]["VersionView"]["properties"]["window"]["anyOf"][0]
    assert (len(window["prefixItems"]), window["maxItems"]) == (2, 2)
    assert "items" not in window


@pytest.mark.parametrize(
    ("name", "member"),
    [("VerdictView", "start"), ("Sensor", "valid_from"), ("VersionView", "window"), ("EpisodeNews", "muted_until")],
)
def test_times_of_answers_and_events_are_told_as_times(name, member):
    """So that a generated client reads them as such, and not as any string."""
    assert b'"format":"date-time"' in msgspec.json.encode(DOCUMENT["components"]["schemas"][name]["properties"][member])


def test_a_time_by_the_clock_on_the_wall_is_not_told_as_an_instant():
    """A place is valid from 2026-09-01, too."""
    assert b"date-time" not in msgspec.json.encode(DOCUMENT["components"]["schemas"]["PlaceRow"])


def test_the_document_is_what_is_served(town):
    response = town.app.test_client().get("/openapi.json")
    assert msgspec.json.decode(response.data) == DOCUMENT
    assert response.mimetype == "application/json"


@pytest.mark.parametrize(("where", "schema", "example"), EXAMPLES, ids=[where for where, *_ in EXAMPLES])
def test_examples_are_of_their_schema(where, schema, example):
    jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(example)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_is_documented(operation):
    """Summary, an example wherever there is JSON, and every status."""
    described = DOCUMENT["paths"][operation.path][operation.method.lower()]
    assert described["summary"].endswith(".")
    if operation.body is not None:
        assert all("example" in content for content in described["requestBody"]["content"].values())
    statuses = set(described["responses"])
    assert {str(operation.status), "500"} <= statuses
    assert not operation.roles or {"401", "403", "422", "503"} <= statuses
    assert operation.body is None or {"413", "415", "422"} <= statuses
    assert not operation.path_types or "404" in statuses


@pytest.mark.parametrize("path", [path for path in DOCUMENT["paths"] if "{" not in path])
def test_a_path_that_stands_as_it_is_allows_its_own_methods(town, path):
    """Not those of a path with a variable that it would fit."""
    response = town.app.test_client().open(path, method="TRACE")
    own = {method.upper() for method in DOCUMENT["paths"][path]}
    assert set(response.headers["Allow"].split(", ")) == own | ({"HEAD"} if "GET" in own else set())


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_collection_comes_in_pages(operation):
    """What has items has a cursor, a limit and a Link; nothing else has."""
    answer = next(iter(operation.responses.values()), None)
    collection = "items" in getattr(answer, "__struct_fields__", ())
    described = DOCUMENT["paths"][operation.path][operation.method.lower()]
    query = {parameter["name"] for parameter in described["parameters"] if parameter["in"] == "query"}
    assert ({"cursor", "limit"} <= query) == collection
    assert ("Link" in described["responses"][str(operation.status)]["headers"]) == collection


def test_every_answer_in_json_has_an_example():
    """But the contract itself."""
    bare = [
        (operation.name, media_type)
        for operation in OPERATIONS
        for media_type in operation.responses
        if media_type == "application/json" and operation.answered is None
    ]
    assert bare == [("read_openapi", "application/json")]


@pytest.mark.parametrize("kind", TYPES.values(), ids=lambda kind: kind.name)
def test_every_problem_type_is_told_where_its_uri_points(town, kind):
    response = town.app.test_client().get(kind.uri)
    assert response.status_code == 200
    assert msgspec.json.decode(response.data, type=type(kind)) == kind


def test_the_page_tells_everything_and_loads_nothing():
    """Every operation, problem and type has its place; no script, no address of another host is loaded."""
    page = docs_html()
    for name in [operation.name for operation in OPERATIONS] + [f"problem-{kind.name}" for kind in TYPES.values()]:
        assert f'id="{name}"' in page
    assert not re.search(r"<script|<img|<link|@import|url\(|\son\w+=|style=", page)
    anchors = set(re.findall(r'href="#([^"]+)"', page))
    assert anchors <= set(re.findall(r'id="([^"]+)"', page)), "links within the page lead somewhere"


def test_the_page_may_load_its_own_style_only(town):
    response = town.app.test_client().get("/docs")
    style = re.search(r"<style>(.*?)</style>", response.text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
