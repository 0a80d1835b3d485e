"""How long what is stored is kept, in days; 0 keeps it for good."""

from __future__ import annotations

from collections.abc import Iterator
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
        If it were; the message names all the keys, and for each what number of days would do.
    """
    problems = list(_problems(retention, hotspots, retraining, advance, influxdb))
    if problems:
        raise SettingsError(". ".join(problems))


def _problems(
    retention: Retention, hotspots: Hotspots, retraining: Retraining, advance: Advance, influxdb: InfluxDB
) -> Iterator[str]:
    looked_back = {
        "the evaluation of the newest lists": max(hotspots.days, LIST_HISTORY_DAYS) + _EVALUATED_LISTS_DAYS,
        "the comparison of eight weeks before and after a date": _BEFORE_AFTER_DAYS,
    }
    counts_looked_back = looked_back | {  # at verdicts, which go with their counts
        f"retraining.weeks = {retraining.weeks}": 7 * retraining.weeks,
        f"retraining.every_weeks = {retraining.every_weeks}": 7 * retraining.every_weeks,
        f"advance.checkpoint_weeks = {advance.checkpoint_weeks}": 7 * advance.checkpoint_weeks,
        f"influxdb.reconcile_days = {influxdb.reconcile_days}": influxdb.reconcile_days,
    }
    counts_margin = SPARSE_CHECKPOINT_DAYS + READINGS_MARGIN_DAYS + 1
    yield from _too_few("verdicts_days", retention.verdicts_days, looked_back, 1)  # whole days are deleted
    yield from _too_few(
        "counts_days",
        retention.counts_days,
        counts_looked_back,
        counts_margin,
        f", and checkpoints, up to which counts are deleted, lie up to {SPARSE_CHECKPOINT_DAYS} days apart",
    )
    yield from _too_few("audit_days", retention.audit_days, {"the duty to keep logs for half a year": LEAST_AUDIT_DAYS})
    yield from _too_few("letters_days", retention.letters_days, {"what is sent once a week": _OUTBOX_DAYS})
    if retention.counts_days:
        # Counts that are kept too short will be kept for longer, so that is what the others are held against.
        counts_days = max(retention.counts_days, max(counts_looked_back.values()) + counts_margin)
        yield from _longer_than_counts("verdicts_days", retention.verdicts_days, counts_days)
        yield from _longer_than_counts("superseded_days", retention.superseded_days, counts_days)


def _too_few(key: str, days: int, needs: dict[str, int], margin: int = 0, why: str = "") -> Iterator[str]:
    need = max(needs, key=lambda name: needs[name])
    least = needs[need] + margin
    if 0 < days < least:
        yield (
            f"retention.{key} is {days}, but {need} looks back {needs[need]} days{why}; set it to {least} or more, or "
            "to 0 to keep all"
        )


def _longer_than_counts(key: str, days: int, counts_days: int) -> Iterator[str]:
    if not 0 < days <= counts_days:
        yield (
            f"retention.{key} is {days}, longer than retention.counts_days ({counts_days}), but a verdict holds its "
            f"count; set it to {counts_days} or less"
        )
