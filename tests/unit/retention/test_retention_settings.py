"""What is kept for how long: what looks back further is refused, and told."""

from __future__ import annotations

import re
from typing import Any

import pytest

from models.calendar import SECONDS_PER_WEEK
from models.hotspots.ground import HISTORY_DAYS
from service.errors import SettingsError
from service.settings import Settings, load_settings
from service.settings.retention import LIST_HISTORY_DAYS
from service.usecases.learning.checkpoints import is_sparse


def settings(**overrides: Any) -> Settings:
    return load_settings(environment={}, overrides={key.replace("__", "."): value for key, value in overrides.items()})


def kept(**days: int) -> dict[str, int]:
    return {f"retention__{kind}_days": number for kind, number in days.items()}


MONDAY = 1_767_571_200  # 5 January 2026
ALL = kept(counts=400, verdicts=400, superseded=400)


def test_everything_is_kept_for_good_unless_somebody_says_otherwise() -> None:
    assert not any(getattr(settings().retention, f"{kind}_days") for kind in ("counts", "verdicts", "audit", "letters"))


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (ALL | kept(counts=212), "counts_days is 212, but retraining.weeks = 26 .* 28 days apart; .* 213"),
        (ALL | {"retraining__weeks": 60}, r"retraining.weeks = 60 looks back 420 days, .* set it to 451 or more"),
        (ALL | {"retraining__every_weeks": 60}, "retraining.every_weeks = 60"),
        (ALL | {"advance__checkpoint_weeks": 60}, "advance.checkpoint_weeks = 60"),
        (ALL | {"influxdb__reconcile_days": 390}, "influxdb.reconcile_days = 390"),
        (ALL | {"hotspots__days": 366}, "verdicts_days is 400, but .* 394|counts_days is 400, but the evaluation"),
        (kept(verdicts=112), "verdicts_days is 112, but the comparison of eight weeks .* set it to 113"),
        (kept(verdicts=120) | {"hotspots__days": 100}, "the evaluation of the newest lists looks back 128 days"),
        (kept(audit=183), "audit_days is 183, .* half a year .* 184 or more, or to 0"),
        (kept(letters=30), "letters_days is 30"),
        (kept(counts=400), r"verdicts_days is 0, longer than retention.counts_days \(400\), but a verdict"),
        (ALL | kept(superseded=0), "superseded_days is 0"),
        (ALL | kept(verdicts=401), "verdicts_days is 401"),
        (kept(audit=-1), "audit_days"),
    ],
)  # fmt: skip
def test_what_breaks_something_else_is_refused(odd: dict[str, Any], said: str) -> None:
    """The message names the keys, and what would do."""
    with pytest.raises(SettingsError, match=said):
        settings(**odd)


def test_all_that_contradicts_is_told_at_once() -> None:
    """What is told to be set is then taken: nobody starts the service five times to hear five things."""
    odd = kept(counts=60, verdicts=60, superseded=0, audit=30, letters=7)
    with pytest.raises(SettingsError) as refused:
        settings(**odd)
    told = re.findall(r"retention\.(\w+)_days is \d+, .*?; set it to (\d+) or", str(refused.value))
    assert sorted(name for name, _ in told) == ["audit", "counts", "letters", "superseded", "verdicts"]
    assert settings(**kept(**{name: int(days) for name, days in told}))


@pytest.mark.parametrize(
    "fine",
    [
        ALL,
        kept(counts=213, verdicts=113, superseded=1),
        kept(verdicts=113),
        kept(superseded=30),
        kept(audit=184, letters=31),
    ],
    ids=str,
)
def test_what_breaks_nothing_is_taken(fine: dict[str, Any]) -> None:
    assert settings(**fine)


def test_what_is_said_of_others_is_true_of_them() -> None:
    """Lists look back so far, and of four Mondays after each other one keeps its checkpoint."""
    assert LIST_HISTORY_DAYS == HISTORY_DAYS
    assert all(
        sum(is_sparse(MONDAY + week * SECONDS_PER_WEEK) for week in range(first, first + 4)) == 1 for first in range(9)
    )
