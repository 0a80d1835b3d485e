"""The contract of data that are deleted once they are old: nothing else goes, and none of it is left in the files."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from service.domain.counts import NANOSECONDS, ReadingPoints
from service.domain.deliveries import Channel, Delivery, DeliveryStatus
from service.domain.keys import AuditEntry
from service.domain.retention import DataKind, Deletion
from service.stores.sqlite.connection import BUSY_SECONDS
from tests.contract.stores import HOUR, TENANT, Stores, learn, numbers, points, rows_of, sqlite_stores, verdicts

START = 1_577_836_800  # 2020-01-01 00:00 UTC
HOURS = 30
CUT = START + 10 * HOUR
OLD, OTHER = "hyresbolaget", "annat bolag"


def write_counts(stores: Stores) -> dict[int | str, int]:
    series = learn(stores, 3)
    rows = [(number, (START + hour * HOUR) * NANOSECONDS, hour, 0) for hour in range(HOURS) for number in series]
    stores.counts.append(points(rows))
    return dict.fromkeys(series, 10)


def write_readings(stores: Stores) -> dict[int | str, int]:
    series = np.repeat(learn(stores, 3), HOURS)
    times = np.tile(np.arange(HOURS) * HOUR + START, 3) * NANOSECONDS
    with stores.readings.transaction():
        stores.readings.put(ReadingPoints(series, series % 2 + 1, times, np.ones_like(times)))
    return dict.fromkeys(series.tolist(), 10)


def write_verdicts(stores: Stores) -> dict[int | str, int]:
    series = learn(stores, 3)
    stores.verdicts.write(verdicts("0", [(START + h * HOUR, one) for h in range(HOURS) for one in series]))
    return dict.fromkeys(series, 10)


def write_superseded(stores: Stores) -> dict[int | str, int]:
    found = write_verdicts(stores)
    stores.verdicts.supersede(numbers([int(one) for one in found]), START, START + HOURS * HOUR)
    return found


def write_letters(stores: Stores) -> dict[int | str, int]:
    for hour in range(HOURS):
        for tenant in (OLD, OTHER):
            queued = datetime.fromtimestamp(START + hour * HOUR, UTC)
            waits = hour == 0 and tenant == OTHER
            stores.deliveries.put(
                Delivery(
                    channel=Channel.MAIL,
                    tenant=tenant,
                    item=str(hour),
                    happened=queued,
                    recipient="polisen",
                    status=DeliveryStatus.WAITING if waits else DeliveryStatus.SENT,
                    queued=queued,
                )
            )
    return {OLD: 10, OTHER: 9}


def write_entries(stores: Stores) -> dict[int | str, int]:
    for hour in range(HOURS):
        time = datetime.fromtimestamp(START + hour * HOUR, UTC)
        entry = AuditEntry(time=time, actor="cli:anna", tenant=TENANT, action="list.make", subject=str(hour))
        stores.audit.append(entry)
    return {TENANT: 10}


WRITE: dict[DataKind, Callable[[Stores], dict[int | str, int]]] = {
    DataKind.COUNTS: write_counts,
    DataKind.READINGS: write_readings,
    DataKind.VERDICTS: write_verdicts,
    DataKind.SUPERSEDED: write_superseded,
    DataKind.LETTERS: write_letters,
    DataKind.AUDIT: write_entries,
}
BEHIND_INFLUX = (DataKind.COUNTS, DataKind.VERDICTS)  # superseded ones are dated there by when they were superseded


def check(stores: Stores, kind: DataKind, owned: dict[int | str, int]) -> int:
    """What is old is counted, goes from the oldest on, and everything else stays; how many steps it took."""
    data, ever = stores.aging[kind], START + HOURS * HOUR
    before = data.rows_before(ever)
    assert data.oldest() == START
    assert data.rows_before(CUT) == owned
    assert data.rows_before(START) == {}
    steps, oldest = 1, START
    while data.delete_before(CUT, 4):
        steps, last, oldest = steps + 1, oldest, data.oldest() or 0
        assert oldest >= last
    assert data.rows_before(CUT) == {}
    assert data.oldest() == CUT
    assert data.rows_before(ever) == {owner: number - owned[owner] for owner, number in before.items()}
    assert data.erase()
    assert not data.delete_before(CUT, 4)
    return steps


@pytest.mark.parametrize("kind", WRITE)
def test_only_what_is_old_goes(embedded: Stores, kind: DataKind) -> None:
    """In several steps, between which others write."""
    assert check(embedded, kind, WRITE[kind](embedded)) > 2


@pytest.mark.parametrize("kind", BEHIND_INFLUX)
def test_only_what_is_old_goes_from_every_store(stores: Stores, kind: DataKind) -> None:
    """However many steps it takes."""
    check(stores, kind, WRITE[kind](stores))


def test_nothing_ages_in_an_empty_store(embedded: Stores) -> None:
    for data in embedded.aging.values():
        assert data.oldest() is None
        assert data.rows_before(CUT) == {}
        assert not data.delete_before(CUT, 4)
        assert data.erase()
        assert data.limit_seconds() is None


def test_counts_that_are_deleted_for_their_age_are_no_change(embedded: Stores) -> None:
    """Nothing is replayed for want of them."""
    write_counts(embedded)
    cursor = embedded.counts.changes(0).cursor
    embedded.aging[DataKind.COUNTS].delete_before(CUT, 10_000)
    assert embedded.counts.changes(cursor).earliest == {}
    read = embedded.counts.read(START, START + HOURS * HOUR, HOUR)
    assert sorted(set(read.starts.tolist())) == [CUT + hour * HOUR for hour in range(20)]


def deletion(kind: DataKind, before: int) -> Deletion:
    return Deletion(
        kind=kind,
        before=before,
        setting="retention.verdicts_days",
        days=120,
        begun=datetime.fromtimestamp(CUT, UTC),
        rows={TENANT: 30},
    )


def test_the_latest_deletion_of_each_kind_is_known(embedded: Stores) -> None:
    """With the manifest, or not at all; and whoever keeps answers is told that they may have changed."""
    assert embedded.state.deletion(DataKind.COUNTS) is None
    before = embedded.state.revision()
    with embedded.state.transaction():
        for kind in (DataKind.COUNTS, DataKind.VERDICTS):
            embedded.state.publish_deletion(deletion(kind, CUT))
        embedded.state.publish_deletion(deletion(DataKind.COUNTS, CUT + HOUR))
    assert embedded.state.deletion(DataKind.COUNTS) == deletion(DataKind.COUNTS, CUT + HOUR)
    assert embedded.state.deletion(DataKind.VERDICTS) == deletion(DataKind.VERDICTS, CUT)
    assert embedded.state.revision() != before
    with suppress(RuntimeError), embedded.state.transaction():
        embedded.state.publish_deletion(deletion(DataKind.COUNTS, 0))
        raise RuntimeError
    assert embedded.state.deletion(DataKind.COUNTS) == deletion(DataKind.COUNTS, CUT + HOUR)


def test_verdicts_that_are_deleted_for_their_age_are_not_kept_as_superseded(embedded: Stores) -> None:
    """Those that are corrected still are."""
    series = list(write_verdicts(embedded))
    embedded.state.publish_deletion(deletion(DataKind.VERDICTS, CUT))
    while embedded.aging[DataKind.VERDICTS].delete_before(CUT, 4):
        pass
    assert embedded.aging[DataKind.SUPERSEDED].oldest() is None
    embedded.verdicts.supersede(numbers([int(series[0])]), CUT, CUT + HOUR)
    assert embedded.aging[DataKind.SUPERSEDED].rows_before(CUT + HOUR) == {series[0]: 1}
    assert len(rows_of(embedded.verdicts.columns(numbers([int(one) for one in series]), 0, 2**40))) == 59


def test_bytes_of_what_is_deleted_are_in_no_file(tmp_path: Path) -> None:
    """Neither in the database nor in its log, though they were split over pages again and again while written."""
    stores = sqlite_stores(tmp_path)
    series, mark = learn(stores, 40), 0x5A6B7C8D9EAF
    random = np.random.default_rng(1)
    rows = [(one, (START + hour * HOUR) * NANOSECONDS, mark, 0) for hour in range(200) for one in series]
    for batch in np.array_split(random.permutation(len(rows)), 40):
        stores.counts.append(points([rows[place] for place in batch]))
    later = [(one, (START + hour * HOUR) * NANOSECONDS, 1, 0) for hour in range(200, 400) for one in series]
    stores.counts.append(points(later))
    marked = verdicts("0", [(START + hour * HOUR, one) for hour in range(200) for one in series])
    score = float(np.frombuffer(struct.pack(">d", 1.0)[:2] + b"\x5a\x6b\x7c\x8d\x9e\xaf", dtype=">f8")[0])
    marked.score[:] = score
    stores.verdicts.write(marked)
    stores.verdicts.write(verdicts("0", [(START + hour * HOUR, one) for hour in range(200, 400) for one in series]))
    end = START + 200 * HOUR
    sought = {"counts": mark.to_bytes(6, "big"), "state": struct.pack(">d", score)}

    def found(name: str) -> int:
        files = (tmp_path / f"{name}.db", tmp_path / f"{name}.db-wal")
        return sum(path.read_bytes().count(sought[name]) for path in files if path.exists())

    assert all(found(name) >= 8000 for name in sought)
    stores.state.publish_deletion(deletion(DataKind.VERDICTS, end))
    for kind in (DataKind.COUNTS, DataKind.VERDICTS):
        while stores.aging[kind].delete_before(end, 500):
            pass
        assert stores.aging[kind].erase()
    assert {name: found(name) for name in sought} == {"counts": 0, "state": 0}
    assert len(stores.counts.read(end, end + 200 * HOUR, HOUR)) == 8000


def test_whoever_still_reads_keeps_the_log_from_being_emptied_for_a_moment_only(tmp_path: Path) -> None:
    """It is asked again later, and nobody waits long meanwhile; for others who write it is waited as ever."""
    stores, reader = sqlite_stores(tmp_path), sqlite_stores(tmp_path)
    write_counts(stores)
    rows = reader.counts._database.iterate("SELECT hour FROM count")  # type: ignore[attr-defined]
    next(rows)
    stores.aging[DataKind.COUNTS].delete_before(CUT, 10_000)
    assert not stores.aging[DataKind.COUNTS].erase()
    rows.close()
    assert stores.aging[DataKind.COUNTS].erase()
    assert (tmp_path / "counts.db-wal").stat().st_size == 0
    assert stores.counts._database.rows("PRAGMA busy_timeout") == [(1000 * BUSY_SECONDS,)]  # type: ignore[attr-defined]
