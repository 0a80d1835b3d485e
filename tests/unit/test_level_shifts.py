"""A level that shifts for good is told with its ratio and the window in which it was learnt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import REGISTRY

from models.detector.columns import OccupancyColumns
from models.detector.state import Head
from models.shipped import shipped_version
from service.domain.annotations import Annotation, AnnotationKind
from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.places import Kind
from service.domain.verdicts import VerdictQuery
from service.ports import Ports
from service.tick import Tick
from service.usecases.findings.level_shifts import level_shifts
from service.usecases.findings.profile import normal_week
from service.usecases.learning.advance import advance
from service.usecases.learning.rosters import full_roster, settings_calendar
from tests.worlds import TENANT, sqlite_ports

START = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
WEEK = 168
SHIFTED = 4 * WEEK
RENOVATION = (6 * WEEK + 50, 6 * WEEK + 80)
SILENT = (7 * WEEK, 8 * WEEK + 30)
END = 9 * WEEK


@pytest.fixture
def ports(tmp_path) -> Ports:
    """Of which nothing is scored yet."""
    return two_cellars(tmp_path)


@pytest.fixture(scope="module")
def scored(tmp_path_factory) -> Ports:
    """Of which everything is scored; tests read it."""
    ports = two_cellars(tmp_path_factory.mktemp("scored"))
    advance(ports)
    return ports


@pytest.fixture(scope="module")
def accepted(scored: Ports) -> list[int]:
    return learnt(scored)


def two_cellars(folder: Path) -> Ports:
    """Two cellars, of which the second becomes three times as busy; then a renovation, then a sensor that is silent."""
    ports = sqlite_ports(folder, now=datetime.fromtimestamp(START + END * 3600, UTC) + timedelta(hours=1))
    ports.register.learn(TENANT, [("kvarnen-3a", "cellar", Kind.CELLAR), ("kvarnen-3b", "cellar", Kind.CELLAR)])
    random = np.random.default_rng(7)
    rate = np.where(np.arange(END) % 24 < 6, 0.05, 1.0)[:, None] * np.ones(2)
    rate[SHIFTED:, 1] *= 3.0
    rate[slice(*RENOVATION), 1] = 9.0
    counts = random.poisson(rate)
    kept = np.ones(END, dtype=bool)
    kept[slice(*SILENT)] = False
    windows = np.flatnonzero(kept)
    ports.counts.append(
        CountPoints(
            series=np.tile([1, 2], len(windows)).astype(np.int64),
            times=(START + np.repeat(windows, 2) * 3600) * NANOSECONDS,
            counts=counts[windows].ravel().astype(np.int64),
            sources=np.zeros(2 * len(windows), dtype=np.int64),
        )
    )
    begin, end = (datetime.fromtimestamp(START + window * 3600, UTC) for window in RENOVATION)
    ports.annotations.put(
        [
            Annotation(
                annotation="works",
                tenant=TENANT,
                kind=AnnotationKind.RENOVATION,
                start=begin,
                end=end,
                stairwell="kvarnen-3b",
                made_by="test",
                made=begin,
            )
        ]
    )
    return ports


def learnt(ports: Ports) -> list[int]:
    """Windows in which the detector, fed window by window beside the service, accepts a shift of the second cellar."""
    roster = full_roster(ports)
    columns = OccupancyColumns(shipped_version(), 60, roster.kinds, roster.shares)
    windows = ports.counts.read(START, START + END * 3600, 3600)
    counts = np.full((END, 2), np.nan)
    counts[(windows.starts - START) // 3600, windows.series - 1] = windows.counts
    counts[slice(*RENOVATION), 1] = np.nan
    slots = settings_calendar(ports.settings).slots_of(START + np.arange(END) * 3600)
    accepted = []
    for window in range(END):
        before = columns.state.head[Head.EPOCH, 1]
        columns.learn(int(slots[window]), counts[window])
        if columns.state.head[Head.EPOCH, 1] > before:
            accepted.append(window)
    return accepted


def test_a_shift_is_told_at_the_very_window_in_which_it_was_learnt(scored: Ports, accepted: list[int]) -> None:
    """Windows that were not learnt since, annotated or missing, do not move it."""
    expected = accepted[-1]
    assert SHIFTED < expected < SHIFTED + 2 * WEEK, "learnt within two weeks, before the renovation"
    (shift,) = level_shifts(scored, TENANT, weeks=6)
    assert (shift.stairwell, shift.space) == ("kvarnen-3b", "cellar")
    assert int(shift.learnt.timestamp()) == START + expected * 3600
    assert 1.3 < shift.ratio < 3.6, "part of it was learnt before it passed for a shift"
    assert shift.reason.en.startswith("The level in the cellar rose to ")
    assert f"{shift.learnt.year}." in shift.reason.sv


def test_an_older_shift_is_left_out_of_the_list_but_stays_in_the_profile(scored: Ports) -> None:
    assert level_shifts(scored, TENANT, weeks=2) == []
    assert level_shifts(scored, "another tenant", weeks=6) == []
    (busier,) = normal_week(scored, TENANT, "kvarnen-3b")
    (calm,) = normal_week(scored, TENANT, "kvarnen-3a")
    assert busier.level_shift == level_shifts(scored, TENANT, weeks=6)[0]
    assert calm.level_shift is None


def test_before_the_first_tick_nothing_has_shifted(ports: Ports) -> None:
    assert level_shifts(ports, TENANT, weeks=6) == []


def test_a_tick_counts_the_shifts_that_it_learnt(ports: Ports, accepted: list[int]) -> None:
    before = REGISTRY.get_sample_value("trappvakt_level_shifts_total") or 0.0
    Tick(ports).run()
    assert REGISTRY.get_sample_value("trappvakt_level_shifts_total") == before + len(accepted)
    assert ports.verdicts.find(VerdictQuery(series=(1, 2), limit=1))
    Tick(ports).run()
    assert REGISTRY.get_sample_value("trappvakt_level_shifts_total") == before + len(accepted)
