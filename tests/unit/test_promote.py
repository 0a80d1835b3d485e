"""Promote, roll back, retrain: every window is judged once, under one version that the verdict names."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec
import numpy as np
import pytest

from models.city import SimulatedCity, simulate_city
from models.shipped import shipped_version
from models.training.budget import BUDGETS
from service.domain.verdicts import VerdictQuery
from service.domain.versions import SHIPPED_MANIFEST
from service.errors import Conflict, InvalidInput, NotFound, VersionRefused
from service.ports import Ports
from service.usecases.advance import advance
from service.usecases.commands import run_commands
from service.usecases.correct import replay_series
from service.usecases.profile import normal_week
from service.usecases.promote import previous_champion, promote
from service.usecases.retrain import retrain
from service.usecases.rosters import full_roster
from service.usecases.shards import GROUPS, open_shard
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


def add_version(ports: Ports, **changes: object) -> str:
    """Another version: what version 0 is, but slower to believe in dispersion."""
    prior = replace(shipped_version().prior, dispersion=shipped_version().prior.dispersion * 2)
    version = replace(shipped_version(), id="1", prior=prior, **changes)
    ports.registry.add(version, replace_id("1"), {})
    return "1"


def replace_id(version_id: str):
    return msgspec.structs.replace(SHIPPED_MANIFEST, version_id=version_id, parent="0")


def test_windows_are_judged_once_and_name_their_version(ports, city):
    add_version(ports)
    watermark = ports.state.manifest().watermark
    promote(ports, "1", "test")
    advance(ports, end_of(city) - timedelta(days=1))
    assert previous_champion(ports) == "0"
    promote(ports, "0", "test")
    advance(ports, end_of(city))
    numbers = np.arange(1, len(city.places) + 1)
    assert len(ports.verdicts.columns(numbers, 0, 2**40)) == np.count_nonzero(~np.isnan(city.counts))
    last_day = int(end_of(city).timestamp()) - 86_400
    for start, end, version in ((0, watermark, "0"), (watermark, last_day, "1"), (last_day, 2**40, "0")):
        assert {v.version for v in found(ports, city, start, end)} == {version}


def test_state_after_promotion_is_that_of_a_replay_under_the_new_version(ports):
    add_version(ports)
    promote(ports, "1", "test")
    manifest, roster = ports.state.manifest(), full_roster(ports)
    version = ports.registry.load("1")
    opened = open_shard(ports.state, manifest.shards[0], roster, version, manifest.window_minutes)
    replayed = replay_series(ports, roster, version, (manifest.origin, manifest.watermark))
    for group in GROUPS:
        np.testing.assert_array_equal(getattr(opened.columns.state, group), getattr(replayed, group))


def test_a_promotion_is_in_the_audit(ports):
    add_version(ports)
    promote(ports, "1", "cli:eva")
    newest = ports.audit.entries("*")[0]
    assert (newest.actor, newest.action, newest.subject) == ("cli:eva", "model.promote", "1")


def test_what_cannot_be_promoted_leaves_the_champion(ports, tmp_path):
    add_version(ports)
    table = tmp_path / "versions" / "1" / "tables" / "level.npy"
    table.write_bytes(table.read_bytes()[:-1])
    before = ports.state.manifest()
    for version_id, error in (("1", VersionRefused), ("9", NotFound)):
        with pytest.raises(error):
            promote(ports, version_id, "test")
    with pytest.raises(Conflict, match="nothing to roll back to"):
        previous_champion(ports)
    assert ports.state.manifest() == before


def test_a_promotion_run_twice_leads_where_it_led(ports):
    """A kill between its commit and the end of its command has it run again."""
    add_version(ports)
    promote(ports, "1", "test")
    promote(ports, "1", "test")
    assert ports.state.manifest().version == "1"
    assert previous_champion(ports) == "0"


def test_queued_commands_are_run_and_a_failure_keeps_its_message(ports):
    add_version(ports)
    good, bad = (ports.state.enqueue("promote", version_id, "test") for version_id in ("1", "9"))
    assert run_commands(ports) == 2
    assert ports.state.outcome(good) == (True, None)
    assert "no model version '9'" in ports.state.outcome(bad)[1]
    assert ports.state.manifest().version == "1"


def test_a_fault_of_ours_ends_its_command_and_no_other(ports):
    add_version(ports)
    broken = replace(ports, registry=Broken())
    first, second = (ports.state.enqueue("promote", "1", "test") for _ in range(2))
    with pytest.raises(ZeroDivisionError):
        run_commands(broken)
    assert "ZeroDivisionError" in ports.state.outcome(first)[1]
    assert run_commands(ports) == 1
    assert ports.state.outcome(second) == (True, None)


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
    promote(ports, "1", "test")
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
    newest = found(ports, city, 0, 2**40)[-1]
    assert profile.evidence_weeks == pytest.approx(newest.evidence_weeks, abs=WEEKS)
    with pytest.raises(NotFound):
        normal_week(ports, "another tenant", place.stairwell)


class Broken:
    """A registry with a fault of our own making."""

    def load(self, version_id: str) -> None:
        raise ZeroDivisionError


def found(ports: Ports, city: SimulatedCity, start: int, end: int):
    numbers = tuple(range(1, len(city.places) + 1))
    return ports.verdicts.find(VerdictQuery(series=numbers, start=start, end=end, limit=10**6))
