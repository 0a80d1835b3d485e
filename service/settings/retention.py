"""How long what is stored is kept, in days; 0 keeps it for good."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from service.errors import SettingsError
from service.settings.sections import Advance, Hotspots, InfluxDB, Retraining

SPARSE_CHECKPOINT_DAYS = 28
"""Between the checkpoints that are kept of older weeks; counts are deleted up to one of them."""
READINGS_MARGIN_DAYS = 2
"""Readings kept before the first count, which the counts after it are derived from: a stay lasts a day at most."""
LEAST_AUDIT_DAYS = 184
"""Half a year, which logs of systems that may be high-risk are kept for (AI Act, Art. 19 and 26(6)), and the day that
has begun, since whole days are deleted; the file of the audit refuses to delete what is younger than 183 days."""
LIST_HISTORY_DAYS = 70
"""As :data:`models.hotspots.ground.HISTORY_DAYS`, which takes too long to import to read settings by."""
_EVALUATED_LISTS_DAYS = 28  # the newest four lists of a weekly rhythm, each held against what led to it
_BEFORE_AFTER_DAYS = 112  # eight weeks before a date, eight after it
_OUTBOX_DAYS = 31  # a recipient is sent one list a week, by what went out before

_Days = Annotated[int, Meta(ge=0, le=36_500)]


class Retention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Days after which each kind of data is deleted."""

    counts_days: _Days
    verdicts_days: _Days
    superseded_days: _Days
    audit_days: _Days
    letters_days: _Days


def check_retention(
    retention: Retention, *, hotspots: Hotspots, retraining: Retraining, advance: Advance, influxdb: InfluxDB
) -> None:
    """Check that nothing is deleted that something set elsewhere looks back on.

    Raises
    ------
    SettingsError
        If it were; the message names the keys and the least number of days.
    """
    looked_back = {
        "the evaluation of the newest lists": max(hotspots.days, LIST_HISTORY_DAYS) + _EVALUATED_LISTS_DAYS,
        "the comparison of eight weeks before and after a date": _BEFORE_AFTER_DAYS,
    }
    _check_least("verdicts_days", retention.verdicts_days, looked_back, 1)  # whole days are deleted
    _check_least(
        "counts_days",
        retention.counts_days,
        looked_back  # at verdicts, which go with their counts
        | {
            f"retraining.weeks = {retraining.weeks}": 7 * retraining.weeks,
            f"retraining.every_weeks = {retraining.every_weeks}": 7 * retraining.every_weeks,
            f"advance.checkpoint_weeks = {advance.checkpoint_weeks}": 7 * advance.checkpoint_weeks,
            f"influxdb.reconcile_days = {influxdb.reconcile_days}": influxdb.reconcile_days,
        },
        SPARSE_CHECKPOINT_DAYS + READINGS_MARGIN_DAYS + 1,
        f", and checkpoints, up to which counts are deleted, lie up to {SPARSE_CHECKPOINT_DAYS} days apart",
    )
    _check_least("audit_days", retention.audit_days, {"the duty to keep logs for half a year": LEAST_AUDIT_DAYS})
    _check_least("letters_days", retention.letters_days, {"what is sent once a week": _OUTBOX_DAYS})
    for key in ("verdicts_days", "superseded_days"):
        if retention.counts_days and not 0 < getattr(retention, key) <= retention.counts_days:
            raise SettingsError(
                f"retention.{key} is {getattr(retention, key)}, longer than retention.counts_days "
                f"({retention.counts_days}), but a verdict holds its count; set it to {retention.counts_days} or less"
            )


def _check_least(key: str, days: int, needs: dict[str, int], margin: int = 0, why: str = "") -> None:
    need = max(needs, key=lambda name: needs[name])
    least = needs[need] + margin
    if 0 < days < least:
        raise SettingsError(
            f"retention.{key} is {days}, but {need} looks back {needs[need]} days{why}; set it to {least} or more, or "
            "to 0 to keep all"
        )
