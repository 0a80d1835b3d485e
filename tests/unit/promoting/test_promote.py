"""A promotion learns a second state beside the first and puts it in force; windows are judged once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec
import numpy as np
import pytest

from models.city import SimulatedCity
from service.domain.verdicts import VerdictQuery
from service.errors import Conflict
from service.ports import Ports
from service.usecases.commands import run_commands
from service.usecases.learning import slices
from service.usecases.learning.advance import advance
from service.usecases.versions.promote import begin_promotion, go_on, previous_champion
from tests.challengers import add_challenger, promote
from tests.unit.promoting.scored_town import BEGIN, Broken, assert_replayed, counted, finish
from tests.worlds import end_of, sqlite_ports


def test_another_champion_is_told_to_those_who_subscribe(ports, tmp_path):
    """Each change once; the same one anew is no news."""
    told = {"name": "r1", "url": "https://hooks.example/", "tenant": "any", "events": ["trappvakt.model.promoted"]}
    ports = sqlite_ports(tmp_path, webhooks__subscriptions=[told | {"secret_file": "none"}])
    add_challenger(ports)
    for version in ("1", "1"):
        promote(ports, version, "test")
    data = [msgspec.json.decode(one.content)["data"] for one in ports.deliveries.find()]
    assert [(one["replaced"], one["version"]) for one in data] == [("0", "1")]


def test_windows_are_judged_once_and_name_their_version(ports, city):
    add_challenger(ports)
    watermark = ports.state.manifest().watermark
    promote(ports, "1", "test")
    advance(ports, end_of(city) - timedelta(days=1))
    assert previous_champion(ports) == "0"
    promote(ports, "0", "test")
    advance(ports, end_of(city))
    numbers = np.arange(1, len(city.places) + 1)
    assert len(ports.verdicts.columns(numbers, 0, 2**40)) == np.count_nonzero(~np.isnan(city.counts[BEGIN:]))
    last_day = int(end_of(city).timestamp()) - 86_400
    for start, end, version in ((0, watermark, "0"), (watermark, last_day, "1"), (last_day, 2**40, "0")):
        assert {v.version for v in found(ports, city, start, end)} == {version}


def test_state_after_promotion_is_that_of_a_replay_under_the_new_version(ports):
    add_challenger(ports)
    promote(ports, "1", "test")
    assert ports.state.manifest().version == "1"
    assert_replayed(ports)


def test_scoring_goes_on_while_the_next_state_is_learnt(ports, city, monkeypatch):
    """Between any two steps a few hours end, and counts of weeks ago arrive; the second state takes it all in."""
    monkeypatch.setattr(slices, "SLICE_WINDOWS", 800)
    add_challenger(ports)
    begin_promotion(ports, "1", "test")
    until, shares = end_of(city) - timedelta(days=3), []
    while go_on(ports):
        until = min(until + timedelta(hours=7), end_of(city) - timedelta(days=1))
        shares.append(ports.state.promotion().share)
        if len(shares) in (2, 5):
            ports.counts.append(counted(city, slice(BEGIN + 10 * len(shares), BEGIN + 10 * len(shares) + 2), 4))
        if ports.state.manifest().version == "0":
            advance(ports, until)
    assert len(shares) > 5
    assert shares[0] < 0.5 < max(shares)
    assert ports.state.manifest().version == "1"
    assert_replayed(ports)
    advance(ports, end_of(city))
    assert_replayed(ports)
    numbers = np.arange(1, len(city.places) + 1)
    assert len(ports.verdicts.columns(numbers, 0, 2**40)) == np.count_nonzero(~np.isnan(city.counts[BEGIN:]))


@pytest.mark.parametrize("steps", [0, 2, 5])
def test_a_promotion_that_was_cut_short_goes_on(ports, tmp_path, monkeypatch, steps):
    """Another process finds it where it was left, and ends in the same state."""
    monkeypatch.setattr(slices, "SLICE_WINDOWS", 500)
    add_challenger(ports)
    begin_promotion(ports, "1", "test")
    for _ in range(steps):
        assert go_on(ports)
    reopened = sqlite_ports(tmp_path)
    finish(reopened)
    assert reopened.state.manifest().version == "1"
    assert reopened.state.promotion() is None
    assert_replayed(reopened)


def test_a_promotion_is_in_the_audit_once_however_it_is_cut_short(ports):
    """The audit is a file of its own: what is in force is told when it can be told; and its record says so for good."""
    add_challenger(ports)
    begin_promotion(ports, "1", "cli:eva")
    while not ports.state.promotion().entry:
        go_on(ports)
    assert ports.state.manifest().version == "1"
    with pytest.raises(ZeroDivisionError):
        go_on(replace(ports, audit=Broken()))
    waiting = ports.state.promotion()
    go_on(ports)
    ports.state.publish_promotion(waiting)
    go_on(ports)
    told = [(one.actor, one.action, one.subject, one.detail) for one in ports.audit.entries("*")]
    assert told == [("cli:eva", "model.promote", "1", "replaces 0")]
    assert ports.registry.ever_in_force() == {"0", "1"}


def test_a_promotion_run_twice_leads_where_it_led(ports):
    add_challenger(ports)
    promote(ports, "1", "test")
    promote(ports, "1", "test")
    assert ports.state.manifest().version == "1"
    assert previous_champion(ports) == "0"


def test_the_newest_order_takes_the_place_of_the_one_before(ports):
    add_challenger(ports)
    add_challenger(ports, "2")
    first = ports.state.enqueue("promote", "1", "test")
    run_commands(ports)
    assert go_on(ports)
    with pytest.raises(Conflict, match="promote 0 to call that off"):
        previous_champion(ports)
    second = ports.state.enqueue("promote", "2", "test")
    assert run_commands(ports) == 1
    while go_on(ports):
        assert run_commands(ports) == 0
    assert "version 2 was ordered" in ports.state.outcome(first)[1]
    assert ports.state.outcome(second) == (True, None)
    manifest = ports.state.manifest()
    assert (manifest.version, manifest.previous) == ("2", "0")


def found(ports: Ports, city: SimulatedCity, start: int, end: int):
    numbers = tuple(range(1, len(city.places) + 1))
    return ports.verdicts.find(VerdictQuery(series=numbers, start=start, end=end, limit=10**6))


def test_corrections_that_are_owed_when_a_champion_is_replaced_are_made_under_the_next(ports, city):
    """Its state knows what came late; the verdicts in force do not yet."""
    add_challenger(ports)
    ports.counts.append(counted(city, slice(BEGIN + 5, BEGIN + 6), 40))
    advance(ports, end_of(city) - timedelta(days=3), enough=lambda: True)
    owed = ports.state.ledger().pending
    begin_promotion(ports, "1", "test")
    finish(ports)
    assert ports.state.ledger().pending == owed != {}
