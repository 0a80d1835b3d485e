"""Level shifts: spaces whose whole week became busier or quieter, which the model has learnt as the new normal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from msgspec import Meta

from models.calendar import SECONDS_PER_WEEK
from models.change_reasons import level_shift_reason
from models.detector.shift import level_shift
from service.domain.places import Kind, Series
from service.domain.reasons import Reason
from service.domain.state import Manifest
from service.ports import Ports
from service.usecases.learning.marks import marks_of
from service.usecases.learning.shards import read_head, read_published
from service.usecases.retention.kept import verdicts_since


class LevelShift(msgspec.Struct, frozen=True, kw_only=True):
    """The latest shift of a space's level, over most of its active hours, that was learnt as the new normal."""

    stairwell: str
    space: str
    kind: Kind
    ratio: Annotated[
        float,
        Meta(gt=0, description="Presences of the days until it was learnt, per presence that was expected of them."),
    ]
    learnt: Annotated[datetime, Meta(description="Start of the window in which it had held for long enough.")]
    reason: Reason


def level_shifts(ports: Ports, tenant: str, weeks: int) -> list[LevelShift]:
    """Level shifts learnt in the last weeks before the watermark, the newest first."""
    chosen = {one.number: one for one in ports.register.series(tenant)}
    shifts = read_published(ports.state, lambda manifest: shifts_of(ports, manifest, chosen, weeks)) or {}
    return sorted(shifts.values(), key=lambda one: (-one.learnt.timestamp(), one.stairwell, one.space))


def shifts_of(
    ports: Ports, manifest: Manifest, series: Mapping[int, Series], weeks: float = np.inf
) -> dict[int, LevelShift]:
    """The latest level shift of each series that had one in the last weeks, by series number."""
    windows_per_week = SECONDS_PER_WEEK // manifest.window_seconds
    earliest = max(manifest.origin, manifest.watermark - weeks * SECONDS_PER_WEEK, verdicts_since(ports) or 0)
    found = {}
    for shard in manifest.shards:
        columns = [column for column, number in enumerate(shard.series) if number in series]
        if not columns:
            continue
        ratio, since = level_shift(read_head(ports.state, shard), windows_per_week)
        for column in columns:
            if since[column] <= weeks:
                windows = round(float(since[column]) * windows_per_week)
                learnt = _learnt(ports, manifest, shard.series[column], windows, int(earliest))
                if learnt is not None:
                    one = series[shard.series[column]]
                    found[one.number] = _told(ports, one, float(ratio[column]), learnt)
    return found


def _learnt(ports: Ports, manifest: Manifest, number: int, windows: int, earliest: int) -> int | None:
    """The start of the window after which so many were learnt; None if it is before ``earliest``."""
    numbers, end = np.array([number]), manifest.watermark
    step = manifest.window_seconds
    while end > earliest:
        start = max(end - max((windows + 1) * step, SECONDS_PER_WEEK), earliest)
        starts = ports.verdicts.judged(numbers, start, end).starts
        if marks := marks_of(ports, numbers, starts):
            starts = starts[~marks.left_out[:, 0]]
        if len(starts) > windows:
            return int(starts[-1 - windows])
        windows, end = windows - len(starts), start
    return None


def _told(ports: Ports, one: Series, ratio: float, start: int) -> LevelShift:
    learnt = datetime.fromtimestamp(start, UTC)
    day = learnt.astimezone(ZoneInfo(ports.settings.general.timezone)).date()
    return LevelShift(
        stairwell=one.stairwell,
        space=one.space,
        kind=one.kind,
        ratio=ratio,
        learnt=learnt,
        reason=Reason(*(level_shift_reason(ratio, one.kind, day, language) for language in ("sv", "en"))),
    )
