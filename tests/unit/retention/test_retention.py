"""Retention: what goes and when, how it is proved, and what waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from service.domain.readings import CountRow
from service.domain.retention import DataKind
from service.ports import Ports
from service.usecases.audit import record
from service.usecases.intake.ingest import ingest_counts
from service.usecases.intake.reconcile import reconcile
from service.usecases.learning.advance import advance
from service.usecases.retention import deleting
from service.usecases.retention.deleting import Deleted, delete_old
from service.usecases.versions.promote import begin_promotion, go_on
from tests.unit.retention.aged_town import (
    DAY,
    END,
    FIRST,
    HOUR,
    MONDAY,
    OTHER,
    ROOT,
    SHORT,
    SPACES,
    WEEK,
    copied,
    entries,
    later,
    opened,
    place,
    points,
)
from tests.worlds import TENANT


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
    assert END.timestamp() - 59 * DAY < ROOT
    told = "2026-01-19 00:00Z"
    counts = f"before {told}, as retention.counts_days is 59; the oldest left is of {told}"
    assert f"counts: {2 * FIRST * 168 - 72} counts {counts}" in entries(ports)
    assert f"counts: {FIRST * 168} counts {counts}" in entries(ports, OTHER)
    assert len(entries(ports, OTHER)) == 2
    assert delete_old(ports) == Deleted()


def test_nothing_goes_unless_the_settings_say_so(whole: Ports) -> None:
    assert delete_old(whole) == Deleted()
    assert whole.aging[DataKind.COUNTS].oldest() == MONDAY


def test_a_count_older_than_what_is_kept_is_a_row_problem(ports: Ports) -> None:
    """And the rows beside it are taken."""
    delete_old(ports)
    times = [ROOT - 1, ROOT, ROOT + HOUR]
    rows = [CountRow(stairwell="s1", space="cellar", time=datetime.fromtimestamp(time, UTC), count=4) for time in times]
    report = ingest_counts(ports, TENANT, enumerate(rows, 1))
    assert (report.accepted, report.rejected) == (2, 1)
    assert report.problems[0].row == 1
    assert "before 2026-01-19 00:00Z" in report.problems[0].message
    assert "retention.counts_days = 59" in report.problems[0].message
    assert ports.aging[DataKind.COUNTS].oldest() == ROOT


def test_history_that_would_be_deleted_at_once_is_refused_from_the_beginning(tmp_path: Path) -> None:
    ports = opened(tmp_path, retention=SHORT)
    ports.register.put([place(1)])
    row = CountRow(stairwell="s1", space="cellar", time=END - timedelta(days=60), count=4)
    assert ingest_counts(ports, TENANT, [(1, row)]).rejected == 1


def test_counts_wait_for_a_promotion_and_for_corrections(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both still need the first count; verdicts do not, and the day after nothing waits any longer."""
    begin_promotion(ports, "0", "test")
    done = delete_old(ports)
    assert "version 0 is being put in force" in done.waits[DataKind.COUNTS]
    assert ports.aging[DataKind.COUNTS].oldest() == MONDAY
    assert ports.aging[DataKind.VERDICTS].oldest() == END.timestamp() - 59 * DAY
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


def test_verdicts_kept_shorter_than_counts_are_not_written_anew(town: Path, tmp_path: Path) -> None:
    """A correction of a count that is kept judges the windows whose verdicts are, and a search finds no difference."""
    ports = copied(town, tmp_path, msgspec.structs.replace(SHORT, verdicts_days=29))
    delete_old(ports)
    since = int(END.timestamp()) - 29 * DAY
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
    monkeypatch.setattr(deleting, "STEP_ROWS", 500)
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
    monkeypatch.setattr(deleting, "STEP_ROWS", 165)
    between: list[int] = []
    done = delete_old(ports, between=lambda: between.append(1), enough=lambda: len(between) >= 3)
    assert not done.finished
    assert entries(ports) == []
    assert delete_old(ports, between=lambda: between.append(1)).finished
    assert len(entries(ports)) == 3
    assert len(between) == 10


def test_audit_entries_and_letters_go_by_their_own_days(tmp_path: Path) -> None:
    """Those of every company, and those on the whole service."""
    ports = opened(tmp_path, datetime(2020, 1, 1, tzinfo=UTC), SHORT)
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
        ports = opened(tmp_path / str(hour), now - timedelta(days=188), SHORT)
        for _ in range(48):
            record(ports, "cli:anna", TENANT, "list.make", "2020-01-01-001")
            later(ports, hours=3)
        later(ports, days=182)
        later(ports, seconds=(now - timedelta(hours=hour) - ports.clock.now()).total_seconds())
        assert delete_old(ports).rows[DataKind.AUDIT] > 10
