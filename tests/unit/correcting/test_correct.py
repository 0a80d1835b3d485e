"""Corrections: a series is replayed from the checkpoint before what came late, and is as if it had come in time."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.calendar import SECONDS_PER_WEEK
from service.domain.counts import NANOSECONDS, CountPoints, CountSpan
from service.domain.places import Kind, Liveness
from service.domain.state import Checkpoint
from service.errors import StoreError
from service.ports import Ports
from service.usecases.learning import slices
from service.usecases.learning.advance import advance
from service.usecases.learning.checkpoints import is_boundary, thinned
from service.usecases.versions.promote import go_on
from tests.challengers import promote
from tests.unit.correcting.quiet_town import (
    END,
    HOUR,
    MONDAY,
    SPACES,
    WEEK,
    WEEKS,
    assert_same,
    copied,
    place,
    points,
    replayed_spans,
    scored,
    verdicts_of,
)
from tests.worlds import sqlite_ports


def test_every_monday_leaves_a_checkpoint_of_all_series(ports: Ports) -> None:
    kept = ports.state.ledger().checkpoints
    assert [(one.time - MONDAY) // SECONDS_PER_WEEK for one in kept] == [1, 2, 3, 4]
    assert {tuple(one.series) for one in kept} == {(1, 2, 3)}


def test_batches_end_on_mondays_wherever_they_began(tmp_path: Path) -> None:
    """A service that was first started at any hour has checkpoints too."""
    kept = scored(tmp_path, advance__commit_windows=100).state.ledger().checkpoints
    assert [(one.time - MONDAY) // SECONDS_PER_WEEK for one in kept] == [1, 2, 3, 4]


def test_a_correction_replays_its_series_from_the_monday_before(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    """And leaves what is right for the next: checkpoints of its series beside those of all, and no change noted."""
    spans = replayed_spans(monkeypatch)
    ports.counts.append(points(1, [2 * WEEK + 5], count=7))
    assert advance(ports, END).corrected == 1
    assert spans == [(1, 2, 3), (1, 3, 4)]
    assert [one.series for one in ports.state.ledger().checkpoints] == [[1, 2, 3]] * 4 + [[2]] * 2
    assert ports.counts.changes(0).earliest == {}


def test_a_checkpoint_corrected_again_is_written_anew_and_the_file_before_it_swept(
    ports: Ports, tmp_path: Path
) -> None:
    for count in (7, 8, 9):
        ports.counts.append(points(1, [3 * WEEK + 5], count=count))
        advance(ports, END)
    named = {one.file for one in ports.state.ledger().checkpoints}
    assert len(named) == 5
    assert named <= {path.name for path in (tmp_path / "state").iterdir()}
    assert len(list((tmp_path / "state").iterdir())) <= 7


def test_checkpoints_grow_sparse_with_age() -> None:
    """The latest weeks, and every fourth before."""
    mondays = [Checkpoint(time=MONDAY + week * SECONDS_PER_WEEK, series=[1], file=str(week)) for week in range(30)]
    kept = thinned(mondays, MONDAY + 29 * SECONDS_PER_WEEK + HOUR, weeks=3)
    weeks = [int(one.file) for one in kept]
    assert weeks[-3:] == [27, 28, 29]
    assert set(np.diff(weeks[:-3])) == {4}
    assert thinned(kept, MONDAY + 29 * SECONDS_PER_WEEK + HOUR, weeks=3) == kept


def test_new_windows_do_not_wait_for_a_long_correction(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick due while months are replayed is scored between two slices."""
    clock: Any = ports.clock
    monkeypatch.setattr(slices, "SLICE_VERDICTS", WEEK)
    watermarks = []
    ports.counts.append(points(0, np.arange(0, 2 * WEEK), count=4))
    ports.counts.append(points(1, np.arange(0, 2 * WEEK), count=4))
    clock.time = END + timedelta(hours=1, minutes=15)
    advance(ports, progress=lambda done, _: watermarks.append((done, len(ports.state.ledger().pending))))
    assert watermarks[0] == (1, 2)
    assert watermarks[-1] == (1, 0)
    assert len(watermarks) >= 2 * WEEKS


def test_a_tick_without_time_to_spare_corrects_a_slice_and_leaves_the_rest_to_the_next(ports: Ports) -> None:
    """Where windows alone take all the time there is, corrections would never come to an end otherwise."""
    ports.counts.append(points(1, [2 * WEEK + 5], count=7))
    left = []
    for _ in range(2):
        advance(ports, END, enough=lambda: True)
        left.append(ports.state.ledger().pending)
    assert left == [{2: MONDAY + 3 * SECONDS_PER_WEEK}, {}]


def test_no_silence_is_found_by_a_state_that_is_yet_to_be_replayed(tmp_path: Path) -> None:
    """What was counted meanwhile came late, and with it what takes several slices: it was silent for half as long."""
    alive = place(2, sensor="s", liveness=Liveness.ASSUMED)
    late = scored(tmp_path / "one", alive)
    undisturbed = copied(tmp_path / "one", tmp_path / "two")
    meanwhile = points(2, [WEEK + 5, *range(WEEKS * WEEK, WEEKS * WEEK + 5)], count=2)
    undisturbed.counts.append(meanwhile)
    for one, hours in ((late, 5), (undisturbed, 5), (late, 9), (undisturbed, 9)):
        clock: Any = one.clock
        clock.time = END + timedelta(hours=hours, minutes=15)
        advance(one)
        late.counts.append(meanwhile)
    assert late.state.ledger().silences == undisturbed.state.ledger().silences == {}
    assert_same(late, undisturbed)


def test_a_slice_that_fails_is_done_again(town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What earlier slices committed stands, and the end is that of a store that was never disturbed."""
    late = points(0, np.arange(0, 2 * WEEK), count=4)
    undisturbed, ports = copied(town, tmp_path / "one"), copied(town, tmp_path / "two")
    for one in (undisturbed, ports):
        one.counts.append(late)
    advance(undisturbed, END)
    published: list[object] = []
    publish = ports.state.publish_ledger

    def third_fails(ledger: Any) -> None:
        published.append(ledger)
        if len(published) == 3:
            raise StoreError("state.db: the disk is full")
        publish(ledger)

    with monkeypatch.context() as broken:
        broken.setattr(ports.state, "publish_ledger", third_fails)
        with pytest.raises(StoreError):
            advance(ports, END)
    assert ports.state.ledger().pending == {1: MONDAY + SECONDS_PER_WEEK}
    advance(ports, END)
    assert_same(ports, undisturbed)


def test_a_damaged_checkpoint_is_dropped_for_the_one_before(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state is a cache: as long as the counts are there, nothing of it is missed."""
    late = points(1, [2 * WEEK + 5], count=7)
    undisturbed, ports = copied(town, tmp_path / "one"), copied(town, tmp_path / "two")
    lost = ports.state.ledger().checkpoints[1]
    (tmp_path / "two" / "state" / lost.file).write_bytes(b"")
    for one in (undisturbed, ports):
        one.counts.append(late)
    advance(undisturbed, END)
    spans = replayed_spans(monkeypatch)
    advance(ports, END)
    assert spans == [(1, 1, 2), (1, 2, 3), (1, 3, 4)]
    assert_same(ports, undisturbed)
    assert revised(ports) == revised(undisturbed) == 2 * WEEK - 5


def revised(ports: Ports) -> int:
    """How many verdicts were superseded: none before the first that may be another."""
    database: Any = ports.state
    return int(database._database.rows("SELECT count(*) FROM verdict_revision")[0][0])


def test_a_damaged_root_is_told_where_counts_are_gone(ports: Ports, tmp_path: Path) -> None:
    """What was learnt of them is nowhere else."""
    delete_counts_before(tmp_path, MONDAY + 2 * SECONDS_PER_WEEK - HOUR)
    (tmp_path / "state" / ports.state.ledger().checkpoints[1].file).write_bytes(b"")
    ports.counts.append(points(1, [2 * WEEK + 5], count=7))
    with pytest.raises(StoreError, match="damaged"):
        advance(ports, END)


def test_where_counts_are_gone_the_oldest_checkpoint_after_them_is_the_root(
    ports: Ports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Verdicts before it stand, and what was learnt before it is not lost."""
    before = verdicts_of(ports)
    delete_counts_before(tmp_path, MONDAY + 2 * SECONDS_PER_WEEK - HOUR)
    spans = replayed_spans(monkeypatch)
    ports.register.put([place(2, kind=Kind.ATTIC)])
    assert advance(ports, END).uncorrected == 1
    assert spans == [(1, 2, 3), (1, 3, 4)]
    after = verdicts_of(ports)
    assert len(after) == len(before)
    old = before.starts < MONDAY + 2 * SECONDS_PER_WEEK
    np.testing.assert_array_equal(before.expected[old], after.expected[old])
    assert after.evidence_weeks[-1] == before.evidence_weeks[-1]


def test_where_the_only_state_left_is_that_of_now_what_was_learnt_stands(ports: Ports, tmp_path: Path) -> None:
    """And windows to come are scored: it is Monday, and nothing before is there to be replayed."""
    before = verdicts_of(ports)
    delete_counts_before(tmp_path, MONDAY + WEEKS * SECONDS_PER_WEEK - 2 * HOUR)
    ports.register.put([place(2, kind=Kind.ATTIC)])
    clock: Any = ports.clock
    clock.time = END + timedelta(hours=1, minutes=15)
    ports.counts.append(points(2, [WEEKS * WEEK]))
    assert advance(ports).windows == 1
    after = verdicts_of(ports)
    np.testing.assert_array_equal(after.expected[: len(before)], before.expected)
    assert ports.state.ledger().pending == {}


def test_where_counts_are_gone_a_promotion_learns_from_those_that_are_left(
    ports: Ports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came no further than the Monday before the first of them, again and again; so did one after an upgrade."""
    before = verdicts_of(ports)
    delete_counts_before(tmp_path, MONDAY + 2 * SECONDS_PER_WEEK + HOUR)
    spans = replayed_spans(monkeypatch)
    promote(ports, "0", "test")
    for _ in range(6):
        go_on(ports)
    assert spans == [(3, 2, 3), (3, 3, 4)]
    assert ports.state.promotion() is None
    np.testing.assert_array_equal(verdicts_of(ports).starts, before.starts)


def test_counts_that_go_amid_a_promotion_take_nothing_of_what_it_has_learnt(
    ports: Ports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on from its last Monday, with what is left; it took the champion's place without a week learnt."""
    spans, read = replayed_spans(monkeypatch), ports.counts.read

    def deleting_later(*asked: Any) -> Any:
        if spans == [(3, 0, 1), (3, 1, 2)]:
            delete_counts_before(tmp_path, MONDAY + 3 * SECONDS_PER_WEEK + HOUR)
        return read(*asked)

    monkeypatch.setattr(ports.counts, "read", deleting_later)
    promote(ports, "0", "test")
    assert spans == [(3, week, week + 1) for week in range(WEEKS)]
    clock: Any = ports.clock
    clock.time = END + timedelta(hours=1, minutes=15)
    ports.counts.append(points(2, [WEEKS * WEEK]))
    advance(ports)
    assert verdicts_of(ports).evidence_weeks[-1] == pytest.approx(1 + 1, abs=0.05)


def test_when_the_first_count_of_all_is_withdrawn_nothing_is_left_of_it(ports: Ports, tmp_path: Path) -> None:
    """Its verdict stood, and what was learnt of it, as if the store had deleted the counts before a checkpoint."""
    nobody = CountPoints(*(np.empty(0, dtype=np.int64) for _ in range(4)))
    ports.counts.replace(nobody, [CountSpan(1, 0, MONDAY * NANOSECONDS, (MONDAY + HOUR) * NANOSECONDS)])
    report = advance(ports, END)
    assert (report.corrected, report.uncorrected) == (1, 0)
    fresh = sqlite_ports(tmp_path / "fresh", now=END)
    fresh.register.put(place(space) for space in range(SPACES))
    for space in range(SPACES):
        fresh.counts.append(points(space, np.arange(max(space, 1), WEEKS * WEEK), count=space))
    advance(fresh, END)
    assert_same(ports, fresh)
    assert ports.state.manifest().origin == fresh.state.manifest().origin


def test_where_no_checkpoint_is_left_to_replay_from_what_was_learnt_stands(ports: Ports, tmp_path: Path) -> None:
    """As on Saturdays where a store keeps five days: all but these was forgotten of a series with a late count. One
    that came since the last Monday is replayed, as all of its counts are there. Which was which is told; the late count
    that changed nothing was told as a correction.
    """
    clock: Any = ports.clock
    clock.time = END + timedelta(days=3)
    lived, new = np.arange(WEEKS * WEEK, WEEKS * WEEK + 72), place(SPACES)
    for space in range(SPACES):
        ports.counts.append(points(space, lived[:-2], count=space))
    ports.register.put([new])
    ports.counts.append(points(SPACES, lived[30:-2]))
    advance(ports, END + timedelta(days=3))
    before = ports.verdicts.columns(np.arange(1, SPACES + 2), 0, 2**40)
    delete_counts_before(tmp_path, MONDAY + WEEKS * SECONDS_PER_WEEK + 24 * HOUR)
    ports.counts.append(points(1, lived[50:51], count=7))
    ports.counts.append(points(SPACES, lived[50:51], count=7))
    report = advance(ports, END + timedelta(days=3))
    assert (report.corrected, report.uncorrected) == (1, 1)
    after = ports.verdicts.columns(np.arange(1, SPACES + 2), 0, 2**40)
    old, count = after.series <= SPACES, after.count[after.series == SPACES + 1]
    np.testing.assert_array_equal(after.expected[old], before.expected[old])
    assert count.max() == 7
    assert ports.state.ledger().pending == {}


def delete_counts_before(folder: Path, time: int) -> None:
    """As the retention of a store does it: without a word."""
    with sqlite3.connect(folder / "counts.db") as connection:
        connection.execute("DELETE FROM count WHERE hour < ?", (time // HOUR,))


def test_promotion_leaves_checkpoints_of_the_new_champion(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the first correction after it is as fast as any."""
    before = {one.file for one in ports.state.ledger().checkpoints}
    promote(ports, "0", "test")
    kept = ports.state.ledger().checkpoints
    assert len(kept) == WEEKS
    assert all(is_boundary(one.time) for one in kept)
    assert not before & {one.file for one in kept}
    spans = replayed_spans(monkeypatch)
    ports.counts.append(points(1, [3 * WEEK + 5], count=7))
    advance(ports, END)
    assert spans == [(1, 3, 4)]


def test_a_file_of_before_ledgers_is_migrated(town: Path, tmp_path: Path) -> None:
    """Without checkpoints the first correction replays from the origin, and is right all the same."""
    copied(town, tmp_path)
    with sqlite3.connect(tmp_path / "state.db") as connection:
        connection.execute("DROP TRIGGER manifest_published")
        connection.execute("DROP INDEX verdict_revision_by_start")
        for table in ("ledger", "revision", "promotion", "deletion"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 1")
    reopened = sqlite_ports(tmp_path, now=END)
    assert reopened.state.ledger().checkpoints == []
    late = points(1, [3 * WEEK + 5], count=7)
    reopened.counts.append(late)
    assert advance(reopened, END).corrected == 1
    undisturbed = copied(town, tmp_path / "other")
    undisturbed.counts.append(late)
    advance(undisturbed, END)
    assert_same(reopened, undisturbed)
