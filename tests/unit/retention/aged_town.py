"""A town of months, of which some is to be deleted, and what is read of it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.places import Kind, PlaceRow
from service.ports import Ports
from service.settings.retention import Retention
from service.usecases.audit import read_audit
from tests.worlds import TENANT, sqlite_ports

HOUR, DAY, WEEK = 3600, 86_400, 604_800
MONDAY = 1_767_571_200  # 5 January 2026
WEEKS, SPACES = 10, 3
END = datetime.fromtimestamp(MONDAY + WEEKS * WEEK, UTC)
FIRST = 2  # week that is kept
ROOT = MONDAY + FIRST * WEEK  # the first checkpoint that lasts after 59 days before the end, less two
LATELY = MONDAY + (WEEKS - 6) * WEEK
OTHER = "annat bolag"
KEPT: dict[str, object] = {"retraining__weeks": 4, "advance__checkpoint_weeks": 1}
SHORT = Retention(counts_days=59, verdicts_days=59, superseded_days=59, audit_days=184, letters_days=31)
"""Counts for twelve weeks less than people may set, as what looks back further is not looked at here."""


def place(space: int, **changes: Any) -> PlaceRow:
    names = {"tenant": TENANT if space else OTHER, "area": "a", "property": "p", "building": "b"}
    return PlaceRow(**(names | {"stairwell": f"s{space}", "space": "cellar", "kind": Kind.CELLAR} | changes))


def points(space: int, hours: Any, count: int = 1) -> CountPoints:
    times = (MONDAY + np.asarray(hours, dtype=np.int64) * HOUR) * NANOSECONDS
    ones = np.ones(len(times), dtype=np.int64)
    random = np.random.default_rng(space)
    return CountPoints((space + 1) * ones, times, random.poisson(0.3, len(times)) + count - 1, 0 * ones)


def opened(folder: Path, now: datetime = END, retention: Retention | None = None) -> Ports:
    """A folder where all is kept, unless there is a retention."""
    ports = sqlite_ports(folder, now=now, **KEPT)
    settings = ports.settings
    return replace(ports, settings=msgspec.structs.replace(settings, retention=retention or settings.retention))


def copied(town: Path, folder: Path, retention: Retention | None = None) -> Ports:
    return opened(Path(shutil.copytree(town, folder, dirs_exist_ok=True)), retention=retention)


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
