"""Places, sensors and days described otherwise: their series are replayed as if it had been so always."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.domain.places import Kind, Liveness, PlaceRow
from service.usecases.learning.advance import advance
from service.usecases.learning.rosters import full_roster
from tests.unit.correcting.quiet_town import (
    END,
    HOUR,
    SPACES,
    assert_same,
    copied,
    place,
    replayed_spans,
    scored,
    verdicts_of,
)
from tests.worlds import sqlite_ports


@pytest.mark.parametrize(
    "change",
    [{"kind": Kind.ATTIC}, {"sensor": "x", "liveness": Liveness.ASSUMED, "valid_from": END - timedelta(weeks=2)}],
    ids=["kind", "liveness"],
)
def test_a_place_described_otherwise_is_replayed_as_if_it_had_been_so_always(
    town: Path, tmp_path: Path, change: Any
) -> None:
    ports, known = copied(town, tmp_path / "late"), scored(tmp_path / "known", place(1, **change))
    assert not np.array_equal(verdicts_of(ports).expected, verdicts_of(known).expected) or "sensor" in change
    ports.register.put([place(1, **change)])
    assert advance(ports, END).corrected == 1
    assert_same(ports, known)
    assert advance(ports, END).corrected == 0


def test_another_time_zone_replays_everything(town: Path, tmp_path: Path) -> None:
    moved = copied(town, tmp_path / "moved", general__timezone="America/New_York")
    assert advance(moved, END).corrected == SPACES
    assert_same(moved, scored(tmp_path / "known", general__timezone="America/New_York"))


def test_a_holiday_named_late_is_replayed_from_that_day(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = [date(2026, 1, 28)]
    late = copied(town, tmp_path / "late", general__extra_holidays=day)
    spans = replayed_spans(monkeypatch)
    advance(late, END)
    assert spans[0] == (SPACES, 3, 4)
    assert_same(late, scored(tmp_path / "known", general__extra_holidays=day))


MOVED = END - timedelta(weeks=2, minutes=-30)


def test_a_space_warms_up_anew_when_a_sensor_comes_after_another_was_moved_away(town: Path, tmp_path: Path) -> None:
    """From the first window that the new sensor is there for from the beginning; told late, or in time, day by day."""
    rows = [
        place(1, sensor="a", valid_to=MOVED),
        place(2, sensor="a", valid_from=MOVED),
        place(1, sensor="b", valid_from=MOVED),
    ]
    known, late = scored(tmp_path / "known", *rows, advance__commit_windows=24), copied(town, tmp_path / "late")
    late.register.put(rows)
    assert advance(late, END).corrected == 1
    assert_same(late, known)
    anew = int(MOVED.timestamp()) + HOUR // 2
    verdicts = verdicts_of(known)
    of_space = verdicts.series == 2
    assert verdicts.evidence_weeks[of_space & (verdicts.starts == anew)] == [0.0]
    assert verdicts.evidence_weeks[of_space & (verdicts.starts == anew - HOUR)] > 1
    assert verdicts.evidence_weeks[verdicts.series == 3][-1] > 3


@pytest.mark.parametrize(
    "rows",
    [
        [place(1, sensor="a", valid_to=MOVED), place(1, sensor="b", valid_from=MOVED)],
        [
            place(1, sensor="a", valid_to=MOVED),
            place(2, sensor="a", valid_from=MOVED),
            place(1, sensor="b", valid_from=MOVED - timedelta(hours=1)),
        ],
        [place(1, sensor="a", valid_to=MOVED), place(2, sensor="a", valid_from=MOVED)],
    ],
    ids=["replaced", "together", "nothing came"],
)
def test_a_space_goes_on_where_no_sensor_came_after_one_moved_away(tmp_path: Path, rows: list[PlaceRow]) -> None:
    """A broken device is replaced, a second one overlaps, or the space is left: nothing begins anew."""
    ports = sqlite_ports(tmp_path, now=END)
    ports.register.put(place(space) for space in range(SPACES))
    ports.register.put(rows)
    assert full_roster(ports).restarts == ()
