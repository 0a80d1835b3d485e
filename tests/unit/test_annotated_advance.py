"""Annotated late or known from the beginning, kept or retracted: the verdicts and the state are the same."""

from __future__ import annotations

import shutil
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from models.city import SimulatedCity, simulate_city
from models.detector.state import GROUPS
from service.domain.annotations import AnnotationKind, AnnotationRow
from service.domain.state import Manifest
from service.domain.verdicts import VerdictColumns
from service.ports import Ports
from service.usecases.findings.queries import VerdictFilter, read_stairwell_verdicts
from service.usecases.learning.advance import advance
from service.usecases.learning.annotations import make_annotation, retract_annotation
from service.usecases.learning.marks import marks_of
from service.usecases.learning.rosters import full_roster
from service.usecases.learning.shards import open_shard, shards_by_number, shards_of
from service.usecases.lists.hotspots import make_list
from service.usecases.versions.retraining.counts import read_training_counts
from tests.challengers import promote
from tests.worlds import TENANT, city_points, end_of, register_city, sqlite_ports


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return simulate_city(11, stairwells=8, weeks=2)


@pytest.fixture(scope="module")
def plain(city, tmp_path_factory) -> Path:
    """A folder in which everything is scored and nothing annotated, to be copied."""
    folder = tmp_path_factory.mktemp("plain")
    scored(folder, city)
    return folder


def copied(plain: Path, folder: Path, city: SimulatedCity) -> Ports:
    shutil.copytree(plain, folder, dirs_exist_ok=True)
    return sqlite_ports(folder, now=end_of(city))


def world(folder, city, **overrides) -> Ports:
    ports = sqlite_ports(folder, now=end_of(city), **overrides)
    register_city(ports, city)
    return ports


def scored(folder, city, *rows: AnnotationRow, **overrides) -> Ports:
    """Everything scored in one go, with annotations known from the beginning."""
    ports = world(folder, city, **overrides)
    for row in rows:
        make_annotation(ports, TENANT, row, "key-1")
    ports.counts.append(city_points(city))
    advance(ports, end_of(city))
    return ports


def said(city, kind: AnnotationKind, begin: int, end: int, **places: str) -> AnnotationRow:
    """An annotation from one window of the town to another, both by number; without places of its first stairwell."""
    instants = (datetime.fromtimestamp(int(city.starts[0]) + hour * 3600, UTC) for hour in (begin, end))
    start, stop = instants
    return AnnotationRow(kind=kind, start=start, end=stop, **(places or {"stairwell": city.places[0].stairwell}))


def verdicts_of(ports: Ports, city: SimulatedCity) -> VerdictColumns:
    return ports.verdicts.columns(np.arange(1, len(city.places) + 1), 0, 2**40)


def assert_same(left: Ports, right: Ports, city: SimulatedCity) -> None:
    """To the last bit: verdicts and state."""
    one, other = verdicts_of(left, city), verdicts_of(right, city)
    for column in fields(VerdictColumns):
        np.testing.assert_array_equal(getattr(one, column.name), getattr(other, column.name), column.name)
    for mine, theirs in zip(states_of(left), states_of(right), strict=True):
        for group in GROUPS:
            np.testing.assert_array_equal(getattr(mine, group), getattr(theirs, group), group)


def states_of(ports: Ports):
    manifest = ports.state.manifest()
    version = ports.registry.load(manifest.version)
    for number, roster in enumerate(shards_of(full_roster(ports), manifest.shard_series)):
        yield open_shard(ports.state, shards_by_number(manifest)[number], roster, version, 60).columns.state


RENOVATION, NORMAL = AnnotationKind.RENOVATION, AnnotationKind.NORMAL


@pytest.mark.parametrize("kind", [AnnotationKind.PATROL, NORMAL])
def test_annotated_late_equals_known_from_the_beginning(city, plain, tmp_path, kind):
    """Left out or confirmed, and however long after."""
    row = said(city, kind, 200, 300)
    known = scored(tmp_path / "known", city, row)
    late = copied(plain, tmp_path / "late", city)
    before = verdicts_of(late, city)
    make_annotation(late, TENANT, row, "key-1")
    report = advance(late, end_of(city))
    spaces = sum(place.stairwell == city.places[0].stairwell for place in city.places)
    assert (report.corrected, report.windows) == (spaces, 0)
    assert_same(known, late, city)
    after, changed = verdicts_of(late, city), int(city.starts[200])
    assert not np.array_equal(before.expected, after.expected)
    np.testing.assert_array_equal(before.expected[before.starts <= changed], after.expected[after.starts <= changed])


def test_annotations_retracted_and_changed_leave_no_trace(city, tmp_path):
    """Made, changed and taken back, in past and future, scored in pieces of a day: as if only the last stood."""
    row = said(city, RENOVATION, 172, 300, area=city.places[0].area)
    kept = said(city, NORMAL, 200, 320)
    known = scored(tmp_path / "known", city, kept)
    ports = world(tmp_path / "live", city, advance__commit_windows=24, advance__shard_series=8)
    ports.counts.append(city_points(city))
    advance(ports, end_of(city) - timedelta(days=6))
    made = make_annotation(ports, TENANT, row, "key-1").annotation
    moved = said(city, NORMAL, 180, 190, area=city.places[0].area)
    advance(ports, end_of(city) - timedelta(days=5))
    make_annotation(ports, TENANT, msgspec.structs.replace(moved, annotation=made), "key-1")
    make_annotation(ports, TENANT, kept, "key-1")
    advance(ports, end_of(city) - timedelta(days=2))
    retract_annotation(ports, TENANT, made, "key-2")
    advance(ports, end_of(city))
    other = scored(tmp_path / "sharded", city, kept, advance__shard_series=8)
    assert_same(other, ports, city)
    one, two = verdicts_of(known, city), verdicts_of(ports, city)
    np.testing.assert_array_equal(one.score, two.score)


def test_left_out_windows_are_judged_and_not_learnt(city, tmp_path):
    """A verdict for every count there is; the state is that of counts that never came; none of them is anomalous."""
    row = said(city, AnnotationKind.FORGET, 0, 2000, stairwell=city.places[0].stairwell)
    ports = scored(tmp_path, city, row)
    verdicts = verdicts_of(ports, city)
    assert len(verdicts) == np.count_nonzero(~np.isnan(city.counts))
    inside = np.array([city.places[number - 1].stairwell == row.stairwell for number in verdicts.series])
    assert (verdicts.evidence_weeks[inside] == 0).all()
    assert (verdicts.evidence_weeks[~inside] > 0).any()
    assert not verdicts.anomalous[inside].any()


def test_promotion_learns_what_is_annotated(city, tmp_path):
    """State built anew under a version is that of the ticks."""
    row = said(city, RENOVATION, 50, 90)
    ports = scored(tmp_path / "ticks", city, row)
    built = copied(tmp_path / "ticks", tmp_path / "built", city)
    promote(built, "0", "key-1")
    assert_same(ports, built, city)


def test_an_annotation_to_come_replays_nothing(city, tmp_path):
    """It is read when its windows are scored; and so is one from before the first count."""
    ports = world(tmp_path, city)
    ports.counts.append(city_points(city))
    advance(ports, end_of(city) - timedelta(days=3))
    make_annotation(ports, TENANT, said(city, RENOVATION, 12 * 24, 13 * 24), "key-1")
    make_annotation(ports, TENANT, said(city, RENOVATION, -100, 0), "key-1")
    assert advance(ports, end_of(city)).corrected == 0
    assert ports.state.manifest().origin == city.starts[0]
    assert_same(scored(tmp_path / "known", city, said(city, RENOVATION, 12 * 24, 13 * 24)), ports, city)


def test_superseded_verdicts_are_kept_and_lists_stay(city, plain, tmp_path):
    """What the police were shown is what was known then."""
    ports = copied(plain, tmp_path, city)
    made = make_list(ports, TENANT)
    shown = ports.lists.get(TENANT, made.list_id)
    make_annotation(ports, TENANT, said(city, RENOVATION, 100, 300), "key-1")
    before = verdicts_of(ports, city)
    advance(ports, end_of(city))
    assert ports.lists.get(TENANT, made.list_id) == shown
    [(revised,)] = ports.state._database.rows("SELECT count(*) FROM verdict_revision")
    touched = (before.starts >= city.starts[100]) & np.isin(before.series, [1, 2])
    assert revised >= np.count_nonzero(touched & (before.series == 1)) > 0


def test_windows_that_an_annotation_overlaps_are_marked(city, tmp_path):
    """By however little; a space alone where it is named."""
    ports = world(tmp_path, city)
    place = city.places[1]
    start = datetime.fromtimestamp(int(city.starts[10]), UTC)
    row = AnnotationRow(
        kind=AnnotationKind.PATROL,
        start=start + timedelta(minutes=59, microseconds=5),
        end=start + timedelta(hours=2, microseconds=1),
        stairwell=place.stairwell,
        space=place.space,
    )
    make_annotation(ports, TENANT, row, "key-1")
    marks = marks_of(ports, np.arange(1, len(city.places) + 1), city.starts[:20])
    assert np.argwhere(marks.annotated).tolist() == [[10, 1], [11, 1], [12, 1]]
    assert marks_of(ports, np.array([1]), city.starts[:20]) is None
    ports.counts.append(city_points(city, slice(11)))
    advance(ports, start + timedelta(hours=1))
    told, _ = read_stairwell_verdicts(ports, TENANT, place.stairwell, place.space, VerdictFilter())
    assert [one.annotation for one in told[-2:]] == [None, AnnotationKind.PATROL]


def test_retraining_leaves_out_what_ticks_leave_out(tmp_path):
    """The fleet learns nothing of works either; what is confirmed as normal it learns."""
    city = simulate_city(11, stairwells=3, weeks=4)
    ports = world(tmp_path, city)
    ports.counts.append(city_points(city))
    span = (int(city.starts[0]), int(city.starts[-1]) + 3600)
    before = read_training_counts(ports, span, 4, map).counts.T
    make_annotation(ports, TENANT, said(city, RENOVATION, 10, 20), "key-1")
    make_annotation(ports, TENANT, said(city, NORMAL, 30, 40), "key-1")
    training = read_training_counts(ports, span, 4, map)
    after = training.counts.T
    lost = np.isnan(after) & ~np.isnan(before)
    assert set(np.flatnonzero(lost.any(axis=1))) <= set(range(10, 20))
    assert lost[10:20, 0].sum() == np.count_nonzero(~np.isnan(before[10:20, 0])) > 0
    np.testing.assert_array_equal(after[~lost], before[~lost])
    assert training.annotated == lost.sum()


def test_a_manifest_from_before_annotations_is_read():
    """State published by the Trappvakt before goes on."""
    known = dict.fromkeys(("origin", "watermark", "cursor"), 0) | {"window_minutes": 60, "shard_series": 9}
    older = msgspec.json.encode({**known, "version": "0", "previous": None, "digest": "", "shards": []})
    assert msgspec.json.decode(older, type=Manifest).annotations == 0
