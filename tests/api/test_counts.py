"""Counts and places in as JSON: good rows are kept, bad ones named, and no body does harm."""

from __future__ import annotations

import gzip
import io
import json

import pytest

from tests.api.conftest import PORTS, Town, body
from tests.worlds import TENANT

HOUR = 3600
DAY = (1790812800, 1790812800 + 24 * HOUR)  # 2026-10-01, UTC


def row(stairwell="A", time="2026-10-01T10:00:00Z", count: object = 2, **more: object) -> dict[str, object]:
    return {"stairwell": stairwell, "time": time, "count": count, **more}


def post(town: Town, rows: list[object]):
    return town.ingest.post("/v1/counts", json={"counts": rows})


def stored(town: Town) -> dict[tuple[str, str, int], int]:
    """Windows of the day by stairwell, space and hour."""
    windows = town.ports.counts.read(*DAY, HOUR)
    names = {one.number: (one.stairwell, one.space) for one in town.ports.register.series(TENANT)}
    return {
        (*names[series], (start - DAY[0]) // HOUR): count
        for start, series, count in zip(windows.starts, windows.series, windows.counts, strict=True)
    }


def place(**more: object) -> dict[str, object]:
    known = {"tenant": TENANT, "area": "Norra", "property": "P", "building": "B", "stairwell": "A", "space": "cellar"}
    return {**known, "kind": "cellar", **more}


def test_counts_are_stored_and_a_batch_may_come_again(empty):
    rows = [row(), row(time="2026-10-01T13:00:00+02:00", count=0), row(space="cellar", kind="cellar", count=5)]
    for _ in range(2):
        response = post(empty, rows)
        assert (response.status_code, body(response)) == (200, {"accepted": 3})
    assert stored(empty) == {("A", "stairwell", 10): 2, ("A", "stairwell", 11): 0, ("A", "cellar", 10): 5}


def test_good_rows_beside_bad_ones_are_kept(empty):
    bad = [
        row(count=-1),
        row(count="2"),
        row(count=1.5),
        row(time="2026-10-01T10:00:00"),
        row(time="2030-01-01T00:00Z"),
    ]
    response = post(empty, [row(), *bad, row(kind="roof"), {"stairwell": "A"}, row(flat="1203"), row("B", count=4)])
    problem = body(response)
    assert response.status_code == 422
    assert (problem["accepted"], problem["rejected"]) == (2, 8)
    assert [one["row"] for one in problem["problems"]] == list(range(2, 10))
    assert problem["type"] == "/problems/rows-refused"
    assert stored(empty) == {("A", "stairwell", 10): 2, ("B", "stairwell", 10): 4}


def test_a_whole_number_may_be_written_as_one_with_a_fraction(empty):
    """JSON has one kind of number; CSV and line protocol take it too."""
    response = post(empty, [row(count=3.0)])
    assert (response.status_code, body(response)) == (200, {"accepted": 1})
    assert stored(empty) == {("A", "stairwell", 10): 3}


def test_a_batch_of_bad_rows_keeps_nothing(empty):
    response = post(empty, [row(count=-1)] * 500)
    problem = body(response)
    assert (problem["accepted"], problem["rejected"]) == (0, 500)
    assert 0 < len(problem["problems"]) <= 100
    assert stored(empty) == {}


@pytest.mark.parametrize(
    ("data", "headers", "status"),
    [
        (b"{", {}, 422),
        (b"", {}, 422),
        (b"[]", {}, 422),
        (b'{"counts": 3}', {}, 422),
        (b"\xff\xfe", {}, 422),
        (b'{"counts": [' + b"[" * 100_000, {}, 422),
        (b"{}", {"Content-Type": "text/csv"}, 415),
        (b"{}", {"Content-Encoding": "br"}, 415),
        (b"not gzip", {"Content-Encoding": "gzip"}, 422),
        (gzip.compress(b'{"counts": []}', mtime=0)[:-9], {"Content-Encoding": "gzip"}, 422),
        (gzip.compress(b'{"counts": []}', mtime=0)[:-5] + b"\0" * 5, {"Content-Encoding": "gzip"}, 422),
        (gzip.compress(b'{"counts": []}', mtime=0) + b"more", {"Content-Encoding": "gzip"}, 422),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(empty, data, headers, status):
    response = empty.ingest.post("/v1/counts", data=data, headers={"Content-Type": "application/json", **headers})
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert body(response)["status"] == status


def test_gzip_is_unpacked(empty):
    """One member or several, as some senders write them."""
    text = json.dumps({"counts": [row()]}).encode()
    packed = gzip.compress(text[:20]) + gzip.compress(text[20:])
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert empty.ingest.post("/v1/counts", data=packed, headers=headers).status_code == 200
    assert stored(empty) == {("A", "stairwell", 10): 2}


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
def test_gzip_has_two_names_in_any_case(empty, encoding):
    packed = gzip.compress(json.dumps({"counts": [row()]}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    assert empty.ingest.post("/v1/counts", data=packed, headers=headers).status_code == 200


@pytest.mark.parametrize("address", ["/v1/counts", "/v1/annotations", "/api/v2/write"])
def test_gzip_that_no_header_names_is_told(empty, address):
    """Rather than that it is not UTF-8 from its second byte on."""
    packed = gzip.compress(b"{}")
    response = empty.operator.post(address, data=packed, headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert "send the header Content-Encoding: gzip" in body(response)["detail"]


def test_a_byte_order_mark_before_json_is_ignored(empty):
    """Programs of Windows write one."""
    text = b"\xef\xbb\xbf" + json.dumps({"counts": [row()]}).encode()
    response = empty.ingest.post("/v1/counts", data=text, headers={"Content-Type": "application/json"})
    assert (response.status_code, body(response)) == (200, {"accepted": 1})


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_an_oversized_body_is_refused_before_it_is_unpacked(tmp_path, packed):
    """A hundred megabytes of blanks, a hundred kilobytes on the wire, are never held in memory."""
    town = Town(PORTS["sqlite"](tmp_path, api__max_body_bytes=200_000))
    blanks = b" " * 100_000_000 if packed else b" " * 200_001
    data = gzip.compress(blanks, 9) if packed else blanks
    assert packed == (len(data) < 200_000)
    headers = {"Content-Type": "application/json"} | ({"Content-Encoding": "gzip"} if packed else {})
    response = town.ingest.post("/v1/counts", data=data, headers=headers)
    assert response.status_code == 413
    assert "200000 bytes" in body(response)["detail"]


@pytest.mark.parametrize(("surplus", "status"), [(0, 204), (1, 413), (100_000, 413)])
def test_an_oversized_chunked_body_is_refused_as_a_whole(tmp_path, surplus, status):
    """Its length is not told beforehand; what exceeds the limit must not be cut off in silence."""
    town = Town(PORTS["sqlite"](tmp_path, api__max_body_bytes=200_000))
    line = b"presence,stairwell=A count=1i 1790848800\n"
    lines = line + b"#" + b"." * (200_000 + surplus - len(line) - 1)
    response = town.ingest.post(
        "/api/v2/write?precision=s",
        input_stream=io.BytesIO(lines),
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )
    assert response.status_code == status
    assert bool(stored(town)) == (status == 204)


def test_places_are_imported_and_listed(empty):
    rows = [place(stairwell=name, address="Kvarngatan 3", dwellings=24) for name in ("A", "B", "C")]
    response = empty.operator.post("/v1/places", json={"places": rows})
    assert (response.status_code, body(response)) == (200, {"accepted": 3})
    first = empty.reader.get("/v1/places?limit=2")
    assert [item["stairwell"] for item in body(first)["items"]] == ["A", "B"]
    assert body(first)["items"][0]["building"]["dwellings"] == 24
    second = empty.reader.get(f"/v1/places?limit=2&cursor={body(first)['next']}")
    assert [item["stairwell"] for item in body(second)["items"]] == ["C"]
    assert body(second)["next"] is None


def test_places_of_another_tenant_are_refused_row_by_row(empty):
    response = empty.operator.post("/v1/places", json={"places": [place(), place(tenant="grannbolaget")]})
    problem = body(response)
    assert (response.status_code, problem["accepted"], problem["rejected"]) == (422, 1, 1)
    assert problem["problems"][0]["row"] == 2
    assert empty.ports.register.series("grannbolaget") == []


def test_a_place_holds_no_person(empty):
    """What the schema has no field for is refused, not ignored."""
    response = empty.operator.post("/v1/places", json={"places": [place(tenant_name="A. Andersson")]})
    assert response.status_code == 422
    assert "tenant_name" in body(response)["problems"][0]["message"]


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "OPTIONS"])
def test_a_method_there_is_not_names_those_there_are(empty, method):
    response = empty.operator.open("/v1/places", method=method)
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, POST"
    assert body(response)["type"] == "/problems/method-not-allowed"


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v1/places/", "//v1/places", "/v2/places"])
def test_a_path_there_is_not_is_a_problem_document(empty, path):
    response = empty.operator.get(path)
    assert response.status_code == 404
    assert body(response)["type"] == "/problems/not-found"
    assert body(response)["detail"] == "Nothing is at this address; /openapi.json lists what there is."
