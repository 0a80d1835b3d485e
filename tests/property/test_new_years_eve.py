"""A simulated town over New Year's Eve: what opens while everybody is on the stairs is marked, and nothing else is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from models.city import CityParameters, SimulatedCity, simulate_city
from service.ports import Ports
from service.usecases.findings.common_cause import ONE_IN, TOGETHER, windows_out
from service.usecases.findings.episodes import EpisodeFilter, EpisodeView, find_episodes
from service.usecases.learning.advance import advance
from tests.worlds import TENANT, city_points, end_of, register_city, sqlite_ports

EVE = datetime(2025, 12, 31, 19, tzinfo=UTC)  # 20:00 in Stockholm
LOUD = CityParameters(new_years_eve_factor=10.0)  # 20 to 04 ten times what is usual
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module", params=[1, pytest.param(2, marks=pytest.mark.long)])
def city(request: pytest.FixtureRequest) -> SimulatedCity:
    """Nine weeks of a town with its hot-spots, moving days and renovations, the last of them after New Year."""
    return simulate_city(request.param, stairwells=100, weeks=9, start=date(2025, 11, 3), parameters=LOUD)


@pytest.fixture(scope="module")
def scored(city: SimulatedCity, tmp_path_factory: pytest.TempPathFactory) -> Ports:
    ports = sqlite_ports(tmp_path_factory.mktemp("eve"), now=end_of(city) + HOUR)
    register_city(ports, city)
    ports.counts.append(city_points(city))
    advance(ports)
    return ports


@pytest.fixture(scope="module")
def told(scored: Ports) -> list[EpisodeView]:
    return find_episodes(scored, TENANT, EpisodeFilter(limit=100_000))[0]


def test_episodes_of_new_years_eve_are_marked(told: list[EpisodeView]) -> None:
    """Four of five that open from 20 to 03; there are ten times as many as in as many hours of the week before."""
    eve = [one.common_cause for one in told if EVE <= one.start < EVE + 7 * HOUR]
    ordinary = [one for one in told if EVE - timedelta(days=7) <= one.start < EVE]
    assert len(eve) > 10 * len(ordinary) * 7 / 168
    assert np.mean(eve) >= 0.8


def test_ordinary_episodes_are_not_marked(told: list[EpisodeView]) -> None:
    """Of eight weeks and the days after, none; there are many."""
    others = [one for one in told if not EVE - 2 * HOUR <= one.start < EVE + 9 * HOUR]
    assert len(others) > 50
    assert [one for one in others if one.common_cause] == []


def test_marks_are_those_of_every_window_looked_at(scored: Ports, told: list[EpisodeView], city: SimulatedCity) -> None:
    """Reading few windows and asking a sample first finds what all p-values of all windows tell."""
    numbers = np.array([one.number for one in scored.register.series(TENANT)])
    verdicts = scored.verdicts.columns(numbers, int(city.starts[0]), int(city.starts[-1]) + 1)
    rows = (verdicts.starts - city.starts[0]) // 3600
    least = max(TOGETHER, len(numbers) / ONE_IN)
    crowded = np.bincount(rows, verdicts.anomalous, len(city.starts)) >= least
    out = windows_out(verdicts, rows, len(city.starts)) & crowded
    assert out.any()
    for one in told:
        first, end = ((int(time.timestamp()) - int(city.starts[0])) // 3600 for time in (one.start, one.end))
        assert one.common_cause == (out[first:end].mean() >= 0.5), one
