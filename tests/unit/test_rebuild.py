"""After an upgrade: a state of another layout is learnt anew by the scheduler itself, and verdicts stand."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from bench.corrections import same_as_fresh
from models.city import SimulatedCity, simulate_city
from models.detector.state import STATE_SCHEMA
from service.api.application import create_app
from service.bootstrap import build_installation
from service.cli import main
from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.keys import EVERY_TENANT
from service.domain.state import files_named
from service.domain.verdicts import VerdictColumns
from service.errors import StateOutdated, StoreError, VersionOutdated
from service.ports import Ports
from service.tick import Tick
from service.usecases.audit import SCHEDULER
from service.usecases.commands import run_commands
from service.usecases.doctor.diagnosis import State
from service.usecases.doctor.examination import examine
from service.usecases.findings.level_shifts import level_shifts
from service.usecases.health import second_state
from service.usecases.learning import slices
from service.usecases.learning.advance import advance
from service.usecases.versions.promote import begin_rebuild, go_on, rebuild
from tests.challengers import add_challenger, promote
from tests.worlds import TENANT, city_points, end_of, register_city, sqlite_ports

WEEKS = 2
WAITING = timedelta(days=2)


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return simulate_city(5, stairwells=6, weeks=WEEKS)


@pytest.fixture(scope="module")
def scored(city: SimulatedCity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which all but the last two days is scored."""
    folder = tmp_path_factory.mktemp("scored")
    ports = sqlite_ports(folder)
    register_city(ports, city)
    ports.counts.append(city_points(city))
    advance(ports, end_of(city) - WAITING)
    return folder


def copied(scored: Path, folder: Path, city: SimulatedCity, **overrides: object) -> Ports:
    shutil.copytree(scored, folder, dirs_exist_ok=True)
    return sqlite_ports(folder, now=end_of(city) + timedelta(hours=1), **overrides)


def of_another_layout(folder: Path, *, named: bool = True) -> None:
    """What a Trappvakt of another layout leaves behind: a head of fewer fields, with its number or from before it."""
    ports = sqlite_ports(folder)
    manifest, ledger = ports.state.manifest(), ports.state.ledger()
    assert manifest is not None
    for file in files_named(manifest, ledger):
        with np.load(folder / "state" / file) as chunk:
            arrays = {name: chunk[name] for name in chunk.files}
        arrays["head"] = arrays["head"][..., :-2, :]
        np.savez(folder / "state" / file, **arrays)
    say_layout(folder, STATE_SCHEMA - 1 if named else None)


def say_layout(folder: Path, number: int | None) -> None:
    """Name the layout of what is stored, or leave it unnamed."""
    with closing(sqlite3.connect(folder / "state.db")) as connection, connection:
        document = json.loads(connection.execute("SELECT document FROM manifest").fetchone()[0])
        assert document.pop("layout") == STATE_SCHEMA
        said = document | ({} if number is None else {"layout": number})
        connection.execute("UPDATE manifest SET document = ?", (json.dumps(said).encode(),))


def of_another_format(folder: Path, version_id: str) -> None:
    """What a Trappvakt of another format recorded of a version: whole, but with a setting that nobody knows."""
    path = folder / "versions" / version_id
    settings = json.loads((path / "settings.json").read_text())
    settings["hyperparameters"]["forgotten"] = 1.0
    (path / "settings.json").write_text(json.dumps(settings))
    described = json.loads((path / "manifest.json").read_text())
    described["files"]["settings.json"] = hashlib.sha256((path / "settings.json").read_bytes()).hexdigest()
    (path / "manifest.json").write_text(json.dumps(described))
    digest = hashlib.sha256((path / "manifest.json").read_bytes()).hexdigest()
    with closing(sqlite3.connect(folder / "register.db")) as connection, connection:
        connection.execute("DROP TRIGGER model_version_stays")
        changed = connection.execute("UPDATE model_version SET digest = ? WHERE id = ?", (digest, version_id))
        assert changed.rowcount == 1


def verdicts_of(ports: Ports, until: int = 2**40) -> VerdictColumns:
    return ports.verdicts.columns(np.arange(1, len(ports.register.series()) + 1), 0, until)


def assert_same(one: VerdictColumns, other: VerdictColumns) -> None:
    for name in ("series", "starts", "expected", "score", "evidence_weeks", "anomalous"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)


def ticked(ports: Ports, most: int = 50) -> list[dict[str, Any]]:
    """The lines of ticks until windows are scored again."""
    with capture_logs() as lines:
        for _ in range(most):
            Tick(ports).run()
            if ports.state.promotion() is None:
                break
        Tick(ports).run()
    return [dict(line) for line in lines if line["event"] == "tick"]


@pytest.mark.parametrize("named", [True, False], ids=["numbered", "before numbers"])
def test_a_state_of_another_layout_is_learnt_anew_and_all_that_waits_is_scored(
    scored: Path, tmp_path: Path, city: SimulatedCity, named: bool
) -> None:
    """By ticks alone; every verdict and every bit of state is that of a service that was never upgraded."""
    undisturbed, ports = copied(scored, tmp_path / "one", city), copied(scored, tmp_path / "two", city)
    before = verdicts_of(ports)
    of_another_layout(tmp_path / "two", named=named)
    lines = ticked(ports)
    assert "learns it anew" in lines[0]["outdated"]
    assert lines[0]["log_level"] == "warning"
    assert "windows" not in lines[0]
    assert lines[-1]["windows"] == 2 * 24
    assert "outdated" not in lines[-1]
    advance(undisturbed)
    manifest = ports.state.manifest()
    assert manifest is not None
    assert manifest.layout == STATE_SCHEMA
    assert manifest.previous is None
    assert_same(verdicts_of(ports), verdicts_of(undisturbed))
    assert_same(verdicts_of(ports, int(before.starts[-1]) + 1), before)
    assert same_as_fresh(ports)
    (entry,) = (one for one in ports.audit.entries(EVERY_TENANT, 10) if one.action == "state.rebuild")
    assert (entry.actor, entry.subject) == (SCHEDULER, "0")
    assert "this Trappvakt reads" in entry.detail


def test_a_layout_is_known_by_its_number_where_every_row_has_the_same_length(
    scored: Path, tmp_path: Path, city: SimulatedCity
) -> None:
    """Fields may mean something else and be as many: such a state is neither gone on with nor read."""
    ports = copied(scored, tmp_path, city)
    say_layout(tmp_path, STATE_SCHEMA + 1)
    for use in (lambda: advance(ports), lambda: level_shifts(ports, TENANT, 4)):
        with pytest.raises(StateOutdated, match=f"has layout {STATE_SCHEMA + 1}, and this Trappvakt reads"):
            use()


def test_progress_is_told_by_health_metrics_line_and_doctor(
    scored: Path, tmp_path: Path, city: SimulatedCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = copied(scored, tmp_path, city, advance__interval_seconds=1)
    client = create_app(ports).test_client()
    of_another_layout(tmp_path)
    assert "nothing is scored" in state_told(ports)
    monkeypatch.setattr(slices, "SLICE_WINDOWS", 168)
    monkeypatch.setattr("service.tick._PROMOTING_SHARE", 0.0)  # a slice a tick
    with capture_logs() as lines:
        for _ in range(3):
            Tick(ports).run()
    (line,) = [one for one in lines if one["event"] == "tick"][-1:]
    assert 0 < line["promoted"] < 1
    assert line["promoting"] == "0"
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json["status"]) == (200, "warn")
    assert ready.json["rebuilt"] == pytest.approx(line["promoted"], abs=1e-3)
    assert f'trappvakt_second_state_ratio{{cause="rebuild"}} {ready.json["rebuilt"]}' in client.get("/metrics").text
    assert "is learnt anew" in state_told(ports)
    with pytest.raises(StateOutdated, match="learns it anew"):
        level_shifts(ports, TENANT, 4)
    while go_on(ports):
        pass
    assert client.get("/health/ready").json["status"] == "pass"
    assert 'trappvakt_second_state_ratio{cause="rebuild"} 1.0' in client.get("/metrics").text
    assert state_told(ports).endswith("whole")


def state_told(ports: Ports) -> str:
    (told,) = [one for one in examine(ports, build_installation(ports.settings)) if one.part == "state"]
    assert (told.state is State.WARNING) == (told.remedy is not None)
    return told.message


def test_killed_at_every_commit_it_ends_as_if_it_had_not_been(
    scored: Path, tmp_path: Path, city: SimulatedCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each commit in its turn comes to nothing, as a kill before it would leave it, and a new process goes on."""
    monkeypatch.setattr(slices, "SLICE_WINDOWS", 2000)
    undisturbed, killed = copied(scored, tmp_path / "one", city), 0
    advance(undisturbed)
    copied(scored, tmp_path / "two", city)
    of_another_layout(tmp_path / "two")
    while killed < 200:
        ports = sqlite_ports(tmp_path / "two", now=end_of(city) + timedelta(hours=1))
        with monkeypatch.context() as broken:
            broken.setattr(ports.state, "publish_promotion", dies_after(1, ports.state.publish_promotion))
            try:
                rebuild_once(ports)
            except StoreError:
                killed += 1
                continue
        break
    assert killed >= 5
    assert_same(verdicts_of(ports), verdicts_of(undisturbed))
    assert same_as_fresh(ports)
    rebuilt = [one for one in ports.audit.entries(EVERY_TENANT, 10) if one.action == "state.rebuild"]
    assert len(rebuilt) == 1


def rebuild_once(ports: Ports) -> None:
    try:
        advance(ports)
    except StateOutdated as outdated:
        rebuild(ports, outdated)
        advance(ports)
    while go_on(ports):
        pass


def dies_after(commits: int, publish: Callable[[Any], None]) -> Callable[[Any], None]:
    done: list[object] = []

    def commit(promotion: Any) -> None:
        if len(done) == commits:
            raise StoreError("the process was killed")
        done.append(promotion)
        publish(promotion)

    return commit


def test_counts_that_come_late_meanwhile_are_corrected_afterwards(
    scored: Path, tmp_path: Path, city: SimulatedCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SLICE_WINDOWS", 2000)
    ports = copied(scored, tmp_path, city)
    of_another_layout(tmp_path)
    with pytest.raises(StateOutdated) as outdated:
        advance(ports)
    begin_rebuild(ports, outdated.value)
    for part, series in enumerate((1, 2, 3)):
        assert go_on(ports)
        hours = int(city.starts[0]) + 3600 * np.arange(part * 100, part * 100 + 24)
        ones = np.ones(24, dtype=np.int64)
        ports.counts.append(CountPoints(series * ones, hours * NANOSECONDS, 5 * ones, 0 * ones))
    while go_on(ports):
        pass
    assert advance(ports).corrected == 3
    assert same_as_fresh(ports)


def test_a_champion_of_another_format_gives_way_to_the_shipped_version(
    scored: Path, tmp_path: Path, city: SimulatedCity
) -> None:
    """Whether its state could be read or not; it is told, and which version each verdict is of."""
    ports = copied(scored, tmp_path, city)
    add_challenger(ports)
    promote(ports, "1", "test")
    of_another_format(tmp_path, "1")
    ports = sqlite_ports(tmp_path, now=end_of(city) + timedelta(hours=1))
    with pytest.raises(VersionOutdated, match="forgotten"):
        advance(ports)
    (told,) = (one for one in examine(ports, build_installation(ports.settings)) if one.part == "model versions")
    assert told.remedy is not None
    assert "version 0" in told.remedy
    lines = ticked(ports)
    assert "forgotten" in lines[0]["outdated"]
    assert lines[-1]["version"] == "0"
    assert lines[-1]["windows"] == 2 * 24
    (entry,) = (one for one in ports.audit.entries(EVERY_TENANT, 10) if one.action == "state.rebuild")
    assert entry.subject == "0"
    assert "replaces 1" in entry.detail
    assert "version 0 takes its place" in entry.detail
    manifest = ports.state.manifest()
    assert manifest is not None
    assert (manifest.version, manifest.previous) == ("0", "1")


def test_an_altered_champion_is_never_replaced_by_itself(scored: Path, tmp_path: Path, city: SimulatedCity) -> None:
    """It may have been tampered with: that is for people."""
    ports = copied(scored, tmp_path, city)
    add_challenger(ports)
    promote(ports, "1", "test")
    (tmp_path / "versions" / "1" / "settings.json").write_text("{}")
    of_another_layout(tmp_path)
    with capture_logs() as lines:
        Tick(ports).run()
    (line,) = [one for one in lines if one["event"] == "tick"]
    assert "altered" in line["advance_error"]
    assert ports.state.promotion() is None


def test_a_promotion_of_another_layout_is_given_up_and_one_of_todays_goes_on(
    scored: Path, tmp_path: Path, city: SimulatedCity
) -> None:
    ports = copied(scored, tmp_path, city)
    add_challenger(ports)
    number = ports.state.enqueue("promote", "1", "test")
    run_commands(ports)
    promotion = ports.state.promotion()
    assert promotion is not None
    older = msgspec.structs.replace(promotion.manifest, layout=STATE_SCHEMA - 1)
    ports.state.publish_promotion(msgspec.structs.replace(promotion, manifest=older))
    of_another_layout(tmp_path)
    outdated = StateOutdated("another layout")
    begin_rebuild(ports, outdated)
    assert ports.state.outcome(number) == (True, "another layout; order it again")
    number = ports.state.enqueue("promote", "1", "test")
    run_commands(ports)
    begin_rebuild(ports, outdated)
    second = second_state(ports)
    assert second is not None
    assert (second.version, second.outdated) == ("1", f"the state has layout {STATE_SCHEMA - 1}")
    while go_on(ports):
        pass
    assert ports.state.outcome(number) == (True, None)
    assert advance(ports).windows == 2 * 24
    assert same_as_fresh(ports, verdicts=False)


def test_scoring_by_hand_learns_it_anew_first(scored: Path, tmp_path: Path, city: SimulatedCity) -> None:
    ports = copied(scored, tmp_path, city)
    of_another_layout(tmp_path)
    done = CliRunner().invoke(main, ["--data", str(tmp_path), "score", "--to", end_of(city).isoformat()])
    assert done.exit_code == 0, done.output
    assert "learns it anew" in done.output
    manifest = ports.state.manifest()
    assert manifest is not None
    assert manifest.layout == STATE_SCHEMA
    assert same_as_fresh(ports)
