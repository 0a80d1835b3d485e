"""What holds of InfluxDB alone: others write there too, and it may be away, foreign or shut."""

from __future__ import annotations

import multiprocessing
import traceback
from pathlib import Path

import numpy as np
import pytest
from influxdb_client.client.write_api import SYNCHRONOUS

from service.bootstrap import build_ports
from service.domain.counts import NANOSECONDS
from service.domain.places import Kind
from service.domain.verdicts import VerdictQuery
from service.errors import SettingsError, StoreError
from service.settings import load_settings
from service.stores.influx.connection import InfluxConnection
from service.stores.influx.counts import InfluxCountStore
from service.stores.influx.verdicts import InfluxVerdictStore
from tests.contract.influx import InfluxServer
from tests.contract.stores import HOUR, TENANT, Stores, learn, numbers, points, rows_of, verdicts

START = 1_793_491_200
pytestmark = pytest.mark.influx


def write_as_telegraf(server: InfluxServer, stores: Stores, lines: list[str]) -> None:
    assert isinstance(stores.counts, InfluxCountStore)
    writer = server.client.write_api(write_options=SYNCHRONOUS)
    writer.write(stores.counts._bucket, server.org, "\n".join(lines))


def query(server: InfluxServer, stores: Stores, flux: str) -> list[dict[str, object]]:
    assert isinstance(stores.verdicts, InfluxVerdictStore)
    tables = server.client.query_api().query(flux, params={"_bucket": stores.verdicts._bucket})
    return [record.values for table in tables for record in table.records]


def test_counts_that_others_write_are_read(influx_server: InfluxServer, tmp_path: Path) -> None:
    """Without a space, with further tags and fields; those without a tenant are nobody's."""
    stores = influx_server.stores(tmp_path)
    stores.register.learn(TENANT, [("12A", "stairwell", Kind.STAIRWELL), ("12A", "vind", Kind.ATTIC)])
    stairwell, attic = (stores.register.index(TENANT)["12A", space] for space in ("stairwell", "vind"))
    later = START + 30 * 24 * HOUR
    lines = [
        f"presence,stairwell=12A,tenant={TENANT},host=pi count=3i {(START + 60) * NANOSECONDS}",
        f"presence,stairwell=12A,tenant={TENANT},sensor=s1 count=1i {(START + 70) * NANOSECONDS}",
        f"presence,stairwell=12A,space=vind,tenant={TENANT} count=2i,battery=3.1 {(START + 60) * NANOSECONDS}",
        f"presence,stairwell=12A,space=vind,tenant={TENANT} count=5i {later * NANOSECONDS}",
        f"presence,stairwell=12A,space=vind count=7i {START * NANOSECONDS}",
        f"presence,stairwell=99,space=vind,tenant={TENANT} count=7i {START * NANOSECONDS}",
        f"temperature,stairwell=12A,space=vind,tenant={TENANT} count=7i {START * NANOSECONDS}",
    ]
    write_as_telegraf(influx_server, stores, lines)
    stores.counts.append(points([(stairwell, START * NANOSECONDS, 10, 0)]))
    for chosen in (None, numbers([stairwell, attic])):
        read = stores.counts.read(START, later + HOUR, HOUR, chosen)
        rows = zip(read.starts.tolist(), read.series.tolist(), read.counts.tolist(), strict=True)
        assert list(rows) == [(START, stairwell, 14), (START, attic, 2), (later, attic, 5)]
    assert stores.counts.read(START, START + HOUR, 60, numbers([stairwell])).counts.tolist() == [10, 4]


def test_floats_that_others_write_are_read(influx_server: InfluxServer, tmp_path: Path) -> None:
    """As long as there are no integers beside them."""
    stores = influx_server.stores(tmp_path, learning=True)
    write_as_telegraf(
        influx_server,
        stores,
        [f"presence,stairwell=12A,tenant={TENANT} count={n} {START * NANOSECONDS}" for n in (3, 4)],
    )
    assert stores.counts.read(START, START + HOUR, HOUR).counts.tolist() == [4]


def test_places_that_others_write_are_learnt(influx_server: InfluxServer, tmp_path: Path) -> None:
    """In learning mode a count from an unknown place registers it, as it does when it is sent to us."""
    stores = influx_server.stores(tmp_path, learning=True)
    lines = [
        f"presence,stairwell=12A,space=vind,kind=attic,tenant={TENANT} count=2i {START * NANOSECONDS}",
        f"presence,stairwell=14,tenant={TENANT},kind=nonsense count=3i {START * NANOSECONDS}",
        f"presence,stairwell=16 count=3i {START * NANOSECONDS}",
    ]
    write_as_telegraf(influx_server, stores, lines)
    assert stores.counts.read(START, START + HOUR, HOUR).counts.sum() == 5
    learnt = [(one.stairwell, one.space, one.kind) for one in stores.register.series()]
    assert sorted(learnt) == [("12A", "vind", Kind.ATTIC), ("14", "stairwell", Kind.OTHER)]


def test_many_series_and_long_intervals_are_read_in_pieces(
    influx_server: InfluxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pieces together are the whole, whatever their size, and more series than a filter can name."""
    stores = influx_server.stores(tmp_path)
    series = learn(stores, 60)
    keys = [(START + hour * HOUR, number) for hour in range(30) for number in series]
    stores.counts.append(points([(number, start * NANOSECONDS, 1, 0) for start, number in keys]))
    stores.verdicts.write(verdicts("7", keys))
    for chosen in (numbers(series), numbers(series[:3]), numbers(series[7:50])):
        whole = stores.counts.read(START, START + 40 * HOUR, HOUR, chosen)
        said = stores.verdicts.columns(chosen, START, START + 40 * HOUR)
        with monkeypatch.context() as smaller:
            smaller.setattr("service.stores.influx.counts.ROWS_PER_QUERY", 130)
            smaller.setattr("service.stores.influx.verdicts.SERIES_HOURS_PER_QUERY", 130)
            pieces = stores.counts.read(START, START + 40 * HOUR, HOUR, chosen)
            said_in_pieces = stores.verdicts.columns(chosen, START - 500 * HOUR, START + 500 * HOUR)
        assert len(whole) == len(said) == 30 * len(chosen)
        assert np.array_equal(pieces.starts, whole.starts)
        assert np.array_equal(pieces.series, whole.series)
        assert rows_of(said_in_pieces) == rows_of(said)
        assert np.array_equal(said_in_pieces.series, said.series)


def test_fields_of_other_measures_are_not_read(influx_server: InfluxServer, tmp_path: Path) -> None:
    """A verdict that lacks them is one like any other to whoever does not ask for them."""
    stores = influx_server.stores(tmp_path)
    stores.register.learn(TENANT, [("12A", "vind", Kind.ATTIC)])
    series = stores.register.index(TENANT)["12A", "vind"]
    stores.verdicts.write(verdicts("7", [(START, series)]))
    said = 'count=3,anomalous=true,in_force=true,version="8"'
    line = f"verdict,stairwell=12A,space=vind,tenant={TENANT} {said} {(START + HOUR) * NANOSECONDS}"
    write_as_telegraf(influx_server, stores, [line])
    read = stores.verdicts.columns(numbers([series]), START, START + 2 * HOUR, ("count",))
    assert (read.version, read.count.tolist()[1:], read.anomalous.tolist()[1:]) == ("8", [3.0], [True])
    assert np.isnan(read.expected).all()


def test_superseded_verdicts_are_kept(influx_server: InfluxServer, tmp_path: Path) -> None:
    """Every one of them, also when the same window is corrected twice."""
    stores = influx_server.stores(tmp_path)
    series = learn(stores, 2)
    keys = [(START, series[0]), (START + HOUR, series[0])]
    for seed in (1, 2):
        stores.verdicts.write(verdicts("7", keys, seed))
        stores.verdicts.supersede(numbers(series), START, START + 2 * HOUR)
    flux = """
    from(bucket: _bucket) |> range(start: 2020-01-01T00:00:00Z, stop: 2200-01-01T00:00:00Z)
        |> filter(fn: (r) => r._measurement == "verdict_revision")
        |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
        |> group() |> sort(columns: ["_time"])
    """
    kept = [(row["start"], row["version"], row["score"]) for row in query(influx_server, stores, flux)]
    scores = [verdicts("7", keys, seed).score for seed in (1, 2)]
    assert kept == [(start, "7", score[place]) for score in scores for place, (start, _) in enumerate(keys)]
    assert stores.verdicts.find(VerdictQuery(series=tuple(series), anomalous_only=True)) == []


def test_names_are_data_wherever_they_go(influx_server: InfluxServer, tmp_path: Path) -> None:
    """Quotes, brackets and whole queries in a name are a name."""
    stores = influx_server.stores(tmp_path)
    names = ['") or true) //', "${r._time}", 'a" |> drop()', "å=ä, ö\\ \\,", "'; DROP", "#", '""', " x "]
    stores.register.learn(TENANT, [(name, name, Kind.OTHER) for name in names])
    index = stores.register.index(TENANT)
    series = [index[name, name] for name in names]
    stores.counts.append(points([(number, START * NANOSECONDS, number, 0) for number in series]))
    stores.verdicts.write(verdicts('8"\\', [(START, number) for number in series]))
    for number in series:
        read = stores.counts.read(START, START + HOUR, HOUR, numbers([number]))
        assert (read.series.tolist(), read.counts.tolist()) == ([number], [number])
        [verdict] = stores.verdicts.find(VerdictQuery(series=(number,)))
        assert (verdict.series, verdict.version) == (number, '8"\\')


def test_store_goes_on_in_a_forked_child(influx_server: InfluxServer, tmp_path: Path) -> None:
    """Parent and child do not share a connection."""
    stores = influx_server.stores(tmp_path)
    series = learn(stores, 2)
    append_hours(stores, series[0], 1)
    child = multiprocessing.get_context("fork").Process(target=append_hours, args=(stores, series[1], 20))
    child.start()
    append_hours(stores, series[0], 20)
    child.join()
    assert child.exitcode == 0
    assert stores.counts.read(START, START + 20 * HOUR, HOUR).counts.sum() == 40


def append_hours(stores: Stores, series: int, hours: int) -> None:
    for hour in range(hours):
        stores.counts.append(points([(series, (START + hour * HOUR) * NANOSECONDS, 1, 0)]))


def say(connection: InfluxConnection, bucket: str) -> list[str]:
    """What a refused read and a refused write say, with all that led to it."""
    said = []
    for act in (lambda: connection.check(bucket), lambda: connection.write(bucket, ["presence count=1i 1"])):
        with pytest.raises(StoreError) as refused:
            act()
        said.append("".join(traceback.format_exception(refused.value)))
    return said


def test_wrong_token_is_told_but_not_shown(influx_server: InfluxServer) -> None:
    """The message names what holds the token."""
    token = "wrong-token-that-nobody-may-see"  # noqa: S105
    for said in say(InfluxConnection(influx_server.settings(), lambda: token), "counts"):
        assert "refused the token (401); check TRAPPVAKT_INFLUXDB_TOKEN or influxdb.token_file" in said
        assert token not in said


def test_missing_bucket_is_told(influx_server: InfluxServer) -> None:
    """With its name and its organisation's."""
    connection = InfluxConnection(influx_server.settings(), lambda: influx_server.token)
    for said in say(connection, "no-such-bucket"):
        assert f"has no bucket no-such-bucket in organisation {influx_server.org}" in said
        assert influx_server.token not in said


def test_missing_organisation_is_told(influx_server: InfluxServer) -> None:
    """As one is that was renamed: a query is refused otherwise than a write."""
    for said in say(InfluxConnection(influx_server.settings(org="renamed"), lambda: influx_server.token), "counts"):
        assert "in organisation renamed, or the token may not see it" in said
        assert "check influxdb.org" in said


def test_a_token_that_was_exchanged_is_taken(influx_server: InfluxServer) -> None:
    """The one before is refused once, and the next request is made with the new one; it took a restart."""
    tokens = ["token-that-was-revoked"]
    connection, bucket = InfluxConnection(influx_server.settings(), lambda: tokens[0]), influx_server.bucket()
    tokens[0] = influx_server.token
    with pytest.raises(StoreError, match="refused the token"):
        connection.check(bucket)
    connection.check(bucket)
    connection.write(bucket, ["presence count=1i 1"])


def test_other_type_of_count_is_told(influx_server: InfluxServer, tmp_path: Path) -> None:
    """Where a sender's floats came first, InfluxDB refuses our integers; the message says what to change."""
    stores = influx_server.stores(tmp_path)
    [series] = learn(stores, 1)
    write_as_telegraf(influx_server, stores, [f"presence,stairwell=x,tenant=y count=1 {START * NANOSECONDS}"])
    with pytest.raises(StoreError, match=r"holds the field as another type .* send count as an integer"):
        stores.counts.append(points([(series, START * NANOSECONDS, 1, 0)]))
    assert stores.counts.changes(0).earliest == {}


def test_a_count_that_is_a_text_is_told(influx_server: InfluxServer, tmp_path: Path) -> None:
    """InfluxDB takes it where it was the first of its week, and sums up nothing then; all scoring stood still."""
    stores = influx_server.stores(tmp_path)
    [series] = learn(stores, 1)
    earlier = START - 30 * 24 * HOUR
    write_as_telegraf(influx_server, stores, [f'presence,stairwell=x,tenant=y count="1" {earlier * NANOSECONDS}'])
    stores.counts.append(points([(series, START * NANOSECONDS, 1, 0)]))
    with pytest.raises(StoreError, match=r"holds the field as another type .* delete what is none"):
        stores.counts.read(earlier, START + HOUR, HOUR)


def test_bootstrap_puts_counts_and_verdicts_there(
    influx_server: InfluxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And everything else stays in the embedded files."""
    bucket = influx_server.bucket()
    chosen = {
        "general.data_dir": str(tmp_path),
        "store.kind": "influxdb",
        "influxdb.url": influx_server.url,
        "influxdb.org": influx_server.org,
        "influxdb.counts_bucket": bucket,
        "influxdb.verdicts_bucket": bucket,
    }
    settings = load_settings(environment={}, overrides=chosen)
    monkeypatch.setenv("TRAPPVAKT_INFLUXDB_TOKEN", influx_server.token)
    ports = build_ports(settings)
    ports.register.learn(TENANT, [("12A", "vind", Kind.ATTIC)])
    series = ports.register.index(TENANT)["12A", "vind"]
    ports.counts.append(points([(series, START * NANOSECONDS, 4, 0)]))
    ports.verdicts.write(verdicts("7", [(START, series)]))
    again = build_ports(settings)
    assert again.counts.read(START, START + HOUR, HOUR).counts.tolist() == [4]
    assert len(again.verdicts.find(VerdictQuery(series=(series,)))) == 1
    monkeypatch.delenv("TRAPPVAKT_INFLUXDB_TOKEN")
    with pytest.raises(SettingsError, match="TRAPPVAKT_INFLUXDB_TOKEN"):
        build_ports(settings)
