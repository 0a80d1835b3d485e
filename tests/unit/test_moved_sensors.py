"""A sensor is registered late as moved: what it counted since then goes with it, once it is sent again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.domain.places import Semantics
from service.domain.readings import Origin, Reading
from service.ports import Ports
from service.usecases.intake.ingest import ingest_counts
from service.usecases.learning.advance import advance
from tests.unit.ingest_counts.senders import place, ports_of, stored
from tests.worlds import TENANT, sqlite_ports

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MOVED = MIDNIGHT + 630 * MINUTE
VALUES = {
    Semantics.DELTA: [1] * 30,
    Semantics.CUMULATIVE: list(range(30)),
    Semantics.OCCUPIED: [0, 1, 0] * 10,
    Semantics.PRESENCE: [0, 1200, 5400] * 10,
}


def of(semantics: Semantics, values: list[int], minutes: int = 40, first: int = 0) -> list[Reading]:
    """Messages of one sensor, so many minutes apart from midnight on; the first of them from ``first`` on."""
    origin = Origin(None, "", None, "s1", None, semantics)
    return [Reading(origin, MIDNIGHT + k * minutes * MINUTE, n) for k, n in enumerate(values)][first:]


def take(ports: Ports, readings: list[Reading]) -> None:
    assert ingest_counts(ports, TENANT, enumerate(readings, start=1)).rejected == 0


def move(ports: Ports, semantics: Semantics, time: datetime = MOVED) -> None:
    """Tell that the sensor went from A to B."""
    ports.register.put(
        [
            place("A", sensor="s1", semantics=semantics, valid_to=time),
            place("B", sensor="s1", semantics=semantics, valid_from=time),
        ]
    )


@pytest.fixture(params=["memory", "sqlite"])
def ports(request: pytest.FixtureRequest, tmp_path: Path) -> Ports:
    """Two places, and none of the sensors."""
    ports = ports_of(request.param, tmp_path / "late")
    ports.register.put([place("A"), place("B")])
    return ports


@pytest.mark.parametrize("semantics", VALUES)
def test_sent_again_counts_lie_where_they_would_had_it_been_told_in_time(
    ports: Ports, semantics: Semantics, tmp_path: Path
) -> None:
    """Other sensors of both places are left alone."""
    known = ports_of("sqlite", tmp_path / "known")
    known.register.put([place("A"), place("B")])
    readings, other = of(semantics, VALUES[semantics]), Origin("A", "cellar", None, None)
    ports.register.put([place("A", sensor="s1", semantics=semantics)])
    move(known, semantics)
    for one in (ports, known):
        take(one, [*readings, Reading(other, MOVED + 61 * MINUTE, 7)])
    assert stored(ports) != stored(known)
    move(ports, semantics)
    take(ports, readings)
    assert stored(ports) == stored(known)
    assert {series for series, _ in stored(known)} == {1, 2}


def test_what_is_not_sent_again_stays(ports: Ports) -> None:
    """Message by message, window by window."""
    ports.register.put([place("A", sensor="s1")])
    take(ports, of(Semantics.DELTA, [1] * 20, minutes=60))
    move(ports, Semantics.DELTA)
    take(ports, of(Semantics.DELTA, [1] * 20, minutes=60, first=15))
    hours = [(series, (start - int(MIDNIGHT.timestamp())) // 3600) for series, start in sorted(stored(ports))]
    assert hours == [*((1, hour) for hour in range(15)), *((2, hour) for hour in range(15, 20))]


def test_both_places_are_judged_as_if_it_had_been_told_in_time(tmp_path: Path) -> None:
    """The old one has no verdict since."""
    now = MIDNIGHT + timedelta(days=4)
    late, known = (sqlite_ports(tmp_path / name, now=now) for name in ("late", "known"))
    readings = of(Semantics.DELTA, [0, 1, 3] * 32, minutes=60)
    for ports in (late, known):
        ports.register.put([place("A", sensor="s1"), place("B")])
    move(known, Semantics.DELTA)
    for ports in (late, known):
        take(ports, readings)
        advance(ports, now)
    move(late, Semantics.DELTA)
    take(late, readings)
    assert advance(late, now).corrected == 2
    one, other = (ports.verdicts.columns([1, 2], 0, 2**40) for ports in (late, known))
    assert one.series.tolist() == other.series.tolist() == [1] * 11 + [2] * 85
    assert one.score.tolist() == other.score.tolist()
