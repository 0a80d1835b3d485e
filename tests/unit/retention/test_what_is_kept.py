"""Everything else goes on as if nothing had gone, as far as what is kept reaches."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from service.domain.annotations import AnnotationKind, AnnotationRow
from service.domain.places import Kind
from service.domain.retention import DataKind
from service.errors import InvalidInput, StoreError
from service.ports import Ports
from service.usecases.audit import read_audit
from service.usecases.learning.advance import advance
from service.usecases.learning.annotations import make_annotation, retract_annotation
from service.usecases.retention.deleting import delete_old
from tests.challengers import promote
from tests.unit.retention.aged_town import (
    DAY,
    END,
    FIRST,
    HOUR,
    LATELY,
    MONDAY,
    OTHER,
    ROOT,
    SHORT,
    SPACES,
    WEEK,
    WEEKS,
    assert_same,
    copied,
    later,
    opened,
    place,
    points,
    verdicts_of,
)
from tests.worlds import TENANT


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


@pytest.mark.parametrize("hour", [0, (WEEKS - FIRST - 3) * 168 + 5], ids=str)
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
    with pytest.raises(InvalidInput, match="counts before 2026-01-19 00:00Z are deleted"):
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
    assert "before 2026-01-19 00:00Z" in told[0].detail
    assert not [one for one in read_audit(ports, OTHER, 100)[0] if one.action == "correction.too-late"]


def test_a_space_that_came_after_the_checkpoint_is_replayed_from_its_own_first_count(
    town: Path, tmp_path: Path
) -> None:
    """It has no state there, and lost no count."""
    short, whole = copied(town, tmp_path / "a", SHORT), copied(town, tmp_path / "b")
    for one in (short, whole):
        one.register.put([place(SPACES)])
        one.counts.append(points(SPACES, np.arange((WEEKS - 2) * 168, WEEKS * 168)))
        advance(one, END)
    delete_old(short)
    for one in (short, whole):
        one.counts.append(points(SPACES, [(WEEKS - 2) * 168 + 3], count=9))
        assert advance(one, END).corrected == 1
    last = [one.verdicts.columns(np.array([SPACES + 1]), 0, 2**40) for one in (short, whole)]
    np.testing.assert_array_equal(last[0].score, last[1].score)
    np.testing.assert_array_equal(last[0].evidence_weeks, last[1].evidence_weeks)


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


def test_what_came_before_all_that_is_kept_corrects_nothing(tmp_path: Path) -> None:
    """A service that was away for months ends a catch-up at the checkpoint that counts go up to, and goes on later."""
    ports = opened(tmp_path, datetime.fromtimestamp(ROOT, UTC), SHORT)
    ports.register.put([place(0)])
    ports.counts.append(points(0, range(WEEKS * WEEK // HOUR)))
    advance(ports, ports.clock.now())
    later(ports, weeks=WEEKS - FIRST)
    delete_old(ports)
    manifest = ports.state.manifest()
    assert manifest.origin == manifest.watermark == ROOT
    ports.counts.append(points(0, [(ROOT - MONDAY) // HOUR - 5], count=3))  # let in before the counts went
    assert advance(ports).windows == (WEEKS - FIRST) * WEEK // HOUR - 1
    assert ports.state.ledger().pending == {}


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
