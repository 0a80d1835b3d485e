"""A clock that was far ahead of the time and is set right: scoring goes on as if it had not been."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from service.domain.places import Liveness
from service.ports import Ports
from service.usecases.audit import read_audit
from service.usecases.findings.episodes import EpisodeFilter, find_episodes
from service.usecases.learning.advance import advance
from service.usecases.versions.promote import begin_promotion, go_on
from tests.challengers import add_challenger
from tests.property.test_corrections import assert_states_are_same
from tests.unit.correcting.quiet_town import END, MONDAY, SPACES, WEEK, WEEKS, place, points
from tests.worlds import TENANT, sqlite_ports

HOUR = timedelta(hours=1)
MANY = 500
"""Episodes per 100 stairwell-weeks: a loud hour is one."""


def opened(folder: Path) -> Ports:
    return sqlite_ports(folder, now=END, detector__episodes_per_100_stairwell_weeks=MANY)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weeks of counts, of which the last space has a sensor that speaks only when somebody is there."""
    folder = tmp_path_factory.mktemp("scored")
    ports = opened(folder)
    ports.register.put([place(0), place(1), place(2, sensor="s", liveness=Liveness.ASSUMED)])
    for space in range(SPACES):
        count_hours(ports, space, 0, WEEKS * WEEK)
    advance(ports)
    return folder


@pytest.fixture
def ahead(scored: Path, tmp_path: Path) -> Ports:
    return opened(Path(shutil.copytree(scored, tmp_path / "ahead")))


@pytest.fixture
def right(scored: Path, tmp_path: Path) -> Ports:
    """One whose clock was never wrong."""
    return opened(Path(shutil.copytree(scored, tmp_path / "right")))


def count_hours(ports: Ports, space: int, first: int, end: int, loud: int = 0) -> None:
    """Somebody now and then; hour by hour the same, however many are counted at once."""
    hours = np.arange(first, end)
    for count in (0, 1):
        chosen = hours[(hours * 7 % 5 < 1) == bool(count)]
        if len(chosen) and (count or space < 2):
            ports.counts.append(points(space, chosen, count=count + loud))


def set_clock(ports: Ports, time: datetime) -> None:
    ports.clock.time = time


def live(ports: Ports, hours: int) -> None:
    """Hours that end one by one, of which the last three are loud in the first space."""
    for hour in range(WEEKS * WEEK, WEEKS * WEEK + hours):
        set_clock(ports, END + (hour + 1 - WEEKS * WEEK) * HOUR + timedelta(minutes=20))
        for space in range(SPACES):
            count_hours(ports, space, hour, hour + 1, loud=9 * (space == 0 and hour >= WEEKS * WEEK + hours - 3))
        advance(ports)


def test_after_a_clock_was_ahead_scoring_goes_on_as_if_it_had_not_been(ahead: Ports, right: Ports) -> None:
    """The sensor that is taken for alive had been judged, and found silent, in windows that were still to come."""
    set_clock(ahead, END + timedelta(weeks=2))
    advance(ahead)
    assert list(ahead.state.ledger().silences) == [3]
    for ports in (ahead, right):
        live(ports, 4)
    assert ahead.state.manifest().watermark == right.state.manifest().watermark
    assert ahead.state.ledger().pending == {}
    one, other = (ports.verdicts.columns([1, 2, 3], 0, 2**40) for ports in (ahead, right))
    for name in ("series", "starts", "count", "expected", "score", "tail", "anomalous"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
    assert_states_are_same(ahead, right)
    [episode] = find_episodes(ahead, TENANT, EpisodeFilter(open=True))[0]
    assert episode.windows == 3
    [entry] = [one for one in read_audit(ahead, TENANT, 100)[0] if one.action == "state.turn-back"]
    assert entry.subject == "2026-02-02 01:00Z"


def test_a_clock_that_is_behind_changes_nothing(right: Ports) -> None:
    """There are counts of a time that it has yet to come to."""
    before = right.state.manifest()
    set_clock(right, datetime.fromtimestamp(MONDAY, UTC) + timedelta(weeks=1))
    assert advance(right).corrected == 0
    assert right.state.manifest() == before


def test_a_clock_that_was_ahead_by_hours_is_waited_for(ahead: Ports) -> None:
    set_clock(ahead, END + 12 * HOUR)
    advance(ahead)
    before = ahead.state.manifest()
    set_clock(ahead, END)
    advance(ahead)
    assert ahead.state.manifest() == before


def test_a_promotion_that_is_under_way_is_turned_back_as_well(ahead: Ports, right: Ports) -> None:
    for ports in (ahead, right):
        add_challenger(ports)
    set_clock(ahead, END + timedelta(weeks=1))
    advance(ahead)
    for ports in (ahead, right):
        begin_promotion(ports, "1", "key-1")
        go_on(ports)
        live(ports, 4)
        while go_on(ports):
            pass
    assert ahead.state.manifest().version == "1"
    assert ahead.state.manifest().watermark == right.state.manifest().watermark
    assert_states_are_same(ahead, right)
