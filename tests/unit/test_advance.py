"""Advance: live, in pieces, on many cores, late or interrupted, the verdicts are those of one undisturbed replay."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from socket import socket

import dask
import msgspec
import numpy as np
import pytest
from distributed import LocalCluster

from models.city import SimulatedCity, simulate_city
from models.kinds import kind_number
from models.shipped import shipped_version
from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.places import Liveness, PlaceRow
from service.domain.state import Manifest
from service.domain.verdicts import VerdictColumns
from service.errors import SettingsError, StoreError
from service.ports import Ports
from service.usecases.learning.advance import advance
from service.usecases.learning.rosters import settings_calendar
from service.usecases.trials.replay import ReplayCounts, replay
from tests.worlds import TENANT, city_points, end_of, register_city, sqlite_ports

WEEKS = 2


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return simulate_city(11, stairwells=8, weeks=WEEKS)


@pytest.fixture(scope="module")
def undisturbed(city, tmp_path_factory) -> VerdictColumns:
    """The verdicts of one pass over everything."""
    ports = world(tmp_path_factory.mktemp("undisturbed"), city)
    ports.counts.append(city_points(city))
    advance(ports, end_of(city))
    return verdicts_of(ports, city)


def world(folder, city, **overrides) -> Ports:
    ports = sqlite_ports(folder, **overrides)
    register_city(ports, city)
    return ports


def verdicts_of(ports: Ports, city: SimulatedCity) -> VerdictColumns:
    return ports.verdicts.columns(np.arange(1, len(city.places) + 1), 0, 2**40)


def assert_same(left: VerdictColumns, right: VerdictColumns) -> None:
    for column in fields(VerdictColumns):
        np.testing.assert_array_equal(getattr(left, column.name), getattr(right, column.name), column.name)


def test_every_count_gets_a_verdict(city, undisturbed):
    assert len(undisturbed) == np.count_nonzero(~np.isnan(city.counts))


def test_replay_without_a_store_equals_live(city, undisturbed, tmp_path):
    """The file's path and the service's path are one."""
    collected = ReplayCounts(
        names=[(place.stairwell, place.space) for place in city.places],
        kinds=[kind_number(place.kind) for place in city.places],
    )
    window, series = np.nonzero(~np.isnan(city.counts))
    collected.starts.extend(city.starts[window].tolist())
    collected.series.extend(series.tolist())
    collected.counts.extend(city.counts[window, series].astype(int).tolist())
    ports = sqlite_ports(tmp_path)
    replayed = replay(collected, shipped_version(), settings_calendar(ports.settings), budget=2.0)
    live = undisturbed
    for name in ("starts", "count", "expected", "lower", "upper", "p_value", "p_above", "score", "episode_probability"):
        np.testing.assert_array_equal(getattr(replayed, name), getattr(live, name), name)


def test_in_pieces_equals_in_one_go(city, undisturbed, tmp_path):
    """Each pass starts from the chunks that the pass before it published."""
    ports = world(tmp_path, city, advance__commit_windows=50)
    ports.counts.append(city_points(city))
    for hours in (1, 2, 30, 31, 200, WEEKS * 168):
        advance(ports, end_of(city) - timedelta(hours=WEEKS * 168 - hours))
    advance(ports, end_of(city))
    assert_same(verdicts_of(ports, city), undisturbed)


@pytest.mark.parametrize(("workers", "backend"), [pytest.param(1, "loky", marks=pytest.mark.long), (2, "loky")])
def test_shards_do_not_change_the_answer(city, undisturbed, tmp_path, workers, backend):
    ports = world(tmp_path, city, advance__shard_series=3, advance__workers=workers, advance__backend=backend)
    ports.counts.append(city_points(city))
    advance(ports, end_of(city))
    assert_same(verdicts_of(ports, city), undisturbed)


def test_a_dask_cluster_gives_the_same_answer(city, undisturbed, tmp_path):
    """Several machines are the same call on joblib's Dask backend; here its workers are threads, which are sent to."""
    with cluster_of(2) as cluster:
        ports = world(tmp_path, city, **on_dask(cluster.scheduler_address))
        ports.counts.append(city_points(city))
        advance(ports, end_of(city))
    assert_same(verdicts_of(ports, city), undisturbed)


def test_a_dask_cluster_that_is_away_is_told(city, undisturbed, tmp_path):
    """With its address; what waits is scored once another has come up there."""
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
    ports = world(tmp_path, city, **on_dask(address))
    ports.counts.append(city_points(city))
    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}), pytest.raises(SettingsError, match=address):
        advance(ports, end_of(city))
    with cluster_of(1, scheduler_port=int(address.rpartition(":")[2])):
        advance(ports, end_of(city))
    assert_same(verdicts_of(ports, city), undisturbed)


def cluster_of(workers, **more) -> LocalCluster:
    """Workers that all is sent to over a socket, without what it takes to start processes."""
    return LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=False, protocol="tcp://", dashboard_address=None, **more
    )


def on_dask(address):
    """Settings of several shards that the workers of a cluster advance."""
    return {
        "advance__shard_series": 6,
        "advance__workers": 2,
        "advance__backend": "dask",
        "advance__dask_scheduler": address,
    }


def test_late_counts_are_replayed_and_superseded_verdicts_kept(city, undisturbed, tmp_path):
    """A week that arrives late ends in the verdicts an undisturbed run gives."""
    ports = world(tmp_path, city)
    everything = city_points(city)
    late = (everything.series == 2) & (everything.times >= city.starts[168] * NANOSECONDS)
    ports.counts.append(points(everything, ~late))
    advance(ports, end_of(city))
    assert len(verdicts_of(ports, city)) == len(everything) - late.sum()
    ports.counts.append(points(everything, late))
    report = advance(ports, end_of(city))
    assert report.corrected == 1
    assert_same(verdicts_of(ports, city), undisturbed)


def test_history_back_filled_before_the_first_window(city, undisturbed, tmp_path):
    """A service that is live learns months that are imported afterwards."""
    ports = world(tmp_path, city)
    recent = slice(200, None)
    ports.counts.append(city_points(city, recent))
    advance(ports, end_of(city))
    ports.counts.append(city_points(city, slice(0, 200)))
    advance(ports, end_of(city))
    assert_same(verdicts_of(ports, city), undisturbed)


def test_a_tick_that_fails_leaves_nothing_and_is_done_again(city, undisturbed, tmp_path, monkeypatch):
    ports = world(tmp_path, city)
    ports.counts.append(city_points(city))
    advance(ports, end_of(city) - timedelta(days=3))
    before, known, publish = ports.state.manifest(), verdicts_of(ports, city), ports.state.publish

    def fails_at_the_end(manifest: Manifest) -> None:
        publish(manifest)
        raise StoreError("full")

    with monkeypatch.context() as broken:
        broken.setattr(ports.state, "publish", fails_at_the_end)
        with pytest.raises(StoreError):
            advance(ports, end_of(city))
    assert ports.state.manifest() == before
    assert_same(verdicts_of(ports, city), known)
    advance(ports, end_of(city))
    assert_same(verdicts_of(ports, city), undisturbed)


def test_a_gap_of_years_costs_no_more_than_one_of_weeks(city, undisturbed, tmp_path):
    """A sensor whose clock stood in 2001 does not hold up the town; the town's own verdicts are as ever."""
    ports = world(tmp_path, city)
    ports.counts.append(city_points(city))
    stray = np.array([978_307_200])
    ports.counts.append(
        CountPoints(series=np.array([1]), times=stray * NANOSECONDS, counts=np.array([1]), sources=np.array([0]))
    )
    report = advance(ports, end_of(city))
    assert report.windows > 200_000
    verdicts = verdicts_of(ports, city)
    others = verdicts.where(verdicts.series > 1)
    assert_same(others, undisturbed.where(undisturbed.series > 1))
    assert verdicts.starts[0] == stray[0]


def test_nothing_is_scored_before_its_window_and_the_lateness_are_over(city, tmp_path):
    ports = world(tmp_path, city)
    ports.counts.append(city_points(city, slice(-48, None)))
    ports.clock.time = end_of(city) + timedelta(minutes=14)
    assert advance(ports).watermark == end_of(city) - timedelta(hours=1)
    ports.clock.time = end_of(city) + timedelta(minutes=15)
    assert advance(ports).watermark == end_of(city)


def test_nothing_is_scored_before_it_has_ended_whatever_time_is_named(city, tmp_path):
    """A watermark in the future would make every count to come a late one."""
    ports = world(tmp_path, city)
    ports.counts.append(city_points(city, slice(-48, None)))
    ports.clock.time = end_of(city) - timedelta(minutes=1)
    assert advance(ports, end_of(city) + timedelta(days=365)).watermark == end_of(city) - timedelta(hours=1)


def test_an_empty_store_waits(tmp_path):
    assert advance(sqlite_ports(tmp_path)).watermark is None


def test_another_window_length_is_refused(city, tmp_path):
    ports = world(tmp_path, city)
    ports.counts.append(city_points(city, slice(0, 48)))
    advance(ports, end_of(city) - timedelta(weeks=WEEKS, days=-2))
    with pytest.raises(SettingsError, match=r"window\.minutes is 30"):
        advance(sqlite_ports(tmp_path, window__minutes=30), end_of(city))


def test_under_assumed_liveness_silence_is_zero_until_it_is_too_long(city, tmp_path):
    """A busy place that falls silent is taken for calm at first, and for dead later: then it never was calm."""
    ports = sqlite_ports(tmp_path)
    ports.register.put([ASSUMED])
    busy, silent = city.starts[:240], city.starts[240:]
    ports.counts.append(twos(1, busy))
    advance(ports, datetime.fromtimestamp(int(silent[1]), UTC))
    verdicts = ports.verdicts.columns(np.array([1]), 0, 2**40)
    assert verdicts.starts[verdicts.count == 0].tolist() == [silent[0]]
    advance(ports, end_of(city))
    [silence] = ports.state.ledger().silences[1]
    assert silence.start == silent[0] < silence.found < silent[24]
    assert ports.verdicts.columns(np.array([1]), 0, 2**40).starts.tolist() == busy.tolist()


def test_nothing_is_assumed_of_the_time_before_a_sensor(city, tmp_path):
    """Registered when installed or long before: silence tells nothing until the sensor has said something."""
    verdicts = []
    for folder, at_once in (("early", True), ("late", False)):
        ports = sqlite_ports(tmp_path / folder)
        ports.register.put([msgspec.structs.replace(ASSUMED, stairwell="other", sensor=None)])
        ports.counts.append(twos(1, city.starts))
        if at_once:
            ports.register.put([ASSUMED])
        advance(ports, end_of(city) - timedelta(weeks=1))
        ports.register.put([ASSUMED])
        ports.counts.append(twos(2, city.starts[-150::50]))
        advance(ports, end_of(city))
        verdicts.append(ports.verdicts.columns(np.array([2]), 0, 2**40))
    assert len(verdicts[0]) > 3
    assert verdicts[0].starts[0] == city.starts[-150]
    assert_same(*verdicts)


ASSUMED = PlaceRow(
    tenant=TENANT,
    area="a",
    property="p",
    building="b",
    stairwell="s",
    space="cellar",
    sensor="x",
    liveness=Liveness.ASSUMED,
)


def twos(series: int, starts) -> CountPoints:
    """Two presences of one series in each of some windows."""
    ones = np.ones(len(starts), dtype=np.int64)
    return CountPoints(series=series * ones, times=starts * NANOSECONDS, counts=2 * ones, sources=0 * ones)


def points(all_points: CountPoints, keep) -> CountPoints:
    return CountPoints(*(getattr(all_points, column.name)[keep] for column in fields(CountPoints)))
