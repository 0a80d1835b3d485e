"""Days of single areas: set late, changed or left out, and places that come to an area: the past is replayed."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.places import Kind, PlaceRow
from service.ports import Ports
from service.settings import load_settings
from service.usecases.learning.advance import advance
from service.usecases.learning.rosters import days_of_areas
from service.usecases.versions.retraining.counts import read_training_counts
from tests.challengers import add_challenger, promote
from tests.worlds import TENANT, sqlite_ports

MONDAY = 1_767_571_200  # 5 January 2026
HOURS, SPACES = 4 * 168, 4
END = datetime.fromtimestamp(MONDAY + HOURS * 3600, UTC)
FAIR = [date(2026, 1, 20), date(2026, 1, 21)]
AREAS = ("kvarnen", "berget", "kvarnen", "unknown")
MEASURES = ("series", "starts", "expected", "score", "p_value", "tail", "evidence_weeks", "anomalous", "version")


def place(space: int, area: str) -> PlaceRow:
    names = {"property": "p", "building": "b"} if area != "unknown" else {"property": area, "building": area}
    return PlaceRow(tenant=TENANT, area=area, stairwell=f"s{space}", space="cellar", kind=Kind.CELLAR, **names)


def kept(area: str, days: list[date], **more: str) -> dict[str, Any]:
    return {"tenant": TENANT, "area": area, "extra_holidays": days, **more}


def town(folder: Path, *areas: dict[str, Any], to: datetime = END, version: str = "0", **overrides: object) -> Ports:
    """Four stairwells in two areas and one in none that is known, scored in two goes."""
    ports = sqlite_ports(folder, now=END, general__areas=areas, **overrides)
    ports.register.put(place(space, area) for space, area in enumerate(AREAS))
    hours, spaces = np.divmod(np.arange(HOURS * SPACES), SPACES)
    counts = np.random.default_rng(7).poisson(0.5, len(hours))
    ports.counts.append(CountPoints(spaces + 1, (MONDAY + hours * 3600) * NANOSECONDS, counts, 0 * hours))
    if version != "0":
        advance(ports, datetime.fromtimestamp(MONDAY + 3600, UTC))
        add_challenger(ports, version)
        promote(ports, version, "test")
    advance(ports, to - timedelta(days=9, hours=5))
    advance(ports, to)
    return ports


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ordinary")
    town(folder)
    return folder


@pytest.fixture(scope="module")
def fair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town that knew of the fair from the beginning."""
    folder = tmp_path_factory.mktemp("fair")
    town(folder, kept("kvarnen", FAIR))
    return folder


def reopened(folder: Path, copy: Path, *areas: dict[str, Any]) -> Ports:
    shutil.copytree(folder, copy)
    return sqlite_ports(copy, now=END, general__areas=areas)


def verdicts_of(ports: Ports, *spaces: int) -> Any:
    return ports.verdicts.columns(np.array(spaces or range(SPACES)) + 1, 0, 2**40)


def assert_same(one: Ports, other: Ports, *spaces: int) -> None:
    mine, theirs = verdicts_of(one, *spaces), verdicts_of(other, *spaces)
    for name in MEASURES:
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name), name)


def test_a_fair_in_one_area_changes_nothing_in_the_others(ordinary: Path, fair: Path) -> None:
    """Not by a bit, until its end; its own series expect another day there."""
    without, within = (sqlite_ports(folder, now=END) for folder in (ordinary, fair))
    assert_same(without, within, 1, 3)
    before, after = (verdicts_of(ports, 0) for ports in (without, within))
    local_days = (after.starts + 3600) // 86_400
    first = (FAIR[0] - date(1970, 1, 1)).days
    assert ((before.expected != after.expected) == (local_days >= first))[local_days < first + 2].all()


def test_days_named_late_replay_the_series_of_their_area(ordinary: Path, fair: Path, tmp_path: Path) -> None:
    """And days no longer named; the same days named again, or ones to come, replay nothing."""
    late = reopened(ordinary, tmp_path / "late", kept("kvarnen", FAIR), kept("elsewhere", FAIR[:1]))
    assert advance(late, END).corrected == 2
    assert_same(late, sqlite_ports(fair, now=END))
    again = reopened(tmp_path / "late", tmp_path / "again", kept("kvarnen", [*FAIR[::-1], date(2027, 1, 2)]))
    assert advance(again, END).corrected == 0
    back = reopened(tmp_path / "again", tmp_path / "back")
    assert advance(back, END).corrected == 2
    assert_same(back, sqlite_ports(ordinary, now=END))


def test_a_place_that_comes_to_an_area_keeps_its_days(fair: Path, tmp_path: Path) -> None:
    """It was in none that is known."""
    ports = reopened(fair, tmp_path / "come", kept("kvarnen", FAIR))
    ports.register.put([place(3, "kvarnen")])
    assert advance(ports, END).corrected == 1
    assert_same(ports, town(tmp_path / "known", kept("kvarnen", FAIR), kept("unknown", FAIR)))


def test_under_every_version_the_settings_name_the_days_of_areas(tmp_path: Path) -> None:
    """The town's days are frozen into a version; a change of an area's is replayed all the same."""
    town(tmp_path / "one", version="1")
    late = reopened(tmp_path / "one", tmp_path / "late", kept("berget", FAIR))
    assert advance(late, END).corrected == 1
    assert set(late.verdicts.columns(np.array([2]), MONDAY + 7200, 2**40).version) == {"1"}
    known = town(tmp_path / "known", kept("berget", FAIR), version="1")
    assert_same(late, known)


def test_retraining_leaves_days_of_areas_out(ordinary: Path, tmp_path: Path) -> None:
    """The fleet has one calendar, in which these are days like any other."""
    ports = reopened(ordinary, tmp_path / "fair", kept("kvarnen", FAIR))
    training = read_training_counts(ports, (MONDAY, MONDAY + HOURS * 3600), 4, map)
    missing = np.isnan(training.counts)
    assert missing.sum(axis=1).tolist() == [48, 0, 48, 0]
    assert set(training.calendar.local_days(training.starts[missing[0]])) == {
        (day - date(1970, 1, 1)).days for day in FAIR
    }


def test_a_region_has_its_own_beside_the_country(tmp_path: Path) -> None:
    """Epiphany is kept in the south of Germany; New Year is everybody's."""
    south = kept("a", [date(2026, 7, 1)], region="BW")
    settings = load_settings(environment={}, overrides={"general.holidays": "DE", "general.areas": [south]})
    days = days_of_areas(settings)[TENANT, "a"]
    assert {date(2026, 1, 6), date(2026, 7, 1)} <= days
    assert date(2026, 1, 1) not in days
