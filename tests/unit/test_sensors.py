"""Sensors: what their messages tell with every tick, what their counts tell once a day, and who is told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.domain.events import EventType
from service.domain.places import Kind, Liveness, PlaceRow, Semantics
from service.domain.readings import CountRow, Origin, Reading
from service.domain.sensors import Battery, SensorKey, SensorState
from service.errors import NotFound
from service.ports import Ports
from service.usecases.health import read_progress
from service.usecases.intake.ingest import ingest_counts
from service.usecases.intake.sightings import note_battery
from service.usecases.learning.advance import advance
from service.usecases.sensors import check as checking
from service.usecases.sensors.check import check_sensors
from service.usecases.sensors.reading import SensorFilter, SensorView, count_states, find_sensors, read_sensor
from tests.worlds import TENANT, StandingClock, sqlite_ports

BEGIN = datetime(2026, 9, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEKS = 3


def sensor_row(number: int, **changes: Any) -> PlaceRow:
    names = {"tenant": TENANT, "area": "Norra", "property": "p", "building": "b", "stairwell": f"s{number}"}
    return PlaceRow(**(names | {"space": "cellar", "kind": Kind.CELLAR, "sensor": f"g{number}"} | changes))


def clock_of(ports: Ports) -> StandingClock:
    assert isinstance(ports.clock, StandingClock)
    return ports.clock


def send(ports: Ports, number: int, hours: range, counts: Any = None, late: timedelta = timedelta(0)) -> None:
    """Hourly messages of a sensor, each sent at the end of its hour."""
    said = [0] * len(hours) if counts is None else counts
    for hour, count in zip(hours, said, strict=True):
        clock_of(ports).time = BEGIN + (hour + 1) * HOUR + late
        reading = Reading(Origin(None, "", None, f"g{number}", None, Semantics.DELTA), BEGIN + hour * HOUR, int(count))
        assert ingest_counts(ports, TENANT, [(1, reading)]).accepted == 1


def import_all(ports: Ports, counts: np.ndarray) -> None:
    """Hourly counts of sensors 0, 1, ... from the beginning, in one go; -1 where there is none."""
    hours, numbers = np.nonzero(counts >= 0)
    clock_of(ports).time = BEGIN + len(counts) * HOUR
    rows = (
        (
            k + 1,
            CountRow(
                stairwell=f"s{n}", space="cellar", sensor=f"g{n}", time=BEGIN + int(h) * HOUR, count=int(counts[h, n])
            ),
        )
        for k, (h, n) in enumerate(zip(hours.tolist(), numbers.tolist(), strict=True))
    )
    assert ingest_counts(ports, TENANT, rows).rejected == 0


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    ports = sqlite_ports(tmp_path, now=BEGIN)
    ports.register.put([sensor_row(number) for number in range(4)])
    return ports


def view(ports: Ports, number: int) -> SensorView:
    [one], _ = find_sensors(ports, TENANT, SensorFilter(sensor=f"g{number}"))
    return one


def states(ports: Ports) -> list[list[SensorState]]:
    return [one.states for one in find_sensors(ports, TENANT, SensorFilter())[0]]


def test_a_sensor_with_a_heartbeat_falls_silent_and_is_back(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silent since its last word, once that is too long ago; both are told once."""
    events: list[Any] = []
    monkeypatch.setattr(checking, "publish", lambda _, event: events.append(event))
    hours = range(WEEKS * 168)
    import_all(ports, np.zeros((len(hours), 4), dtype=int))
    check_sensors(ports)
    assert states(ports) == [[SensorState.OK]] * 4
    silent_after = view(ports, 0).silent_after_hours
    assert silent_after is not None
    assert 3 < silent_after < 36
    last = BEGIN + (len(hours) - 1) * HOUR
    for hour in range(len(hours), len(hours) + 48, 4):
        for number in (1, 2, 3):
            send(ports, number, range(hour, hour + 4))
        check_sensors(ports)
        expected = SensorState.SILENT if clock_of(ports).time - last > silent_after * HOUR else SensorState.OK
        assert view(ports, 0).states == [expected]
    fault = view(ports, 0).faults[0]
    assert (view(ports, 0).since, fault.since) == (last, last)
    assert "Har inte hörts sedan 28 sep. 2026 kl. 01:00" in fault.reason.sv
    assert fault.action.en
    send(ports, 0, range(len(hours) + 48, len(hours) + 50))
    check_sensors(ports)
    assert view(ports, 0).states == [SensorState.OK]
    assert [event.type for event in events] == [EventType.SENSOR_SILENT, EventType.SENSOR_BACK]
    assert len({event.key for event in events}) == 1
    assert events[0].data.last_heard == last


def test_an_import_is_not_a_day_s_messages(ports: Ports) -> None:
    """It tells of neither 0 nor 504 messages a day; what is sent since is told from its first whole day on."""
    import_all(ports, np.zeros((WEEKS * 168, 4), dtype=int))
    check_sensors(ports)
    assert (view(ports, 0).messages_per_day_expected, view(ports, 0).messages_per_day_observed) == (24, None)
    for day in range(3):
        send(ports, 0, range((WEEKS * 7 + day) * 24, (WEEKS * 7 + day + 1) * 24))
        check_sensors(ports)
    assert (view(ports, 0).messages_per_day_observed, view(ports, 1).messages_per_day_observed) == (24, None)
    clock_of(ports).time += timedelta(days=8)
    assert view(ports, 0).messages_per_day_observed == 0


def test_where_nobody_is_heard_it_is_the_connection(ports: Ports) -> None:
    """All sensors of a company at once are waited for twice as long."""
    import_all(ports, np.zeros((WEEKS * 168, 4), dtype=int))
    check_sensors(ports)
    silent_after = view(ports, 0).silent_after_hours or 0.0
    end = clock_of(ports).time
    clock_of(ports).time = end + 1.5 * silent_after * HOUR
    check_sensors(ports)
    assert states(ports) == [[SensorState.OK]] * 4
    clock_of(ports).time = end + 2.5 * silent_after * HOUR
    check_sensors(ports)
    assert states(ports) == [[SensorState.SILENT]] * 4


def test_who_sends_a_day_at_a_time_is_not_silent_in_between(ports: Ports) -> None:
    """How long readings wait is learnt beside their intervals."""
    for day in range(21):
        for number in range(3):
            clock_of(ports).time = BEGIN + timedelta(days=day + 1, hours=2)
            rows = [
                (
                    hour + 1,
                    CountRow(
                        stairwell=f"s{number}",
                        space="cellar",
                        sensor=f"g{number}",
                        time=BEGIN + (24 * day + hour) * HOUR,
                        count=0,
                    ),
                )
                for hour in range(24)
            ]
            ingest_counts(ports, TENANT, rows)
        check_sensors(ports)
    clock_of(ports).time += timedelta(hours=23)
    check_sensors(ports)
    assert states(ports)[:3] == [[SensorState.OK]] * 3


def test_a_sensor_that_was_never_heard_is_awaited(ports: Ports) -> None:
    """And silent once it has been in its place for long."""
    assert states(ports) == [[SensorState.AWAITED]] * 4
    ports.register.put([sensor_row(9, valid_from=BEGIN)])
    clock_of(ports).time = BEGIN + timedelta(days=20)
    check_sensors(ports)
    assert view(ports, 9).states == [SensorState.SILENT]
    assert view(ports, 0).states == [SensorState.AWAITED]


@pytest.mark.parametrize(
    ("hours", "told"),
    [(2, "2 h into the future"), (100, "100 h into the future"), (20_000, "20,000 h into the future")],
)
def test_a_clock_that_runs_ahead_is_told_by_what_is_refused(ports: Ports, hours: int, told: str) -> None:
    """Its messages are refused, and it would be taken for silent; days ahead were told as 1e+02 h."""
    send(ports, 1, range(48))
    send(ports, 0, range(48))
    for hour in range(48, 52):
        clock_of(ports).time = BEGIN + hour * HOUR
        ahead = BEGIN + (hour + hours) * HOUR
        reading = Reading(Origin(None, "", None, "g0", None, Semantics.DELTA), ahead, 0)
        assert ingest_counts(ports, TENANT, [(1, reading)]).rejected == 1
    check_sensors(ports)
    [fault] = view(ports, 0).faults
    assert fault.state is SensorState.CLOCK_SKEWED
    assert told in fault.reason.en


def test_a_clock_that_falls_behind_is_told_by_when_messages_come(ports: Ports) -> None:
    """Against how late they used to come, for two days; a sensor that was always so is used to it."""
    send(ports, 1, range(0, 24 * 20, 6))
    send(ports, 0, range(0, 24 * 16, 6))
    check_sensors(ports)
    assert view(ports, 0).states == [SensorState.OK]
    send(ports, 0, range(24 * 16, 24 * 20, 6), late=timedelta(hours=3))
    check_sensors(ports)
    assert view(ports, 0).states == [SensorState.CLOCK_SKEWED]
    assert view(ports, 1).states == [SensorState.OK]


def test_batteries_are_told_until_they_are_changed(ports: Ports) -> None:
    send(ports, 0, range(3))
    for battery, expected in (
        (Battery(low=True, volts=2.9), SensorState.LOW_BATTERY),
        (Battery(low=False, volts=3.6), SensorState.OK),
    ):
        note_battery(ports, TENANT, "g0", battery, clock_of(ports).time)
        check_sensors(ports)
        assert view(ports, 0).states == [expected]
    told = view(ports, 0).battery
    assert told is not None
    assert (told.volts, told.low) == (3.6, False)


def test_counts_tell_who_is_stuck_deaf_counted_twice_or_one_and_the_same(tmp_path: Path) -> None:
    """And nothing of those in order, one of which somebody loiters at."""
    ports = sqlite_ports(tmp_path, now=BEGIN)
    ports.register.put([sensor_row(number) for number in range(7)])
    random = np.random.default_rng(5)
    counts = random.poisson(0.6, (5 * 168, 7))
    counts[18 + 24 * np.arange(20, 35), 0] += 3
    counts[-40:, 1] = 9
    counts[-30 * 24 :, 2] *= 2
    counts[:, 4] = counts[:, 3]
    counts[-9 * 24 :, 5] = 0
    counts[-60:, 6] = -1
    import_all(ports, counts)
    advance(ports)
    check_sensors(ports, examine=True)
    assert states(ports) == [
        [SensorState.OK],
        [SensorState.STUCK],
        [SensorState.DUPLICATED],
        [SensorState.DUPLICATED],
        [SensorState.DUPLICATED],
        [SensorState.DEAF],
        [SensorState.SILENT],
    ]
    assert "är jämnt delbart med 2: meddelanden räknas 2 gånger" in view(ports, 2).faults[0].reason.sv
    assert "s4/cellar" in view(ports, 3).faults[0].reason.en
    assert view(ports, 1).since == BEGIN + (5 * 168 - 40) * HOUR
    check_sensors(ports)
    assert states(ports)[1] == [SensorState.STUCK], "what counts tell stays until they are examined again"
    assert count_states(ports)[SensorState.DUPLICATED] == 3


def test_under_assumed_liveness_a_silence_that_the_detector_finds_is_told(tmp_path: Path) -> None:
    """Calm hours are none."""
    ports = sqlite_ports(tmp_path, now=BEGIN)
    ports.register.put([sensor_row(number, liveness=Liveness.ASSUMED) for number in range(2)])
    counts = np.random.default_rng(5).poisson(0.6, (4 * 168, 2))
    counts[counts == 0] = -1
    counts[-5 * 24 :, 1] = -1
    import_all(ports, counts)
    advance(ports)
    check_sensors(ports)
    assert states(ports) == [[SensorState.OK], [SensorState.SILENT]]
    last = int(np.flatnonzero(counts[:, 1] > 0)[-1])
    assert view(ports, 1).since == BEGIN + (last + 1) * HOUR
    assert view(ports, 1).silent_after_hours is None
    send(ports, 1, range(4 * 168, 4 * 168 + 1), [1])
    check_sensors(ports)
    assert states(ports) == [[SensorState.OK], [SensorState.OK]]


def test_counts_without_a_sensor_stand_for_their_space(ports: Ports) -> None:
    """And for the sensor of the register where there is only one; moved away, it is watched no more."""
    rows = [
        (1, CountRow(stairwell="new", space="attic", time=BEGIN, count=1)),
        (2, CountRow(stairwell="s0", space="cellar", time=BEGIN, count=1)),
    ]
    clock_of(ports).time = BEGIN + HOUR
    ingest_counts(ports, TENANT, rows)
    check_sensors(ports)
    [nameless], _ = find_sensors(ports, TENANT, SensorFilter(stairwell="new"))
    assert (nameless.sensor, nameless.states, nameless.last_seen) == (None, [SensorState.OK], BEGIN)
    assert view(ports, 0).last_seen == BEGIN
    ports.register.put([sensor_row(0, valid_to=BEGIN)])
    assert find_sensors(ports, TENANT, SensorFilter(sensor="g0")) == ([], None)


def test_nothing_is_awaited_of_a_space_whose_sensors_were_taken_away(ports: Ports) -> None:
    """Nor is it told as silent, where its counts named no sensor; one that counts all the same is watched."""
    rows = [(1 + n, CountRow(stairwell=f"s{n}", space="cellar", time=BEGIN, count=1)) for n in range(4)]
    clock_of(ports).time = BEGIN + HOUR
    ingest_counts(ports, TENANT, rows)
    ports.register.put([sensor_row(n, valid_to=BEGIN + HOUR) for n in range(3)])
    ports.register.put([sensor_row(1, sensor="later", valid_from=BEGIN + 300 * HOUR)])
    clock_of(ports).time = BEGIN + 4 * HOUR
    ingest_counts(ports, TENANT, [(1, CountRow(stairwell="s2", space="cellar", time=BEGIN + 3 * HOUR, count=1))])
    clock_of(ports).time = BEGIN + 200 * HOUR
    check_sensors(ports)
    watched = [one.stairwell for one in find_sensors(ports, TENANT, SensorFilter(state=SensorState.SILENT))[0]]
    assert watched == ["s1", "s2", "s3"]
    assert read_progress(ports).series == 2


def test_pages_and_filters(ports: Ports) -> None:
    first, after = find_sensors(ports, TENANT, SensorFilter(limit=3))
    rest, end = find_sensors(ports, TENANT, SensorFilter(limit=3, after=after))
    assert [one.sensor for one in [*first, *rest]] == ["g0", "g1", "g2", "g3"]
    assert end is None
    assert isinstance(after, SensorKey)
    assert find_sensors(ports, TENANT, SensorFilter(state=SensorState.SILENT))[0] == []
    assert find_sensors(ports, TENANT, SensorFilter(area="Södra"))[0] == []
    assert read_sensor(ports, TENANT, first[0].id) == first[0]
    assert find_sensors(ports, "other", SensorFilter()) == ([], None)
    with pytest.raises(NotFound, match="has no sensor"):
        read_sensor(ports, "other", first[0].id)


def test_what_is_kept_is_bounded_by_sensors_and_not_by_time(ports: Ports) -> None:
    """Notes are folded and forgotten; an activity keeps four weeks of days and fading intervals."""
    send(ports, 0, range(0, 24 * 60, 12))
    check_sensors(ports)
    assert ports.sensors.noted(10) == (0, [], [])
    [activity] = ports.sensors.activities().values()
    assert len(activity.days) == 28
    assert len(activity.lags) == 7
