"""A town scored for a week, and a challenger that is to take its champion's place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.city import SimulatedCity
from models.detector.state import GROUPS
from service.domain.counts import CountPoints
from service.ports import Ports
from service.usecases.learning.correct import replay_series
from service.usecases.learning.rosters import full_roster
from service.usecases.learning.shards import open_shard
from service.usecases.versions.promote import go_on
from tests.worlds import city_points

WEEKS = 2
BEGIN = 120  # first window with counts, two days before the first checkpoint


def counted(city: SimulatedCity, rows: slice, count: int) -> CountPoints:
    """Other counts for some windows, of whatever was counted in them."""
    points = city_points(city, rows)
    return replace(points, counts=np.full(len(points), count))


def assert_replayed(ports: Ports) -> None:
    """The state in force is, to the last bit, what a replay of the stored counts under its version gives."""
    manifest, roster = ports.state.manifest(), full_roster(ports)
    version = ports.registry.load(manifest.version)
    opened = open_shard(ports.state, manifest.shards[0], roster, version, manifest.window_minutes)
    replayed = replay_series(ports, roster, version, (manifest.origin, manifest.watermark))
    for group in GROUPS:
        np.testing.assert_array_equal(getattr(opened.columns.state, group), getattr(replayed, group))


def finish(ports: Ports) -> None:
    """Go on with a promotion until there is nothing more to do."""
    while go_on(ports):
        pass


class Broken:
    """A store with a fault of our own making."""

    def __getattr__(self, method: str):
        raise ZeroDivisionError
