"""Real counts through the program: replayed from a file, and imported and served."""

from __future__ import annotations

import csv
from datetime import datetime

import pytest

from tests.datasets import needs_datasets, write_calit2, write_melbourne
from tests.e2e.programs import get, key, run, run_here, serving, wait_for, written

PLACES = """tenant,area,property,building,stairwell,space
uci,campus,p1,calit2,calit2,7
uci,campus,p1,calit2,calit2,9
"""
SETTINGS = """[general]
data_dir = '{folder}'
timezone = "America/Los_Angeles"
holidays = "none"
[window]
minutes = 30
[places]
mode = "strict"
[advance]
interval_seconds = 1
"""
MEASURES = ("count", "expected", "lower", "upper", "p_value", "p_above", "score", "episode_probability")
LAST = "2005-11-06T07:30:00Z"

pytestmark = needs_datasets


@pytest.fixture(scope="module")
def calit2(tmp_path_factory):
    path = tmp_path_factory.mktemp("calit2") / "counts.csv"
    write_calit2(path)
    return path


def test_calit2_served_equals_calit2_replayed(calit2, tmp_path):
    """places, import, serve: the API's verdicts are those of the file, to the last bit."""
    config = written(tmp_path / "trappvakt.toml", SETTINGS.format(folder=tmp_path / "data"))
    run_here("--config", config, "places", "import", written(tmp_path / "places.csv", PLACES))
    run_here("--config", config, "import", calit2)
    token = key(tmp_path / "data", "reader", "uci")
    with serving("--config", config, "serve", "--port", 0) as address:
        path = "/v1/stairwells/calit2/verdicts?limit=1000"
        wait_for(lambda: len(pages(address, f"{path}&from={LAST}", token)) == 2)
        served = pages(address, path, token)
    replayed = replay(calit2, tmp_path, "--window", "30min", "--timezone", "America/Los_Angeles", "--holidays", "none")
    assert len(served) == len(replayed) == 5_376
    for verdict, row in zip(served, replayed, strict=True):
        assert (verdict["start"], verdict["space"]) == (row["time"], row["space"])
        assert [verdict[name] for name in MEASURES] == [float(row[name]) for name in MEASURES]
        assert verdict["anomalous"] == (row["anomalous"] == "true")


@pytest.mark.parametrize(
    ("first", "end", "rows_given"),
    [("2015-03-30", "2015-10-12", 18_068), pytest.param("2015", "2016", 32_276, marks=pytest.mark.long)],
    ids=["winter", "year"],
)
def test_melbourne_has_one_verdict_a_row_and_no_hour_twice(tmp_path, first, end, rows_given):
    """Four sensors over a winter or a year, with an hour repeated in autumn and one left out in spring."""
    counts = tmp_path / "melbourne.csv"
    write_melbourne(counts, first, end)
    given = sum(1 for _ in counts.open()) - 1
    rows = replay(counts, tmp_path, "--timezone", "Australia/Melbourne", "--holidays", "none")
    assert len(rows) == given == rows_given
    assert len({(row["time"], row["stairwell"]) for row in rows}) == given
    assert all(datetime.fromisoformat(row["time"]).minute == 0 for row in rows)


def replay(counts, folder, *options):
    scores = folder / "scores.csv"
    run("replay", counts, "--out", scores, *options)
    with scores.open(newline="") as file:
        return list(csv.DictReader(file))


def pages(address, path, token):
    """All items, page after page."""
    items, cursor = [], ""
    while cursor is not None:
        page = get(address, path + (f"&cursor={cursor}" if cursor else ""), token)
        items += page["items"]
        cursor = page.get("next")
    return items
