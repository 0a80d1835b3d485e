"""Verdicts, anomalies and profiles are those of the stores, whole, in order, page by page."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from service.domain.verdicts import MEASURES
from tests.api.conftest import Town, body, scored_ports


def pages(client, path: str) -> list[dict]:
    """Every item, following the Link header to its end."""
    items = []
    while path:
        response = client.get(path)
        assert response.status_code == 200, response.text
        items += body(response)["items"]
        following = re.match(r'<(.+)>; rel="next"', response.headers.get("Link", ""))
        assert bool(following) == bool(body(response)["next"])
        path = following[1] if following else ""
    return items


def stored(town: Town, city) -> dict[tuple[str, str, str], tuple[float, ...]]:
    """What the store holds, by stairwell, space and start."""
    columns = town.ports.verdicts.columns(np.arange(1, len(city.places) + 1), 0, 2**40)
    rows = zip(*(getattr(columns, name).tolist() for name in MEASURES), strict=True)
    names = [(city.places[n - 1].stairwell, city.places[n - 1].space) for n in columns.series.tolist()]
    starts = [datetime.fromtimestamp(second, UTC).isoformat()[:-6] + "Z" for second in columns.starts.tolist()]
    return {(*name, start): row for name, start, row in zip(names, starts, rows, strict=True)}


def key_of(item: dict) -> tuple[str, str, str]:
    return item["stairwell"], item["space"], item["start"]


def test_pages_hold_every_verdict_once(town, city):
    """To the last bit what was stored, ordered by start, nothing skipped between pages."""
    expected = stored(town, city)
    items = [
        item
        for stairwell in city.stairwells
        for item in pages(town.reader, f"/v1/stairwells/{stairwell}/verdicts?limit=977")
    ]
    assert len(items) == len(expected)
    assert {key_of(item): tuple(item[name] for name in MEASURES) for item in items} == expected


def test_small_pages_equal_one_page(town, city):
    path = f"/v1/stairwells/{city.places[0].stairwell}/verdicts"
    small = pages(town.reader, f"{path}?limit=7&to=2025-09-05T00:00:00Z")
    large = pages(town.reader, f"{path}?limit=1000&to=2025-09-05T00:00:00Z")
    assert small == large
    assert [item["start"] for item in large] == sorted(item["start"] for item in large)


def test_from_is_in_and_to_is_out(town, city):
    path = f"/v1/stairwells/{city.places[0].stairwell}/verdicts"
    every = pages(town.reader, f"{path}?limit=1000&space={city.places[0].space}")
    first, last = every[5]["start"], every[9]["start"]
    found = pages(town.reader, f"{path}?from={first}&to={last}&space={city.places[0].space}")
    assert found == every[5:9]
    assert found[0]["end"] == (datetime.fromisoformat(first) + timedelta(hours=1)).isoformat()[:-6] + "Z"


def test_an_offset_is_honoured(town, city):
    path = f"/v1/stairwells/{city.places[0].stairwell}/verdicts?limit=5"
    utc = town.reader.get(f"{path}&from=2025-09-10T10:00:00Z")
    local = town.reader.get(f"{path}&from=2025-09-10T12:00:00%2B02:00")
    assert body(utc)["items"] == body(local)["items"]


def test_a_fraction_of_a_second_rounds_up(town, city):
    """A start just before ``from`` is not in it."""
    path = f"/v1/stairwells/{city.places[0].stairwell}/verdicts?limit=1"
    found = body(town.reader.get(f"{path}&from=2025-09-10T10:00:00.000001Z"))["items"]
    assert found[0]["start"] == "2025-09-10T11:00:00Z"


def test_anomalies_are_the_anomalous_verdicts(town, city):
    columns = town.ports.verdicts.columns(np.arange(1, len(city.places) + 1), 0, 2**40)
    found = pages(town.reader, "/v1/anomalies?limit=3")
    assert len(found) == columns.anomalous.sum() > 0
    assert all(item["anomalous"] for item in found)


def test_min_score_takes_every_window_of_that_score(town, city):
    columns = town.ports.verdicts.columns(np.arange(1, len(city.places) + 1), 0, 2**40)
    threshold = float(np.quantile(columns.score, 0.97))
    found = pages(town.reader, f"/v1/anomalies?limit=500&from=2025-01-01T00:00:00Z&min_score={threshold!r}")
    assert len(found) == (columns.score >= threshold).sum()
    assert not all(item["anomalous"] for item in found)


def test_windows_of_a_score_are_those_of_four_weeks_unless_the_reader_says_since_when(town):
    """Before ``to``, or before the watermark; also over several pages. Anomalous ones are all there are."""
    path, end = "/v1/anomalies?min_score=-100&limit=1000", town.ports.state.manifest().watermark
    for asked, last in (("", end), (f"&to={told(end - 86_400)}", end - 86_400)):
        starts = {item["start"] for item in pages(town.reader, path + asked)}
        assert (min(starts), max(starts)) == (told(last - 28 * 86_400), told(last - 3600))
    anomalies = pages(town.reader, f"/v1/anomalies?limit=1000&to={told(end + 21 * 86_400)}")
    assert min(item["start"] for item in anomalies) < told(end - 7 * 86_400)


def told(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()[:-6] + "Z"


def test_anomalies_of_a_stairwell_and_of_an_area(town, city):
    every = pages(town.reader, "/v1/anomalies?min_score=0&limit=1000")
    area_of = {place.stairwell: place.area for place in city.places}
    stairwell = every[0]["stairwell"]
    area = area_of[stairwell]
    of_stairwell = pages(town.reader, f"/v1/anomalies?min_score=0&limit=1000&stairwell={stairwell}")
    assert of_stairwell == [item for item in every if item["stairwell"] == stairwell]
    of_area = pages(town.reader, f"/v1/anomalies?min_score=0&limit=1000&area={area}")
    assert of_area == [item for item in every if area_of[item["stairwell"]] == area]
    assert body(town.reader.get("/v1/anomalies?stairwell=none"))["items"] == []


def test_every_anomaly_says_why_in_two_languages(town):
    for item in pages(town.reader, "/v1/anomalies?limit=1000"):
        assert f"{item['count']:g} " in item["reason"]["sv"]
        assert f"{item['count']:g} presence" in item["reason"]["en"]
    every = pages(town.reader, "/v1/anomalies?min_score=-1&limit=1000")
    assert all(("reason" in item and item["reason"] is not None) == item["anomalous"] for item in every)


def test_the_normal_week_has_a_row_per_day_type(town, city):
    place = city.places[0]
    profile = body(town.reader.get(f"/v1/stairwells/{place.stairwell}/profile"))
    assert profile["timezone"] == "Europe/Stockholm"
    spaces = {space["space"]: space for space in profile["spaces"]}
    assert set(spaces) == {one.space for one in city.places if one.stairwell == place.stairwell}
    assert np.shape(spaces[place.space]["expected"]) == (8, 24)
    assert np.min(spaces[place.space]["expected"]) > 0


def test_level_shifts_are_those_of_the_profiles(town, city):
    """The newest first; a town of six weeks has had some."""
    listed = body(town.reader.get("/v1/level-shifts?weeks=52"))["items"]
    stairwells = {place.stairwell for place in city.places}
    spaces = [space for one in stairwells for space in body(town.reader.get(f"/v1/stairwells/{one}/profile"))["spaces"]]
    shifts = [space["level_shift"] for space in spaces if space["level_shift"]]
    assert listed == sorted(shifts, key=lambda one: one["learnt"], reverse=True)
    assert all(one["reason"]["en"].startswith("The level in the ") for one in listed)
    assert town.reader.get("/v1/level-shifts?weeks=0").status_code == 422


def test_nothing_scored_is_not_found(empty):
    empty.ingest.post("/v1/counts", json={"counts": [{"stairwell": "A", "time": "2026-10-01T10:00:00Z", "count": 3}]})
    assert empty.reader.get("/v1/stairwells/A/profile").status_code == 404
    assert body(empty.reader.get("/v1/stairwells/A/verdicts"))["items"] == []


def test_an_id_may_hold_a_slash(empty):
    """Ids are the tenant's own; what a path cannot carry is escaped."""
    row = {"stairwell": "Kvarnen 3/A?", "time": "2026-10-01T10:00:00Z", "count": 3}
    assert empty.ingest.post("/v1/counts", json={"counts": [row]}).status_code == 200
    found = body(empty.reader.get("/v1/places/Kvarnen%203%2FA%3F"))
    assert found["stairwell"] == "Kvarnen 3/A?"
    assert empty.reader.get("/v1/stairwells/Kvarnen%203%2FA%3F/verdicts").status_code == 200


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("from=2025-09-10T10:00:00", "from"),
        ("from=yesterday", "from"),
        ("from=1757498400", "from"),
        ("limit=0", "limit"),
        ("limit=ten", "limit"),
        ("limit=1.5", "limit"),
        ("min_score=null", "min_score"),
        ("min_score=NaN", "min_score"),
        ("limit=5&limit=6", "limit"),
        ("until=2025-09-10T10:00:00Z", "until"),
        ("cursor=WzEsMl0x", "cursor"),
        ("cursor=InQwMDAwMCI", "cursor"),
        ("cursor=WzFlMzAsMl0", "cursor"),
    ],
)
def test_an_odd_query_is_refused_by_name(town, query, says):
    response = town.reader.get(f"/v1/anomalies?{query}")
    assert response.status_code == 422
    assert response.mimetype == "application/problem+json"
    assert says in body(response)["detail"]


def test_an_unchanged_answer_is_not_sent_again(town, city):
    path = f"/v1/stairwells/{city.places[0].stairwell}/verdicts"
    first = town.reader.get(path)
    again = town.reader.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert town.reader.get(f"{path}?limit=1", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
    assert first.headers["Cache-Control"] == "no-store"


def test_pages_are_never_longer_than_the_service_allows(tmp_path_factory):
    town = Town(scored_ports("sqlite", tmp_path_factory, api__max_page=3))
    response = town.reader.get("/v1/anomalies?min_score=-99&limit=1000")
    assert len(body(response)["items"]) == 3
    assert "Link" in response.headers


@pytest.mark.parametrize(
    ("query", "advice"),
    [
        ("anomalies?from=2026-10-01T00:00:00+02:00", "the + of an offset as %2B"),
        ("anomalies?to=2026-10-01", "write it like 2026-11-22T18:00:00Z"),
        ("anomalies?to=2026-10-01T00:00:00", "write it like 2026-11-22T18:00:00Z"),
        ("anomalies?limit=ten", "write a whole number"),
        ("anomalies?min_score=high", "write a number such as 2.5"),
        ("episodes?open=TRUE", "write true or false"),
    ],
)
def test_an_odd_value_in_a_query_is_told_how_to_write_it(town, query, advice):
    """A bare + is a blank in a query, which nobody sees; that a query is `str` helps nobody."""
    response = town.reader.get(f"/v1/{query}")
    assert response.status_code == 422
    assert advice in body(response)["detail"]


def test_an_odd_precision_is_told_those_there_are(town):
    response = town.ingest.post("/api/v2/write?precision=h", data="presence,stairwell=A count=1i 1")
    assert response.status_code == 422
    assert body(response)["detail"].endswith("use one of ns, us, ms, s")
