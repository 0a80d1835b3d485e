"""Under assumed liveness, a silence that was none of calm is taken out of what was learnt, whatever comes late."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from service.domain.counts import NANOSECONDS, CountSpan
from service.domain.places import Liveness
from service.ports import Ports
from service.usecases.learning import slices
from service.usecases.learning.advance import advance
from tests.challengers import promote
from tests.property.test_corrections import END, START, WEEK, WEEKS, World, assert_same, points

HOUR = 3600
DEAD = WEEK + 60
"""Window from which the sensor of the second space says nothing."""


class SilentWorld(World):
    """Sensors that speak when somebody is there; that of the second space dies, and comes back if it is told to."""

    def __init__(self, folder: Path, seed: int, back: int | None = None) -> None:
        self.back = back
        super().__init__(folder, seed, advance__shard_series=4)

    def append(self, counts: np.ndarray, begin: int = 0) -> None:
        """All that is counted at first: what is calm is not told, and the dead sensor tells nothing."""
        if counts is self.counts and (counts == 0).any():
            self.places = [[assumed(rows[0], space)] for space, rows in enumerate(self.places)]
            self.put_places()
            counts[counts == 0] = -1
            counts[DEAD : self.back, 1] = -1
        super().append(counts, begin)

    def hear(self, hour: int) -> None:
        """A word from within the silence comes late: its sensor had been alive."""
        self.counts[hour, 1] = 1
        self.append(self.counts[hour : hour + 1], hour)

    def withdraw(self, begin: int, end: int) -> None:
        """Counts of the second space turn out to be none."""
        self.counts[begin:end, 1] = -1
        span = CountSpan(2, 0, (START + begin * HOUR) * NANOSECONDS, (START + end * HOUR) * NANOSECONDS)
        self.ports.counts.replace(points(np.zeros(0, int), np.zeros(0, int), np.zeros(0, int)), [span])


def assumed(row: Any, space: int) -> Any:
    return msgspec.structs.replace(row, sensor=f"g{space}", liveness=Liveness.ASSUMED)


def found(ports: Ports) -> list[int]:
    """The first silent window of each silence of the second space."""
    return [(one.start - START) // HOUR for one in ports.state.ledger().silences.get(2, [])]


def learnt_windows(ports: Ports, number: int) -> set[int]:
    starts = ports.verdicts.columns(np.array([number]), 0, 2**40).starts
    return set(((starts - START) // HOUR).tolist())


def last_word(world: SilentWorld) -> int:
    return int(np.flatnonzero(world.counts[:DEAD, 1] > 0)[-1])


def test_the_silence_of_a_dead_sensor_is_never_learnt(tmp_path: Path) -> None:
    """Zeros that were learnt before it was noticed are taken out: the state is that of a sensor known to be dead."""
    world = SilentWorld(tmp_path, 1)
    advance(world.ports, END)
    first = last_word(world) + 1
    assert found(world.ports) == [first]
    assert max(learnt_windows(world.ports, 2)) == first - 1

    told = world.opened("told")
    rows = [rows[0] for rows in world.places]
    gone = END - timedelta(hours=WEEKS * WEEK - first)
    rows[1] = msgspec.structs.replace(rows[1], valid_to=gone)
    told.register.put(rows)
    world.ports, live = told, world.ports
    world.append(world.counts)
    advance(told, END)
    assert told.state.ledger().silences == {}
    one, other = (ports.verdicts.columns(np.array([1, 2, 3, 4]), 0, 2**40) for ports in (live, told))
    for name in ("series", "starts", "count", "expected", "score"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)


def test_zeros_learnt_are_kept_as_superseded_verdicts(tmp_path: Path) -> None:
    """They were judged, and what was said of them stands in the revisions."""
    world = SilentWorld(tmp_path, 1)
    noticed = None
    for hours in range(DEAD, WEEKS * WEEK, 6):
        advance(world.ports, END - timedelta(hours=WEEKS * WEEK - hours))
        if noticed := found(world.ports):
            break
        assert learnt_windows(world.ports, 2) >= set(range(last_word(world) + 1, hours))
    assert noticed == [last_word(world) + 1]
    assert max(learnt_windows(world.ports, 2)) == last_word(world)


def test_who_is_heard_again_is_taken_for_calm_again(tmp_path: Path) -> None:
    """From its first presence on; only the silence is missing."""
    world = SilentWorld(tmp_path, 1, back=DEAD + WEEK)
    advance(world.ports, END)
    back = DEAD + WEEK + int(np.flatnonzero(world.counts[DEAD + WEEK :, 1] > 0)[0])
    learnt = learnt_windows(world.ports, 2)
    assert learnt & set(range(last_word(world) + 1, back)) == set()
    assert set(range(back, WEEKS * WEEK)) <= learnt


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_found_live_and_corrected_equals_replayed_from_the_beginning(
    tmp_path: Path, seed: int, monkeypatch: Any
) -> None:
    """Words come late from within a silence, and counts between two silences are withdrawn: silences part and join."""
    monkeypatch.setattr(slices, "SLICE_VERDICTS", 2 * WEEK)
    world = SilentWorld(tmp_path, seed, back=DEAD + WEEK + 40)
    random = np.random.default_rng(seed)
    late = [int(hour) for hour in random.integers(DEAD, DEAD + WEEK, 3)]
    for days in (12, 9, 6, 3):
        advance(world.ports, END - timedelta(days=days))
        if late and days != 6:
            world.hear(late.pop())
        else:
            world.withdraw(DEAD - 20, DEAD + 60)
    advance(world.ports, END)
    assert world.ports.state.ledger().pending == {}
    fresh = world.fresh()
    assert world.ports.state.ledger().silences == fresh.state.ledger().silences != {}
    assert_same(world.ports, fresh)


def test_promotion_learns_no_silence_either(tmp_path: Path) -> None:
    """The state under the version promoted is, bit by bit, the one in force."""
    world = SilentWorld(tmp_path, 1, back=DEAD + WEEK)
    advance(world.ports, END)
    silences = world.ports.state.ledger().silences
    promote(world.ports, "0", "cli")
    assert world.ports.state.ledger().silences == silences != {}
    assert world.ports.state.ledger().pending == {}
    assert_same(world.ports, world.fresh())
