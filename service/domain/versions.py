"""What is known about a model version beside its tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from models.shipped import shipped_budgets
from models.version import AchievedBudget


class BudgetKept(msgspec.Struct, frozen=True, kw_only=True):
    """What a version opened in a simulated town without events, beside what was promised.

    Both are episodes opened per 100 stairwell-weeks.
    """

    promised: float
    achieved: float
    first_week: Annotated[int, Meta(description="Weeks of evidence that it is told for, counted from 1.")]
    last_week: Annotated[int | None, Meta(description="Null: the first week and all that follow.")]
    stairwell_weeks: Annotated[float, Meta(description="How many stairwell-weeks it is the mean of.")]


def budgets_kept(achieved: Iterable[AchievedBudget]) -> list[BudgetKept]:
    """The same as what a manifest holds."""
    return [msgspec.convert(one, BudgetKept, from_attributes=True) for one in achieved]


class VersionManifest(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest.json of a version folder.

    ``files`` maps each file of the folder to its SHA-256; ``window`` is the interval of the counts it learnt from and
    ``counts_digest`` their SHA-256, both empty for version 0, which learnt from the simulated city. ``budgets`` is what
    its calibration promises and keeps in a town it was not calibrated on; a manifest of before it was told has none.
    """

    version_id: str
    parent: str | None
    created: datetime
    window: tuple[datetime, datetime] | None
    counts_digest: str
    settings: dict[str, Any]
    metrics: dict[str, float]
    packages: dict[str, str]
    files: dict[str, str]
    budgets: list[BudgetKept] = []


class VersionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a version apart from its folder; nothing of it ever changes but the last two.

    ``digest`` is the SHA-256 of its manifest.json, which holds those of all other files. ``in_force`` is when it first
    was the champion, ``pruned`` when its folder was deleted.
    """

    version_id: str
    digest: str
    recorded: datetime
    in_force: datetime | None = None
    pruned: datetime | None = None


SHIPPED_MANIFEST = VersionManifest(
    version_id="0",
    parent=None,
    created=datetime(2026, 11, 22, tzinfo=UTC),
    window=None,
    counts_digest="",
    settings={},
    metrics={},
    packages={},
    files={},
    budgets=budgets_kept(shipped_budgets()),
)
"""Version 0, which comes with the package and learnt from the simulated city."""
