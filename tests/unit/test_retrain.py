"""Retrain: a challenger is fitted to the stored counts, beside the champion, which stays."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from models.city import SimulatedCity, simulate_city
from models.training.budget import BUDGETS
from service.domain.verdicts import VerdictQuery
from service.errors import Conflict, InvalidInput, NotFound
from service.ports import Ports
from service.usecases.advance import advance
from service.usecases.profile import normal_week
from service.usecases.promote import promote
from service.usecases.retrain import retrain
from tests.worlds import TENANT, city_points, end_of, register_city, sqlite_ports

WEEKS = 5


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return simulate_city(21, stairwells=10, weeks=WEEKS)


@pytest.fixture
def ports(city, tmp_path) -> Ports:
    """Everything but the last three days is scored; the champion is version 0."""
    ports = sqlite_ports(tmp_path)
    register_city(ports, city)
    ports.counts.append(city_points(city))
    advance(ports, end_of(city) - timedelta(days=3))
    return ports


def test_retraining_writes_a_challenger_and_leaves_the_champion(ports):
    steps: dict[str, float] = {}
    manifest = retrain(ports, progress=steps.__setitem__)
    assert ports.state.manifest().version == "0"
    assert (manifest.version_id, manifest.parent) == ("1", "0")
    assert set(steps.values()) == {1.0}
    champion, challenger = (manifest.metrics[f"log_loss_{name}"] for name in ("champion", "challenger"))
    assert 0 < challenger < 1.1 * champion
    assert {(one.promised, one.first_week) for one in manifest.budgets} == {(b, w) for b in BUDGETS for w in (1, 5, 9)}
    assert ports.registry.manifest("1").budgets == manifest.budgets
    assert "river" in manifest.packages
    profile_fit = ports.registry.artefact("1", "profile_fit")
    np.testing.assert_array_equal(profile_fit.profile, ports.registry.load("1").prior.profile)
    assert profile_fit.regressor.n_features_in_ > 0
    promote(ports, "1", "test", override="a town of ten stairwells has few places to list")
    assert ports.state.manifest().version == "1"


def test_too_few_weeks_are_not_learnt_from(city, tmp_path):
    ports = sqlite_ports(tmp_path)
    with pytest.raises(Conflict, match="nothing has been scored"):
        retrain(ports)
    register_city(ports, city)
    ports.counts.append(city_points(city, slice(0, 100)))
    advance(ports, end_of(city) - timedelta(weeks=4))
    with pytest.raises(Conflict, match="weeks are scored"):
        retrain(ports)
    with pytest.raises(InvalidInput, match="too few"):
        retrain(ports, weeks=1)


def test_weeks_without_a_count_are_not_learnt_from(city, tmp_path):
    ports = sqlite_ports(tmp_path)
    register_city(ports, city)
    ports.counts.append(city_points(city, slice(0, 100)))
    advance(ports, end_of(city) + timedelta(weeks=3))
    with pytest.raises(Conflict, match="not one count"):
        retrain(ports, weeks=4)


def test_the_normal_week_is_what_the_detector_expects(ports, city):
    place = city.places[0]
    profiles = {profile.space: profile for profile in normal_week(ports, TENANT, place.stairwell)}
    profile = profiles[place.space]
    assert len(profile.expected) == 8
    assert {len(day) for day in profile.expected} == {24}
    newest = newest_verdict(ports, city)
    assert profile.evidence_weeks == pytest.approx(newest.evidence_weeks, abs=WEEKS)
    with pytest.raises(NotFound):
        normal_week(ports, "another tenant", place.stairwell)


def newest_verdict(ports: Ports, city: SimulatedCity):
    numbers = tuple(range(1, len(city.places) + 1))
    return ports.verdicts.find(VerdictQuery(series=numbers, limit=10**6))[-1]
