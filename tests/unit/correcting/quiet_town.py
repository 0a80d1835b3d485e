"""A few quiet spaces, scored over some weeks; and whether two services judge alike."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.calendar import SECONDS_PER_WEEK
from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.places import Kind, PlaceRow
from service.ports import Ports
from service.usecases.learning import correct
from service.usecases.learning.advance import advance
from tests.worlds import TENANT, sqlite_ports

HOUR, WEEK = 3600, 168
MONDAY = 1_767_571_200  # 5 January 2026
WEEKS, SPACES = 4, 3
END = datetime.fromtimestamp(MONDAY + WEEKS * SECONDS_PER_WEEK, UTC)


def place(space: int, **changes: Any) -> PlaceRow:
    names = {"tenant": TENANT, "area": "a", "property": "p", "building": "b", "stairwell": f"s{space}"}
    return PlaceRow(space="cellar", **(names | {"kind": Kind.CELLAR} | changes))


def points(space: int, hours: Any, count: int = 1) -> CountPoints:
    times = (MONDAY + np.asarray(hours, dtype=np.int64) * HOUR) * NANOSECONDS
    ones = np.ones(len(times), dtype=np.int64)
    return CountPoints((space + 1) * ones, times, count * ones, 0 * ones)


def copied(town: Path, folder: Path, **overrides: object) -> Ports:
    shutil.copytree(town, folder, dirs_exist_ok=True)
    return sqlite_ports(folder, now=END, **overrides)


def scored(folder: Path, *places: PlaceRow, **overrides: object) -> Ports:
    ports = sqlite_ports(folder, now=END, **overrides)
    ports.register.put(place(space) for space in range(SPACES))
    ports.register.put(places)
    for space in range(SPACES):
        ports.counts.append(points(space, np.arange(space, WEEKS * WEEK), count=space))
    advance(ports, END)
    return ports


def verdicts_of(ports: Ports, since: int = 0) -> Any:
    return ports.verdicts.columns(np.arange(1, SPACES + 1), since, 2**40)


def assert_same(one: Ports, other: Ports) -> None:
    mine, theirs = verdicts_of(one), verdicts_of(other)
    for name in ("series", "starts", "expected", "score", "evidence_weeks", "anomalous"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name), name)


def replayed_spans(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """(series, first week, last week exclusive) of every slice from now on."""
    spans: list[tuple[int, int, int]] = []
    replay = correct.replay_series

    def noting(ports: Ports, roster: Any, version: Any, span: tuple[int, int], **rest: Any) -> Any:
        spans.append((len(roster), *((time - MONDAY) // SECONDS_PER_WEEK for time in span)))
        return replay(ports, roster, version, span, **rest)

    monkeypatch.setattr(correct, "replay_series", noting)
    return spans
