"""Retention: what goes and when, how it is proved, and that everything else goes on as if nothing had gone."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from service.domain.annotations import AnnotationKind, AnnotationRow
from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.places import Kind, PlaceRow
from service.domain.readings import CountRow
from service.domain.retention import DataKind
from service.errors import InvalidInput, StoreError
from service.ports import Ports
from service.usecases.audit import read_audit, record
from service.usecases.intake.ingest import ingest_counts
from service.usecases.intake.reconcile import reconcile
from service.usecases.learning.advance import advance
from service.usecases.learning.annotations import make_annotation, retract_annotation
from service.usecases.retention import deleting
from service.usecases.retention.deleting import Deleted, delete_old
from service.usecases.versions.promote import begin_promotion, go_on, promote
from tests.worlds import TENANT, sqlite_ports

HOUR, DAY, WEEK = 3600, 86_400, 604_800
MONDAY = 1_767_571_200  # 5 January 2026
WEEKS, SPACES = 26, 3
END = datetime.fromtimestamp(MONDAY + WEEKS * WEEK, UTC)
FIRST = 6  # week that is kept
ROOT = MONDAY + FIRST * WEEK  # the first checkpoint that lasts after 143 days before the end, less two
LATELY = MONDAY + (WEEKS - 6) * WEEK
OTHER = "annat bolag"
KEPT: dict[str, object] = {"retraining__weeks": 4, "advance__checkpoint_weeks": 1}
SHORT: dict[str, object] = KEPT | {
    f"retention__{kind}_days": days
    for kind, days in {"counts": 143, "verdicts": 143, "superseded": 143, "audit": 184, "letters": 31}.items()
}


def place(space: int, **changes: Any) -> PlaceRow:
    names = {"tenant": TENANT if space else OTHER, "area": "a", "property": "p", "building": "b"}
    return PlaceRow(**(names | {"stairwell": f"s{space}", "space": "cellar", "kind": Kind.CELLAR} | changes))


def points(space: int, hours: Any, count: int = 1) -> CountPoints:
    times = (MONDAY + np.asarray(hours, dtype=np.int64) * HOUR) * NANOSECONDS
    ones = np.ones(len(times), dtype=np.int64)
    random = np.random.default_rng(space)
    return CountPoints((space + 1) * ones, times, random.poisson(0.3, len(times)) + count - 1, 0 * ones)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Months of three spaces of two companies, scored, one of them corrected; and what people did meanwhile."""
    folder = tmp_path_factory.mktemp("town")
    ports = sqlite_ports(folder, now=END, **KEPT)
    ports.register.put(place(space) for space in range(SPACES))
    for space in range(SPACES):
        ports.counts.append(points(space, np.arange(24 * space, WEEKS * 168)))
    advance(ports, END)
    for week in (5, 15):
        ports.counts.append(points(1, [week * 168 + 7], count=5))
        advance(ports, END)
    return folder


def copied(town: Path, folder: Path, **overrides: object) -> Ports:
    shutil.copytree(town, folder, dirs_exist_ok=True)
    return sqlite_ports(folder, now=END, **overrides)


@pytest.fixture
def ports(town: Path, tmp_path: Path) -> Ports:
    """The town, where what is old is to be deleted."""
    return copied(town, tmp_path / "short", **SHORT)


@pytest.fixture
def whole(town: Path, tmp_path: Path) -> Ports:
    """The same town, where all is kept."""
    return copied(town, tmp_path / "whole", **KEPT)


def verdicts_of(ports: Ports, since: int, until: int = 2**40) -> Any:
    return ports.verdicts.columns(np.arange(1, SPACES + 1), since, until)


def assert_same(one: Ports, other: Ports, since: int) -> None:
    mine, theirs = verdicts_of(one, since), verdicts_of(other, since)
    assert len(mine)
    for name in ("series", "starts", "count", "expected", "p_value", "score", "evidence_weeks", "anomalous"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name), name)


def later(ports: Ports, **passed: float) -> None:
    clock: Any = ports.clock
    clock.time += timedelta(**passed)


def entries(ports: Ports, tenant: str = TENANT) -> list[str]:
    return [
        f"{one.subject}: {one.detail}" for one in read_audit(ports, tenant, 100)[0] if one.action == "retention.delete"
    ]


def test_counts_go_up_to_a_checkpoint_and_verdicts_with_them(ports: Ports) -> None:
    """Nothing older than the setting is left, and the audit tells each company of its own rows."""
    before = ports.aging[DataKind.COUNTS].oldest()
    done = delete_old(ports)
    assert before == MONDAY
    assert done.finished
    assert not done.waits
    assert done.rows == {
        DataKind.COUNTS: FIRST * 168 * SPACES - 24 * 3,
        DataKind.VERDICTS: FIRST * 168 * SPACES - 24 * 3,
        DataKind.SUPERSEDED: done.rows[DataKind.SUPERSEDED],
    }
    assert ports.aging[DataKind.COUNTS].oldest() == ports.aging[DataKind.VERDICTS].oldest() == ROOT
    assert END.timestamp() - 143 * DAY < ROOT
    told = "2026-02-16 00:00Z"
    counts = f"before {told}, as retention.counts_days is 143; the oldest left is of {told}"
    assert f"counts: {2 * FIRST * 168 - 72} counts {counts}" in entries(ports)
    assert f"counts: {FIRST * 168} counts {counts}" in entries(ports, OTHER)
    assert len(entries(ports, OTHER)) == 2
    assert delete_old(ports) == Deleted()


def test_nothing_goes_unless_the_settings_say_so(whole: Ports) -> None:
    assert delete_old(whole) == Deleted()
    assert whole.aging[DataKind.COUNTS].oldest() == MONDAY


def test_live_verdicts_are_those_of_a_town_where_all_is_kept(ports: Ports, whole: Ports) -> None:
    """Bit by bit, in the weeks after the deletion, and after the next one."""
    for one in (ports, whole):
        delete_old(one)
        one.counts.append(points(0, np.arange(WEEKS * 168, (WEEKS + 5) * 168)))
        one.counts.append(points(1, np.arange(WEEKS * 168, (WEEKS + 5) * 168)))
        later(one, weeks=5)
        advance(one)
        delete_old(one)
    assert ports.aging[DataKind.COUNTS].oldest() == ROOT + 8 * WEEK
    assert_same(ports, whole, ROOT + 8 * WEEK)


@pytest.mark.parametrize("hour", [0, (WEEKS - FIRST - 8) * 168 + 5], ids=str)
def test_a_correction_of_what_is_kept_is_that_of_a_town_where_all_is_kept(
    ports: Ports, whole: Ports, hour: int
) -> None:
    """From the first window on, which the checkpoint lies before."""
    delete_old(ports)
    for one in (ports, whole):
        one.counts.append(points(1, [FIRST * 168 + hour], count=9))
        assert advance(one, END).corrected == 1
    assert_same(ports, whole, ROOT)
    assert ports.state.manifest().origin == ROOT  # type: ignore[union-attr]


def test_an_annotation_of_what_is_kept_is_that_of_a_town_where_all_is_kept(ports: Ports, whole: Ports) -> None:
    """And so is its retraction."""
    delete_old(ports)
    made = [make_annotation(one, TENANT, works(LATELY, LATELY + WEEK), "test").annotation for one in (ports, whole)]
    for one in (ports, whole):
        assert advance(one, END).corrected == 1
    assert_same(ports, whole, ROOT)
    for one, annotation in zip((ports, whole), made, strict=True):
        retract_annotation(one, TENANT, annotation, "test")
        assert advance(one, END).corrected == 1
    assert_same(ports, whole, ROOT)


def works(start: int, end: int) -> AnnotationRow:
    times = {"start": datetime.fromtimestamp(start, UTC), "end": datetime.fromtimestamp(end, UTC)}
    return AnnotationRow(kind=AnnotationKind.RENOVATION, stairwell="s1", **times)


def test_an_annotation_that_begins_before_what_is_kept_is_refused(ports: Ports) -> None:
    """Unless it is in force already, as those of a calendar that is imported again."""
    known = works(MONDAY + WEEK, MONDAY + 2 * WEEK)
    make_annotation(ports, TENANT, known, "test")
    advance(ports, END)
    delete_old(ports)
    make_annotation(ports, TENANT, known, "test")
    with pytest.raises(InvalidInput, match="counts before 2026-02-16 00:00Z are deleted"):
        make_annotation(ports, TENANT, works(ROOT - HOUR, ROOT + HOUR), "test")


def test_what_holds_of_a_time_that_is_deleted_is_told_and_held_to_from_then_on(ports: Ports) -> None:
    """An annotation taken back, or a place described otherwise: nothing begins in the deleted past, or without it."""
    known = make_annotation(ports, TENANT, works(ROOT - WEEK, ROOT - DAY), "test")
    advance(ports, END)
    delete_old(ports)
    before = verdicts_of(ports, 0)
    retract_annotation(ports, TENANT, known.annotation, "test")
    assert advance(ports, END).corrected == 0
    ports.register.put([place(2, kind=Kind.ATTIC)])
    assert advance(ports, END).corrected == 1
    after = verdicts_of(ports, 0)
    assert len(after) == len(before)
    assert after.evidence_weeks[-1] == before.evidence_weeks[-1]
    told = [one for one in read_audit(ports, TENANT, 100)[0] if one.action == "correction.too-late"]
    assert [one.subject for one in told] == ["1 series", "1 series"]
    assert "before 2026-02-16 00:00Z" in told[0].detail
    assert not [one for one in read_audit(ports, OTHER, 100)[0] if one.action == "correction.too-late"]


def test_a_count_older_than_what_is_kept_is_a_row_problem(ports: Ports) -> None:
    """And the rows beside it are taken."""
    delete_old(ports)
    times = [ROOT - 1, ROOT, ROOT + HOUR]
    rows = [CountRow(stairwell="s1", space="cellar", time=datetime.fromtimestamp(time, UTC), count=4) for time in times]
    report = ingest_counts(ports, TENANT, enumerate(rows, 1))
    assert (report.accepted, report.rejected) == (2, 1)
    assert report.problems[0].row == 1
    assert "before 2026-02-16 00:00Z" in report.problems[0].message
    assert "retention.counts_days = 143" in report.problems[0].message
    assert ports.aging[DataKind.COUNTS].oldest() == ROOT


def test_history_that_would_be_deleted_at_once_is_refused_from_the_beginning(tmp_path: Path) -> None:
    ports = sqlite_ports(tmp_path, now=END, **SHORT)
    ports.register.put([place(1)])
    row = CountRow(stairwell="s1", space="cellar", time=END - timedelta(days=144), count=4)
    assert ingest_counts(ports, TENANT, [(1, row)]).rejected == 1


def test_a_space_that_came_after_the_checkpoint_is_replayed_from_its_own_first_count(
    town: Path, tmp_path: Path
) -> None:
    """It has no state there, and lost no count."""
    short, whole = copied(town, tmp_path / "a", **SHORT), copied(town, tmp_path / "b", **KEPT)
    for one in (short, whole):
        one.register.put([place(SPACES)])
        one.counts.append(points(SPACES, np.arange((WEEKS - 5) * 168, WEEKS * 168)))
        advance(one, END)
    delete_old(short)
    for one in (short, whole):
        one.counts.append(points(SPACES, [(WEEKS - 5) * 168 + 3], count=9))
        assert advance(one, END).corrected == 1
    last = [one.verdicts.columns(np.array([SPACES + 1]), 0, 2**40) for one in (short, whole)]
    np.testing.assert_array_equal(last[0].score, last[1].score)
    np.testing.assert_array_equal(last[0].evidence_weeks, last[1].evidence_weeks)


def test_counts_wait_for_a_promotion_and_for_corrections(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both still need the first count; verdicts do not, and the day after nothing waits any longer."""
    begin_promotion(ports, "0", "test")
    done = delete_old(ports)
    assert "version 0 is being put in force" in done.waits[DataKind.COUNTS]
    assert ports.aging[DataKind.COUNTS].oldest() == MONDAY
    assert ports.aging[DataKind.VERDICTS].oldest() == END.timestamp() - 143 * DAY
    while go_on(ports):
        pass
    ports.counts.append(points(1, [7], count=9))
    assert "corrections" in delete_old(ports).waits[DataKind.COUNTS]
    advance(ports, END)
    assert not delete_old(ports).waits
    assert ports.aging[DataKind.COUNTS].oldest() == ROOT


def test_counts_wait_where_no_checkpoint_knows_all_that_would_go(ports: Ports) -> None:
    """One that lacks a series would leave a replay without its past; and no more goes for want of it."""
    ledger = ports.state.ledger()
    checkpoints = [
        msgspec.structs.replace(one, series=one.series[:1]) if one.time == ROOT else one for one in ledger.checkpoints
    ]
    with ports.state.transaction():
        ports.state.publish_ledger(msgspec.structs.replace(ledger, checkpoints=checkpoints))
    assert "no checkpoint" in delete_old(ports).waits[DataKind.COUNTS]
    assert ports.aging[DataKind.COUNTS].oldest() == MONDAY
    later(ports, weeks=4)
    assert not delete_old(ports).waits
    assert ports.aging[DataKind.COUNTS].oldest() == ROOT + 4 * WEEK


def test_a_champion_learnt_anew_begins_from_the_checkpoint(ports: Ports, whole: Ports) -> None:
    """It knows what it knew; the windows after it are judged as if nothing had been done at all."""
    delete_old(ports)
    promote(ports, "0", "test")
    for one in (ports, whole):
        one.counts.append(points(1, np.arange(WEEKS * 168, WEEKS * 168 + 48)))
        later(one, days=2, minutes=20)
        advance(one)
    assert_same(ports, whole, int(END.timestamp()))


def test_a_correction_after_a_promotion_stays_within_what_is_kept(ports: Ports) -> None:
    delete_old(ports)
    promote(ports, "0", "test")
    ports.counts.append(points(1, [FIRST * 168], count=9))
    assert advance(ports, END).corrected == 1
    assert ports.state.manifest().origin == ROOT  # type: ignore[union-attr]
    assert verdicts_of(ports, 0).starts.min() == ROOT


def damage_root(ports: Ports, folder: Path) -> None:
    for one in ports.state.ledger().checkpoints:
        if one.time == ROOT:
            (folder / "state" / one.file).write_bytes(b"")


def test_a_damaged_root_stops_a_correction_rather_than_begin_without_the_past(ports: Ports, tmp_path: Path) -> None:
    delete_old(ports)
    damage_root(ports, tmp_path / "short")
    ports.counts.append(points(1, [FIRST * 168 + 3], count=9))
    with pytest.raises(StoreError, match="damaged"):
        advance(ports, END)


def test_a_damaged_root_keeps_counts_from_being_deleted(ports: Ports, tmp_path: Path) -> None:
    """And nothing else."""
    damage_root(ports, tmp_path / "short")
    done = delete_old(ports)
    assert "cannot be read" in done.waits[DataKind.COUNTS]
    assert DataKind.VERDICTS in done.rows
    assert ports.aging[DataKind.COUNTS].oldest() == MONDAY


def test_verdicts_kept_shorter_than_counts_are_not_written_anew(town: Path, tmp_path: Path) -> None:
    """A correction of a count that is kept judges the windows whose verdicts are, and a search finds no difference."""
    ports = copied(town, tmp_path, **SHORT | {"retention__counts_days": 170, "retention__verdicts_days": 113})
    delete_old(ports)
    since = int(END.timestamp()) - 113 * DAY
    assert ports.aging[DataKind.COUNTS].oldest() < since  # type: ignore[operator]
    ports.counts.append(points(1, [(since - MONDAY) // HOUR - 200], count=9))
    assert advance(ports, END).corrected == 1
    assert ports.aging[DataKind.VERDICTS].oldest() == since
    assert reconcile(ports, 400) == 0


class Killed(BaseException):
    """As by SIGKILL: nothing is tidied up."""


@pytest.mark.parametrize("step", range(1, 12))
def test_killed_anywhere_it_ends_as_if_it_had_not_been(
    ports: Ports, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """All of it goes, and the audit tells of it once, with all rows."""
    monkeypatch.setattr(deleting, "STEP_ROWS", 1500)
    commits = 0

    def killing(function: Any) -> Any:
        def called(*arguments: Any) -> Any:
            nonlocal commits
            commits += 1
            if commits == step:
                raise Killed
            return function(*arguments)

        return called

    with monkeypatch.context() as broken:
        broken.setattr(ports.state, "publish_deletion", killing(ports.state.publish_deletion))
        broken.setattr(ports.audit, "append", killing(ports.audit.append))
        for data in ports.aging.values():
            broken.setattr(data, "delete_before", killing(data.delete_before))
        with pytest.raises(Killed):
            delete_old(ports)
    assert delete_old(ports).finished
    assert ports.aging[DataKind.COUNTS].oldest() == ports.aging[DataKind.VERDICTS].oldest() == ROOT
    told = entries(ports)
    assert sorted(one.split(":")[0] for one in told) == ["counts", "superseded", "verdicts"]
    assert [one for one in told if one.startswith(f"counts: {2 * FIRST * 168 - 72} ")]


def test_a_long_deletion_goes_on_with_the_next_tick(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit is told when it has ended."""
    monkeypatch.setattr(deleting, "STEP_ROWS", 500)
    between: list[int] = []
    done = delete_old(ports, between=lambda: between.append(1), enough=lambda: len(between) >= 3)
    assert not done.finished
    assert entries(ports) == []
    assert delete_old(ports, between=lambda: between.append(1)).finished
    assert len(entries(ports)) == 3
    assert len(between) == 10


def test_audit_entries_and_letters_go_by_their_own_days(tmp_path: Path) -> None:
    """Those of every company, and those on the whole service."""
    ports = sqlite_ports(tmp_path, now=datetime(2020, 1, 1, tzinfo=UTC), **SHORT)
    for _ in range(30):
        record(ports, "cli:anna", TENANT, "list.make", "2020-01-01-001")
        record(ports, "cli:anna", "*", "model.promote", "1")
        later(ports, days=10)
    done = delete_old(ports)
    assert done.rows == {DataKind.AUDIT: 24}
    oldest = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=120)
    assert ports.aging[DataKind.AUDIT].oldest() == oldest.timestamp()
    assert entries(ports)[0].startswith("audit: 12 audit entries before 2020-04-26 00:00Z, as retention.audit_days is")


def test_the_least_that_the_audit_may_be_kept_is_no_less_than_its_file_insists_on(tmp_path: Path) -> None:
    """By the clock of the machine, at any time of the day."""
    now = datetime.now(UTC)
    for hour in range(0, 24, 3):
        ports = sqlite_ports(tmp_path / str(hour), now=now - timedelta(days=188), **SHORT)
        for _ in range(48):
            record(ports, "cli:anna", TENANT, "list.make", "2020-01-01-001")
            later(ports, hours=3)
        later(ports, days=182)
        later(ports, seconds=(now - timedelta(hours=hour) - ports.clock.now()).total_seconds())
        assert delete_old(ports).rows[DataKind.AUDIT] > 10
