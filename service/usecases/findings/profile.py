"""The normal week of a stairwell: what the champion expects in every slot."""

from __future__ import annotations

import msgspec
import numpy as np

from models.calendar import DAY_TYPES
from models.detector.columns import OccupancyColumns
from models.detector.frame import Frame
from models.detector.occupancy import expect
from models.detector.step import Step
from service.domain.places import Kind, Series
from service.domain.state import Manifest
from service.errors import NotFound
from service.ports import Ports
from service.usecases.findings.level_shifts import LevelShift, shifts_of
from service.usecases.learning.rosters import full_roster
from service.usecases.learning.shards import (
    open_shard,
    read_published,
    shard_number,
    shards_by_number,
    shards_of,
)

_Learnt = tuple[float, list[list[float]]]


class SpaceProfile(msgspec.Struct, frozen=True, kw_only=True):
    """Expected presences per window of one space: a row per day type (Monday to Sunday, holiday), a column per window.

    ``evidence_weeks`` tells how much of it is learnt from the space itself, ``level_shift`` when its level last became
    another.
    """

    space: str
    kind: Kind
    evidence_weeks: float
    expected: list[list[float]]
    level_shift: LevelShift | None = None


def normal_week(ports: Ports, tenant: str, stairwell: str) -> list[SpaceProfile]:
    """The normal week of each space of a stairwell, under the champion, at the watermark.

    Raises
    ------
    NotFound
        If there is no such stairwell, or nothing has been scored yet.
    VersionRefused
        If the champion's files are incomplete, altered or another Trappvakt's.
    """
    ports.register.stairwell(tenant, stairwell)
    series = [one for one in ports.register.series(tenant) if one.stairwell == stairwell]
    profiles = read_published(ports.state, lambda manifest: _profiles(ports, manifest, series))
    if profiles is None:
        raise NotFound("nothing has been scored yet, so no normal week is known; import counts and score them")
    return profiles


def _profiles(ports: Ports, manifest: Manifest, series: list[Series]) -> list[SpaceProfile]:
    version, everybody = ports.registry.load(manifest.version), full_roster(ports)
    wanted = everybody.select(np.flatnonzero(np.isin(everybody.numbers, [one.number for one in series])))
    shards, found = shards_by_number(manifest), dict[int, _Learnt]()
    for roster in shards_of(wanted, manifest.shard_series):
        shard = shards.get(shard_number(roster.numbers[0], manifest.shard_series))
        opened = open_shard(ports.state, shard, roster, version, manifest.window_minutes)
        found |= zip(roster.numbers.tolist(), _learnt(opened.columns), strict=True)
    shifts = shifts_of(ports, manifest, {one.number: one for one in series})
    return [_profile(one, found[one.number], shifts.get(one.number)) for one in series]


def _learnt(columns: OccupancyColumns) -> list[_Learnt]:
    """Of each series: the weeks it rests on, and what is expected by day type and window; all of a slot at once."""
    windows = columns.state.windows_per_day
    frame = Frame.of(columns.version, columns.week, columns.kinds, columns.surroundings)
    moments = (frame.moments.at(slot) for slot in range(DAY_TYPES * windows))
    slots = np.stack([expect(Step.of(columns.state, moment), frame).mean for moment in moments], axis=1)
    by_day = slots.reshape(columns.width, DAY_TYPES, windows).tolist()
    return list(zip(columns.evidence_weeks.tolist(), by_day, strict=True))


def _profile(series: Series, learnt: _Learnt, shift: LevelShift | None) -> SpaceProfile:
    evidence_weeks, expected = learnt
    return SpaceProfile(
        space=series.space, kind=series.kind, evidence_weeks=evidence_weeks, expected=expected, level_shift=shift
    )
