"""The scheduler's tick: what it does, in what order, and what an error ends."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from models.city import SimulatedCity, simulate_city
from models.hotspots import significance
from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.hotspots import ListRecord, ListStatus
from service.domain.places import Kind
from service.errors import SchedulerBusy, StoreError
from service.ports import Ports
from service.ports.lists import HotspotListStore
from service.scheduler import run_every
from service.tick import Tick
from service.usecases.findings.common_cause import count_begun
from service.usecases.learning.advance import advance
from service.usecases.lists.hotspots import approve_list
from service.usecases.locks import scheduler_lock
from tests.worlds import TENANT, end_of, opened_after, sqlite_ports, unscored

EVERY_STATUS = tuple(ListStatus)


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return simulate_city(3, stairwells=4, weeks=2)


@pytest.fixture(scope="module")
def scored(city: SimulatedCity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small town's counts of two weeks, scored but for the last evening."""
    folder = tmp_path_factory.mktemp("scored")
    advance(unscored(folder, city), end_of(city) - timedelta(hours=6))
    return folder


@pytest.fixture
def ports(scored: Path, city: SimulatedCity, tmp_path: Path) -> Ports:
    """A copy of it; the clock shows two o'clock, local time, the day after."""
    shutil.copytree(scored, tmp_path, dirs_exist_ok=True)
    return opened_after(tmp_path, city)


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """What lists are made of is no matter here, but that they are."""
    monkeypatch.setattr(significance, "_DRAWS", 120)


def waits(ports: Ports) -> bool:
    """Whether windows that could be scored are not."""
    manifest = ports.state.manifest()
    return manifest is None or manifest.watermark < (ports.clock.now() - timedelta(hours=1)).timestamp()


def local(ports: Ports, hour: int, days: int = 0) -> None:
    """Set the clock to a local hour of the day after the town's last."""
    ports.clock.time = ports.clock.time + timedelta(days=days, hours=hour - 2)


def lists(ports: Ports) -> int:
    return len(ports.lists.records(TENANT, EVERY_STATUS))


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"trappvakt_{name}_total", labels) or 0.0


def failures(step: str) -> float:
    return counted("tick_errors", step=step)


def test_a_tick_scores_what_waits_and_tells_of_it_in_one_line(ports: Ports) -> None:
    """The second tick finds nothing to do, and says that too."""
    with capture_logs() as lines:
        Tick(ports).run()
        Tick(ports).run()
    ticks = [line for line in lines if line["event"] == "tick"]
    assert [line["windows"] > 0 for line in ticks] == [True, False]
    assert ticks[0]["verdicts"] > 0
    assert ticks[0]["watermark"] == ticks[1]["watermark"] == (ports.clock.now() - timedelta(hours=1)).isoformat()


def test_the_line_tells_what_somebody_wants_to_know_at_night(ports: Ports) -> None:
    """How much was done and is missing, how far it came, what failed and why, what took long; and all of it adds up."""
    night = int(ports.clock.now().timestamp()) - np.arange(6, 2, -1) * 3600
    loud = CountPoints(np.full(4, 1), night * NANOSECONDS, np.full(4, 60), np.zeros(4, dtype=np.int64))
    ports.counts.append(loud)
    since = ports.state.manifest().watermark
    before = {name: counted(name) for name in ("windows_missing", "episodes_opened", "anomalous_verdicts")}
    with capture_logs() as lines:
        Tick(ports).run()
        Tick(replace(ports, counts=Away(), lists=Away())).run()
    done, failed = (line for line in lines if line["event"] == "tick")
    series = [one.number for one in ports.register.series()]
    assert done["missing"] == done["windows"] * len(series) - done["verdicts"]
    assert done["episodes_opened"] == count_begun(ports, since).episodes > 0
    assert (done["overdue_seconds"], done["version"], done["series"]) == (0.0, "0", len(series))
    told = {"windows_missing": "missing", "episodes_opened": "episodes_opened", "anomalous_verdicts": "anomalous"}
    assert {name: counted(name) - before[name] for name in told} == {name: done[key] for name, key in told.items()}
    assert {name for name in done if name.endswith("_seconds")} > {"advance_seconds", "mail_seconds"}
    assert (failed["failed"], failed["advance_error"]) == (["advance"], "the store is away")
    assert [line["log_level"] for line in (done, failed)] == ["info", "warning"]


def test_the_line_tells_since_when_windows_wait(ports: Ports) -> None:
    """Though nothing could be scored: a day less the lateness, as the clock stands on the hour."""
    Tick(ports).run()
    local(ports, 2, days=1)
    before = counted("store_errors", process="scheduler")
    with capture_logs() as lines:
        Tick(replace(ports, counts=Away())).run()
    assert [line["overdue_seconds"] for line in lines if line["event"] == "tick"] == [86_400 - 900]
    assert counted("store_errors", process="scheduler") == before + 1


def test_sensors_that_cannot_be_read_do_not_hide_how_far_the_service_has_come(ports: Ports) -> None:
    """The one step fails, and the line tells the rest."""
    with capture_logs() as lines:
        Tick(replace(ports, sensors=Away())).run()
    [line] = [line for line in lines if line["event"] == "tick"]
    assert line["failed"] == ["sensors"]
    assert (line["series"], line["overdue_seconds"]) == (len(ports.register.series()), 0.0)


def test_a_tick_reads_places_when_they_have_changed_and_sensors_once(ports: Ports) -> None:
    """Whether it scores or finds nothing to do; a place that another process registers is judged with its counts."""
    places, sensors = Counted(ports.register), Counted(ports.sensors)
    tick = Tick(replace(ports, register=places, sensors=sensors))
    tick.run()
    for hours in (0, 1):
        places.calls.clear()
        sensors.calls.clear()
        ports.clock.time += timedelta(hours=hours)
        tick.run()
        assert (places.calls["stairwells"], sensors.calls["activities"]) == (0, 1)
    elsewhere = sqlite_ports(ports.settings.data_dir)
    elsewhere.register.learn(TENANT, [("new", "cellar", Kind.CELLAR)])
    number = elsewhere.register.index(TENANT)["new", "cellar"]
    hour = ports.state.manifest().watermark
    zero = np.zeros(1, dtype=np.int64)
    elsewhere.counts.append(CountPoints(np.array([number]), np.array([hour * NANOSECONDS]), zero, zero))
    ports.clock.time += timedelta(hours=1)
    tick.run()
    judged = ports.verdicts.columns(np.array([number]), 0, hour + 3600)
    assert judged.starts.tolist() == [hour]


def test_the_daily_draft_is_made_once_and_not_before_its_hour(ports: Ports) -> None:
    """At five, local time; not again by the same scheduler, nor by one that was started after it."""
    tick = Tick(ports)
    tick.run()
    assert lists(ports) == 0
    local(ports, 5)
    tick.run()
    assert lists(ports) == 1
    tick.run()
    Tick(ports).run()
    assert lists(ports) == 1
    local(ports, 5, days=1)
    tick.run()
    assert lists(ports) == 2


def test_each_area_has_a_draft_of_its_own_if_the_settings_say_so(ports: Ports) -> None:
    """And none for the tenant as a whole."""
    by_area = msgspec.structs.replace(ports.settings.hotspots, by_area=True)
    local(ports, 6)
    Tick(replace(ports, settings=msgspec.structs.replace(ports.settings, hotspots=by_area))).run()
    areas = {one.area for one in ports.register.series()}
    assert sorted(record.area for record in ports.lists.records(TENANT, EVERY_STATUS)) == sorted(areas)


def test_a_tick_deletes_what_is_too_old_and_joins_what_is_shared(ports: Ports) -> None:
    """Also when no draft is due."""
    sharing = msgspec.structs.replace(ports.settings.hotspots, share_with_police=(TENANT,), keep_days=1)
    shared = replace(ports, settings=msgspec.structs.replace(ports.settings, hotspots=sharing))
    local(ports, 6)
    Tick(ports).run()
    approve_list(ports, TENANT, ports.lists.records(TENANT, EVERY_STATUS)[0].list_id, "anna")
    with capture_logs() as lines:
        Tick(shared).run()
    local(ports, 3, days=1)
    with capture_logs() as later:
        Tick(shared).run()
    joint = ports.lists.records("*", EVERY_STATUS)[0]
    assert [line["lists"] for line in lines if line["event"] == "tick"] == [[joint.list_id]]
    assert joint.tenants == [TENANT]
    assert [len(line["expired"]) for line in later if line["event"] == "tick"] == [2]


def test_a_failed_step_is_counted_and_the_next_tick_tries_again(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is away for a tick costs that tick, nothing else."""
    before = failures("advance")
    away = replace(ports, counts=Away())
    with capture_logs() as lines:
        Tick(away).run()
    assert failures("advance") == before + 1
    assert [line["failed"] for line in lines if line["event"] == "tick"] == [["advance"]]
    assert waits(ports)
    Tick(ports).run()
    assert not waits(ports)


def test_a_list_that_cannot_be_made_is_made_by_a_later_tick(ports: Ports) -> None:
    """And the windows are scored all the same."""
    local(ports, 6)
    tick = Tick(replace(ports, lists=Away()))
    tick.run()
    assert not waits(ports)
    tick.ports = ports
    tick.run()
    assert lists(ports) == 1


def test_a_tenant_whose_list_fails_keeps_no_other_waiting(ports: Ports) -> None:
    """The one without a fault comes later in the alphabet, and has its list after the same tick."""
    ports.register.learn("aaa", [("kvarnen-3a", "cellar", Kind.CELLAR)])
    local(ports, 6)
    before = failures("lists")
    Tick(replace(ports, lists=AwayFor(ports.lists, "aaa"))).run()
    assert failures("lists") == before + 1
    assert lists(ports) == 1


def test_asked_to_end_a_catch_up_ends_at_a_commit(city: SimulatedCity, tmp_path: Path) -> None:
    """What is committed stays, and the next scheduler goes on from there."""
    ports = unscored(tmp_path, city)
    stop = threading.Event()
    stop.set()
    Tick(ports, stop).run()
    first = ports.state.manifest()
    assert first is not None
    assert 0 < first.watermark - first.origin <= ports.settings.advance.commit_windows * 3600
    Tick(ports).run()
    assert ports.state.manifest().watermark > first.watermark


def test_commands_are_run_before_new_windows(ports: Ports) -> None:
    """A command that fails keeps its message; the tick goes on."""
    number = ports.state.enqueue("promote", "77", "test")
    Tick(ports).run()
    finished, error = ports.state.outcome(number)
    assert finished
    assert error is not None
    assert not waits(ports)


def test_the_lock_lets_one_in(ports: Ports) -> None:
    """The message says where, and the lock is free again afterwards."""
    refused = pytest.raises(SchedulerBusy, match=r"scheduler\.lock")
    with scheduler_lock(ports.settings), refused, scheduler_lock(ports.settings):
        pass
    with scheduler_lock(ports.settings):
        assert advance(ports).windows > 0


def test_ticks_that_come_due_while_one_runs_are_counted_and_left_out() -> None:
    """The one after them comes in time."""
    stop, before, began = threading.Event(), counted("ticks_missed"), list[float]()

    def tick() -> None:
        began.append(time.monotonic())
        if len(began) == 1:
            time.sleep(0.5)
        else:
            stop.set()

    run_every(0.2, tick, stop)
    assert counted("ticks_missed") == before + 2
    assert 0.5 <= began[1] - began[0] < 0.8


def test_a_tick_that_fails_is_logged_and_followed_by_the_next(caplog: pytest.LogCaptureFixture) -> None:
    """Steps catch their own errors; this is what is left."""
    stop, outcomes = threading.Event(), [RuntimeError("out of step"), None]

    def tick() -> None:
        if error := outcomes.pop(0):
            raise error
        stop.set()

    run_every(0.1, tick, stop)
    assert outcomes == []
    assert "out of step" in caplog.text


def test_no_list_without_a_scored_window(tmp_path: Path) -> None:
    """A new service waits for its first counts."""
    ports = sqlite_ports(tmp_path, now=datetime(2026, 11, 1, 12, tzinfo=UTC))
    with capture_logs() as lines:
        Tick(ports).run()
    assert [line.get("failed") for line in lines if line["event"] == "tick"] == [None]


class AwayFor:
    """Lists that cannot be reached for one tenant."""

    def __init__(self, lists: HotspotListStore, tenant: str) -> None:
        self._lists = lists
        self._tenant = tenant

    def add(self, record: ListRecord, canonical_json: bytes) -> None:
        if record.tenant == self._tenant:
            raise StoreError("the store is away")
        self._lists.add(record, canonical_json)

    def __getattr__(self, name: str) -> object:
        return getattr(self._lists, name)


class Counted:
    """A store that counts what it is asked."""

    def __init__(self, store: object) -> None:
        self._store = store
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> object:
        self.calls[name] += 1
        return getattr(self._store, name)


class Away:
    """A store that cannot be reached."""

    def __getattr__(self, name: str) -> object:
        raise StoreError("the store is away")
