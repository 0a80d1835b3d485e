"""Readings that are no counts, through ingest: whatever order and however often they come, the same counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.places import Liveness, Semantics
from service.domain.readings import CountRow, Origin, Reading
from service.domain.retention import DataKind, Deletion
from service.errors import RowProblem
from service.ports import Ports
from service.usecases.intake.ingest import ingest_counts
from service.usecases.learning.advance import advance
from service.usecases.retention.kept import READINGS_MARGIN_SECONDS
from service.usecases.rows import RowsReport
from tests.unit.ingest_counts.senders import NOW, place, ports_of, stored
from tests.worlds import TENANT, sqlite_ports

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", "sqlite"])
def ports(request: pytest.FixtureRequest, tmp_path: Path) -> Ports:
    return ports_of(request.param, tmp_path)


def register(ports: Ports, semantics: Semantics, liveness: Liveness = Liveness.HEARTBEAT, **more: object) -> None:
    ports.register.put([place(sensor="s1", semantics=semantics, liveness=liveness, **more)])


def reading(minute: int, value: int, semantics: Semantics | None = None) -> Reading:
    return Reading(Origin(None, "", None, "s1", None, semantics), MIDNIGHT + minute * MINUTE, value)


def take(ports: Ports, *readings: Reading | CountRow) -> RowsReport:
    return ingest_counts(ports, TENANT, enumerate(readings, start=1))


def hours(ports: Ports) -> dict[int, int]:
    """Presences by hour of that day."""
    return {(start - int(MIDNIGHT.timestamp())) // 3600: count for (_, start), count in sorted(stored(ports).items())}


def changed(ports: Ports, cursor: int) -> int | None:
    """The hour of the earliest change after a cursor."""
    earliest = ports.counts.changes(cursor).earliest.values()
    return min(((second - int(MIDNIGHT.timestamp())) // 3600 for second in earliest), default=None)


def test_a_counter_is_sent_as_any_count(ports: Ports) -> None:
    """Its sensor says what the number means; the place may be named or not."""
    register(ports, Semantics.CUMULATIVE)
    named = CountRow(stairwell="A", space="cellar", sensor="s1", time=MIDNIGHT + 10 * HOUR, count=140)
    assert take(ports, named, reading(630, 144), reading(650, 145)).accepted == 3
    assert hours(ports) == {10: 5}


def test_a_late_reading_corrects_the_windows_it_touches_and_no_others(ports: Ports) -> None:
    register(ports, Semantics.OCCUPIED)
    calm = [minute for minute in range(0, 900, 60) if not 600 <= minute < 760]
    take(ports, *(reading(minute, 0) for minute in calm), reading(605, 1), reading(665, 1))
    assert hours(ports) == {**dict.fromkeys(range(15), 0), 10: 1, 11: 1, 12: 1}
    cursor = ports.counts.changes(0).cursor
    take(ports, reading(668, 0))
    assert hours(ports) == {**dict.fromkeys(range(15), 0), 10: 1}
    assert changed(ports, cursor) == 11


def test_a_message_sent_again_changes_nothing(ports: Ports) -> None:
    """Not even the record of changes."""
    register(ports, Semantics.PRESENCE, Liveness.ASSUMED)
    sent = [reading(610, 1200), reading(640, 3600)]
    take(ports, *sent)
    cursor = ports.counts.changes(0).cursor
    take(ports, *sent)
    assert hours(ports) == {10: 2, 11: 1}
    assert changed(ports, cursor) is None


def test_what_is_known_no_longer_is_taken_back(ports: Ports) -> None:
    """Somebody seems to have stayed five hours, until a lost message shows that it is not known how long."""
    register(ports, Semantics.OCCUPIED, Liveness.ASSUMED)
    take(ports, reading(605, 1), reading(905, 0))
    assert hours(ports) == {10: 1, 11: 1, 12: 1, 13: 1, 14: 1, 15: 0}
    take(ports, reading(860, 1))
    assert hours(ports) == {10: 1, 14: 1, 15: 0}


def test_a_sensor_that_came_back_within_the_hour_is_counted_in_both_stays(ports: Ports) -> None:
    """A counter's rise across its absence is nobody's."""
    left, back = MIDNIGHT + 620 * MINUTE, MIDNIGHT + 640 * MINUTE
    register(ports, Semantics.CUMULATIVE, valid_to=left)
    register(ports, Semantics.CUMULATIVE, valid_from=back)
    report = take(
        ports, *(reading(minute, value) for minute, value in [(600, 1), (610, 3), (630, 9), (650, 9), (655, 10)])
    )
    assert [problem.row for problem in report.problems] == [3]
    assert hours(ports) == {10: 3}


def test_a_sensor_that_was_moved_counts_where_it_is(ports: Ports) -> None:
    moved = MIDNIGHT + 700 * MINUTE
    ports.register.put(
        [
            place("A", sensor="s1", semantics=Semantics.CUMULATIVE, valid_to=moved),
            place("B", sensor="s1", semantics=Semantics.CUMULATIVE, valid_from=moved),
        ]
    )
    take(ports, reading(600, 1), reading(650, 3), reading(710, 9), reading(715, 10))
    index = ports.register.index(TENANT)
    counts = {(series, start % 86_400 // 3600): count for (series, start), count in stored(ports).items()}
    assert counts == {(index["A", "cellar"], 10): 2, (index["B", "cellar"], 11): 1}


def test_several_sensors_of_several_semantics_in_one_space_add_up(ports: Ports) -> None:
    register(ports, Semantics.CUMULATIVE)
    take(
        ports,
        reading(600, 1),
        reading(650, 3),
        CountRow(stairwell="A", space="cellar", time=MIDNIGHT + 10 * HOUR, count=4),
    )
    assert hours(ports) == {10: 6}


def test_a_message_that_says_something_else_than_its_sensor_is_told(ports: Ports) -> None:
    register(ports, Semantics.CUMULATIVE)
    [problem] = take(ports, reading(600, 1, Semantics.OCCUPIED)).problems
    assert problem == RowProblem(
        1,
        "sensor 's1' is registered as cumulative, but the message is occupied; "
        "correct its semantics in the register, or what it sends",
    )


def test_a_sensor_that_is_nowhere_is_told(ports: Ports) -> None:
    register(ports, Semantics.OCCUPIED, valid_from=MIDNIGHT)
    [problem] = take(ports, reading(-5, 1)).problems
    assert problem.message.startswith("sensor 's1' did not count anywhere at 2026-11-19T23:55:00Z")
    stranger = Reading(Origin(None, "", None, "s2"), MIDNIGHT, 1)
    [problem] = take(ports, stranger).problems
    assert problem.message == "sensor 's2' is not in the register; import it with its place"
    assert hours(ports) == {}


def test_a_presence_that_names_its_space_alone_is_of_the_one_sensor_there(ports: Ports) -> None:
    stay = Reading(Origin("A", "cellar", None, None, None, Semantics.PRESENCE), MIDNIGHT + 10 * HOUR, 1200)
    [problem] = take(ports, stay).problems
    assert "has no space 'cellar' in the register" in problem.message
    ports.register.put([place()])
    [problem] = take(ports, stay).problems
    assert "A/cellar has no sensor of semantics presence in the register" in problem.message
    register(ports, Semantics.PRESENCE, Liveness.ASSUMED)
    assert take(ports, stay).accepted == 1
    assert hours(ports) == {10: 1}
    ports.register.put([place(sensor="s2", semantics=Semantics.PRESENCE)])
    [problem] = take(ports, stay).problems
    assert "A/cellar has more than one sensor of semantics presence" in problem.message


def test_what_is_derived_is_scored(tmp_path: Path) -> None:
    """A week of stays from a sensor without a heartbeat: calm hours are zeros, and every hour has its verdict."""
    ports = ports_of("sqlite", tmp_path)
    register(ports, Semantics.PRESENCE, Liveness.ASSUMED)
    take(ports, *(reading(day * 1440 + 1200, 5400) for day in range(-7, 2)))
    report = advance(ports, MIDNIGHT + 2 * 24 * HOUR)
    [series] = ports.register.series(TENANT)
    verdicts = ports.verdicts.columns([series.number], 0, 2**40)
    assert report.verdicts == len(verdicts.count) == 196
    assert verdicts.count.sum() == 18


values = {Semantics.CUMULATIVE: 300, Semantics.OCCUPIED: 1, Semantics.PRESENCE: 288}


@pytest.mark.parametrize("kind", ["memory", pytest.param("sqlite", marks=pytest.mark.long)])
@pytest.mark.parametrize("liveness", Liveness)
@pytest.mark.parametrize("semantics", values)
@settings(max_examples=12)
@given(data=st.data())
def test_order_of_arrival_makes_no_difference(
    kind: str, liveness: Liveness, semantics: Semantics, data: st.DataObject
) -> None:
    """By time and at once, or shuffled, some twice, in batches of any size."""
    unit = 300 if semantics is Semantics.PRESENCE else 1
    minutes = data.draw(
        st.dictionaries(st.integers(0, 1500), st.integers(0, values[semantics]), min_size=1, max_size=25)
    )
    sent = [reading(minute, value * unit) for minute, value in sorted(minutes.items())]
    shuffled, batch = data.draw(st.permutations(sent + sent[::3])), data.draw(st.integers(1, 8))
    outcomes = []
    for batches in ([sent], [shuffled[k : k + batch] for k in range(0, len(shuffled), batch)]):
        with TemporaryDirectory() as folder:
            ports = ports_of(kind, Path(folder))
            register(ports, semantics, liveness)
            for one in batches:
                assert take(ports, *one).rejected == 0
            outcomes.append(hours(ports))
    assert outcomes[0] == outcomes[1]


def test_counts_that_were_deleted_for_their_age_are_not_derived_anew(ports: Ports) -> None:
    """Readings of the days before stay for the counts after them, which are as they were, sent again or not."""
    register(ports, Semantics.CUMULATIVE)
    said = [reading(30 * number - 6000, 7 * number) for number in range(1, 200)]
    take(ports, *said)
    whole, midnight = hours(ports), int(MIDNIGHT.timestamp())
    cut = midnight - 28 * 3600
    for kind, before in ((DataKind.COUNTS, cut), (DataKind.READINGS, cut - READINGS_MARGIN_SECONDS)):
        ports.state.publish_deletion(
            Deletion(kind=kind, before=before, setting="", days=400, begun=MIDNIGHT, rows={TENANT: 1})
        )
        while ports.aging[kind].delete_before(before, 50):
            pass
    again = take(ports, *said)
    assert again.rejected == sum(one.time.timestamp() < cut for one in said)
    assert hours(ports) == {hour: count for hour, count in whole.items() if hour >= -28}
    assert len(hours(ports)) > 20


def test_stays_are_counted_in_the_windows_that_are_scored_whatever_the_settings_say_meanwhile(tmp_path: Path) -> None:
    """Set to another length and back, an hour would hold a stay as often as the quarters of an hour did."""
    asked = ports_of("sqlite", tmp_path)
    register(asked, Semantics.PRESENCE, Liveness.ASSUMED)
    take(asked, reading(0, 2400))
    advance(asked, MIDNIGHT + HOUR)
    take(sqlite_ports(tmp_path, NOW, window__minutes=15), reading(60, 2400))
    assert hours(asked) == {0: 1, 1: 1}
