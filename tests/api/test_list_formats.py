"""In what format and in what words a list is read: by Accept, by suffix, by language; and to whom it is mailed."""

from __future__ import annotations

import io
import re

import pytest
from openpyxl import load_workbook

from service.domain.deliveries import Delivery, DeliveryStatus
from service.domain.hotspots import HeldBack
from service.domain.keys import Role
from service.exports.formats import FORMATS
from service.usecases.lists.hotspots import approve_list
from tests.api.conftest import Town, body
from tests.api.drafts import MADE, add, entry
from tests.worlds import TENANT

LIST = "2026-11-01-001"
HELD_BACK = "linden-1"
PATHS = ("/v1/hotspots", f"/v1/hotspot-lists/{LIST}")
by_suffix = pytest.mark.parametrize("form", FORMATS.values(), ids=lambda form: form.suffix)
by_path = pytest.mark.parametrize("path", PATHS)


@pytest.fixture
def approved(empty: Town) -> Town:
    """An approved list of two entries, one of which is held back."""
    add(empty.ports, LIST, entry(), entry(rank=2, stairwell=HELD_BACK, address=HELD_BACK))
    approve_list(empty.ports, TENANT, LIST, "anna", [HeldBack(rank=2, reason="flytt")])
    return empty


@by_path
@by_suffix
def test_accept_and_suffix_ask_for_the_same(approved, path, form):
    """The same bytes, the same ETag, by which nothing is sent again."""
    asked = approved.police.get(path, headers={"Accept": form.media_type})
    named = approved.police.get(f"{path}.{form.suffix}", headers={"Accept": "image/png"})
    assert (asked.status_code, asked.mimetype) == (200, form.media_type)
    assert (named.mimetype, named.data, named.headers["ETag"]) == (asked.mimetype, asked.data, asked.headers["ETag"])
    assert f'filename="{LIST}.{form.suffix}"' in named.headers["Content-Disposition"]
    again = approved.police.get(f"{path}.{form.suffix}", headers={"If-None-Match": asked.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("accept", "suffix"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"),
        ("application/geo+json, application/json;q=0.5", "geojson"),
        ("text/*", "csv"),
        ("*/*", "json"),
        ("application/pdf, */*;q=0.1", "json"),
        ("", "json"),
    ],
)
def test_the_best_liked_format_is_told(approved, accept, suffix):
    assert approved.police.get(PATHS[0], headers={"Accept": accept}).mimetype == FORMATS[suffix].media_type


@by_path
def test_what_nobody_can_tell_is_not_acceptable(approved, path):
    """The problem names the formats there are."""
    asked = approved.police.get(path, headers={"Accept": "application/pdf"})
    named = approved.police.get(f"{path}.pdf")
    for response in (asked, named):
        assert (response.status_code, body(response)["type"]) == (406, "/problems/not-acceptable")
        assert "csv" in body(response)["detail"]


@by_path
@by_suffix
def test_drafts_and_entries_held_back_are_in_no_format(empty, path, form):
    """Neither for the police nor for systems, by no address."""
    add(empty.ports, LIST, entry(), entry(rank=2, stairwell=HELD_BACK))
    for role in (Role.POLICE, Role.READER):
        assert empty.client(role).get(f"{path}.{form.suffix}").status_code == 404
    approve_list(empty.ports, TENANT, LIST, "anna", [HeldBack(rank=2, reason="flytt")])
    for role in (Role.POLICE, Role.READER):
        told = empty.client(role).get(f"{path}.{form.suffix}").data
        assert HELD_BACK.encode() not in (xlsx_text(told) if form.suffix == "xlsx" else told)
    shown = empty.operator.get(f"{path}.{form.suffix}").data
    assert HELD_BACK.encode() in (xlsx_text(shown) if form.suffix == "xlsx" else shown)


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", None, "sv"),
        ("", "en-GB,en;q=0.8", "en"),
        ("", "sv-SE,sv;q=0.9,en;q=0.8", "sv"),
        ("", "de", "sv"),
        ("", "de,en;q=0.5", "en"),
        ("?language=sv", "en", "sv"),
        ("?language=en", "sv", "en"),
    ],
)
def test_the_language_is_the_readers_and_swedish_first(approved, query, header, language):
    headers = {"Accept-Language": header} if header else {}
    response = approved.police.get(f"{PATHS[0]}.html{query}", headers=headers)
    assert response.headers["Content-Language"] == language
    assert f'<html lang="{language}">' in response.text
    assert {"Accept", "Accept-Language"} <= set(response.vary)
    table = approved.police.get(f"{PATHS[1]}.xlsx{query}", headers=headers).data
    assert load_workbook(io.BytesIO(table)).sheetnames[0] == {"sv": "Lista", "en": "List"}[language]


def test_no_other_language(approved):
    response = approved.police.get(f"{PATHS[0]}.html?language=de")
    assert response.status_code == 422
    assert "sv" in body(response)["detail"]


def test_the_page_may_load_its_own_style_only(approved):
    policy = approved.police.get(f"{PATHS[0]}.html").headers["Content-Security-Policy"]
    assert re.fullmatch(r"default-src 'none'; style-src 'sha256-[^']+'; frame-ancestors 'none'; .*", policy)


def xlsx_text(content: bytes) -> bytes:
    workbook = load_workbook(io.BytesIO(content))
    return "\n".join(str(cell.value) for sheet in workbook for row in sheet.iter_rows() for cell in row).encode()


def test_operators_see_to_whom_a_list_goes(empty):
    """By the recipient's name, with what came in the way; nobody else's, and of no list that there is not."""
    add(empty.ports, LIST, entry())
    queued = Delivery(
        tenant=TENANT,
        item=LIST,
        recipient="police-south",
        happened=MADE,
        status=DeliveryStatus.WAITING,
        queued=MADE,
        attempts=2,
        next_attempt=MADE,
        error="the mail server does not answer",
    )
    empty.ports.deliveries.put(queued)
    found = empty.operator.get(f"{PATHS[1]}/deliveries")
    assert [(one["list_id"], one["recipient"], one["attempts"], one["error"]) for one in body(found)["items"]] == [
        (LIST, "police-south", 2, "the mail server does not answer")
    ]
    assert empty.operator.get("/v1/hotspot-lists/none/deliveries").status_code == 404
    assert empty.client(Role.OPERATOR, "grannbolaget").get(f"{PATHS[1]}/deliveries").status_code == 404
