"""Versions side by side, their gates, and those that nothing needs any longer."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from models.city import SimulatedCity, simulate_city
from service.domain.keys import EVERY_TENANT
from service.errors import Conflict, GatesNotPassed, InvalidInput, NotFound, VersionRefused
from service.ports import Ports
from service.settings.sections import Gates
from service.usecases.commands import run_commands
from service.usecases.learning.advance import advance
from service.usecases.versions.gates import judge_gates
from service.usecases.versions.orders import promotion_argument, pruning_argument
from service.usecases.versions.promote import previous_champion
from service.usecases.versions.prune import plan_pruning, prune
from service.usecases.versions.reading import adopt_version, compare_versions, list_refused, list_versions, read_version
from tests.challengers import PASSING, add_challenger, promote
from tests.worlds import city_points, end_of, register_city, sqlite_ports

GATES = Gates(calibration_ratio=1.25, recall_loss=0.05, list_overlap=0.6)


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return simulate_city(2, stairwells=1, weeks=1)


@pytest.fixture(scope="module")
def scored(city, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("scored")
    ports = sqlite_ports(folder)
    register_city(ports, city)
    ports.counts.append(city_points(city))
    advance(ports, end_of(city) - timedelta(days=5))
    return folder


@pytest.fixture
def ports(scored, tmp_path) -> Ports:
    """Two days are scored under version 0."""
    shutil.copytree(scored, tmp_path, dirs_exist_ok=True)
    return sqlite_ports(tmp_path)


def failed(ports: Ports, **metrics: float) -> list[str]:
    """The gates that a version does not pass with these metrics of its trial instead of passing ones."""
    manifest = add_challenger(ports, metrics=PASSING | metrics)
    return [gate.name for gate in judge_gates(manifest, "0", GATES) if not gate.passed]


@pytest.mark.parametrize(
    ("metrics", "gates"),
    [
        ({}, []),
        ({"calibration_challenger": 0.22, "calibration_champion": 0.0}, []),
        ({"calibration_challenger": 0.23, "calibration_champion": 0.0}, ["calibration"]),
        ({"calibration_challenger": 0.5, "calibration_champion": 0.5}, []),
        ({"recall_challenger": 0.5501, "recall_champion": 0.6}, []),
        ({"recall_challenger": 0.5499, "recall_champion": 0.6}, ["recall"]),
        ({"list_overlap": 0.6}, []),
        ({"list_overlap": 0.59, "recall_challenger": 0.0}, ["recall", "overlap"]),
    ],
)
def test_gates_are_read_off_the_trial(ports, metrics, gates):
    assert failed(ports, **metrics) == gates


@pytest.mark.parametrize("missing", PASSING)
def test_what_the_trial_did_not_tell_does_not_pass(ports, missing):
    without = {name: value for name, value in PASSING.items() if name != missing}
    (gate,) = [one for one in judge_gates(add_challenger(ports, metrics=without), "0", GATES) if not one.passed]
    assert missing in gate.reason


def test_a_trial_beside_another_version_does_not_pass(ports):
    add_challenger(ports)
    promote(ports, "1", "test")
    add_challenger(ports, "2", parent="0")
    with pytest.raises(GatesNotPassed, match="tried beside version 0, and version 1 is in force"):
        promote(ports, "2", "test")
    assert ports.state.manifest().version == "1"


def test_a_reason_overrides_and_is_in_the_audit(ports):
    add_challenger(ports, metrics={})
    with pytest.raises(GatesNotPassed, match="did not tell of list_overlap"):
        promotion_argument(ports, "1")
    argument = promotion_argument(ports, "1", "  the fair\nwas in town ")
    assert argument == "1 the fair was in town"
    promote(ports, "1", "cli:eva", "the fair was in town")
    assert ports.audit.entries(EVERY_TENANT)[0].detail == "replaces 0; gates overridden: the fair was in town"
    with pytest.raises(InvalidInput, match="501 characters"):
        promotion_argument(ports, "1", "x" * 501)


def test_a_reason_that_was_not_needed_is_not_in_the_audit(ports):
    add_challenger(ports)
    promote(ports, "1", "cli:eva", "just in case")
    assert ports.audit.entries(EVERY_TENANT)[0].detail == "replaces 0"


def test_a_rollback_needs_no_gates(ports):
    """The champion before was judged when it was put in force."""
    add_challenger(ports)
    promote(ports, "1", "test")
    assert promotion_argument(ports, previous_champion(ports)) == "0"
    assert promotion_argument(ports, "1") == "1"


def test_a_version_tells_all_of_its_manifest(ports):
    add_challenger(ports)
    told = read_version(ports, "1")
    assert (told.champion, told.parent, told.settings) == (False, "0", {"weeks": 8})
    assert {"settings.json", "tables/level.npy"} < set(told.files)
    assert told.size_bytes > 0
    assert [gate.passed for gate in told.gates] == [True] * 4
    assert [one.gates for one in list_versions(ports) if one.champion] == [[]]


def test_versions_are_compared(ports):
    add_challenger(ports, metrics=PASSING)
    compared = compare_versions(ports, "1", "0")
    assert {one.name for one in compared.metrics} == set(PASSING)
    assert [one.name for one in compared.tables] == ["level"]
    assert compared.tables[0].largest >= compared.tables[0].mean > 0
    assert [(one.name, one.one, one.other) for one in compared.settings] == [("weeks", 8, None)]
    same = compare_versions(ports, "1", "1")
    assert (same.settings, same.tables) == ([], [])
    with pytest.raises(NotFound):
        compare_versions(ports, "1", "7")


def test_what_is_needed_is_kept_and_the_rest_is_pruned(ports, tmp_path):
    """1 was in force, 3 comes from 2, 4 is to be put in force, 6 is the newest; 5 nobody needs."""
    add_challenger(ports)
    promote(ports, "1", "test")
    promote(ports, "0", "test")
    for version, parent in (("2", "0"), ("3", "2"), ("4", "0"), ("5", "0"), ("6", "3")):
        add_challenger(ports, version, parent)
    ports.state.enqueue("promote", "4", "test")
    plan = plan_pruning(ports, newest=1)
    assert [one.version for one in plan.pruned] == ["5"]
    assert plan.frees_bytes == ports.registry.size_bytes("5")
    assert {one.version: one.reason for one in plan.kept} == {
        "1": "a rollback leads to it",
        "2": "version 6 comes from it",
        "3": "version 6 comes from it",
        "4": "it is to be put in force",
        "6": "it is one of the newest",
    }
    prune(ports, pruning_argument(plan).split(), "cli:eva")
    assert not (tmp_path / "versions" / "5").exists()
    newest = ports.audit.entries(EVERY_TENANT)[0]
    assert (newest.actor, newest.action, newest.subject) == ("cli:eva", "model.prune", "5")
    assert newest.detail == f"frees {plan.frees_bytes} bytes"
    with pytest.raises(NotFound, match="was pruned"):
        read_version(ports, "5")


def test_what_is_needed_by_now_is_not_pruned(ports):
    """The plan was told before the version was put in force."""
    for version in ("1", "2"):
        add_challenger(ports, version)
    argument = pruning_argument(plan_pruning(ports, newest=0))
    promote(ports, "2", "test")
    number = ports.state.enqueue("prune", argument, "test")
    run_commands(ports)
    assert "2 (it is the champion)" in ports.state.outcome(number)[1]
    assert [one.version_id for one in ports.registry.manifests()] == ["0", "2"]


def test_a_folder_from_elsewhere_is_told_and_may_be_adopted(ports, tmp_path):
    other = sqlite_ports(tmp_path / "other")
    add_challenger(other, "7")
    shutil.copytree(tmp_path / "other" / "versions" / "7", tmp_path / "versions" / "7")
    (refused,) = list_refused(ports)
    assert (refused.version, "models adopt 7" in refused.reason) == ("7", True)
    with pytest.raises(VersionRefused):
        promote(ports, "7", "test")
    adopt_version(ports, "7", "cli:eva")
    assert ports.audit.entries(EVERY_TENANT)[0].action == "model.adopt"
    assert list_refused(ports) == []
    promote(ports, "7", "test")
    with pytest.raises(Conflict):
        adopt_version(ports, "7", "cli:eva")
