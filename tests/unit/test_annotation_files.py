"""Annotations from tables and calendars: good rows are kept beside bad ones, and nothing on persons is taken."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from service.domain.annotations import AnnotationKind, AnnotationQuery, AnnotationRow, PatrolVisit
from service.domain.places import PlaceRow
from service.errors import InvalidInput, RowProblem
from service.ingest.calendar_files import read_calendar
from service.ingest.json_visits import read_visits_json
from service.ingest.struct_rows import read_struct_rows
from service.ports import Ports
from service.usecases.learning.annotations import import_annotations, import_calendar, import_visits, make_annotation
from tests.worlds import TENANT, sqlite_ports

STOCKHOLM = "Europe/Stockholm"
YEAR = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
PLACE = PlaceRow(
    tenant=TENANT,
    area="Norra",
    property="Kvarnen 3",
    building="kvarnen-3",
    address="Kvarngatan 3",
    stairwell="kvarnen-3a",
    space="cellar",
)


@pytest.fixture
def ports(tmp_path) -> Ports:
    ports = sqlite_ports(tmp_path)
    ports.register.put([PLACE])
    return ports


def in_force(ports: Ports):
    return [
        (one.kind.value, one.start.isoformat()[:16], one.end.isoformat()[:16], one.places()) for one in found(ports)
    ]


def found(ports: Ports):
    return ports.annotations.find(AnnotationQuery(tenant=TENANT))


def csv(text: str) -> io.BytesIO:
    return io.BytesIO(text.encode())


def test_a_table_of_annotations(ports):
    """Wall-clock times, empty cells, semicolons; bad rows by line."""
    table = """kind;start;end;building;stairwell;space
renovation;2026-10-01T08:00;2026-10-03T17:00;kvarnen-3;;
normal;2026-10-05;2026-10-06T00:00+00:00;;kvarnen-3a;cellar
party;2026-10-05;2026-10-06;kvarnen-3;;
moving;2026-10-05;2026-10-05;kvarnen-3;;
moving;igår;2026-10-05;kvarnen-3;;
moving;2026-10-05;2026-10-06;;;
moving;2026-10-05;2026-10-06;kvarnen-3;;cellar
moving;2026-10-05;2027-11-06;kvarnen-3;;
moving;1926-10-05;1926-10-06;kvarnen-3;;
moving;2026-10-05;2026-10-06;kvarnen-4;;
moving;2026-03-29T02:30;2026-10-06;kvarnen-3;;
"""
    report = import_annotations(ports, TENANT, read_struct_rows(csv(table), STOCKHOLM, AnnotationRow), "cli:anna")
    assert in_force(ports) == [
        ("renovation", "2026-10-01T06:00", "2026-10-03T15:00", {"building": "kvarnen-3"}),
        ("normal", "2026-10-04T22:00", "2026-10-06T00:00", {"stairwell": "kvarnen-3a", "space": "cellar"}),
    ]
    assert (report.accepted, report.rejected) == (2, 9)
    assert [problem.row for problem in report.problems] == list(range(4, 13))
    for problem, words in zip(
        report.problems,
        (
            "use one of renovation, moving, patrol",
            "end must be later than start",
            "not ISO 8601",
            "no place is named",
            "name the stairwell too",
            "at most 366 days",
            "between the years 2000",
            "has no place that is building 'kvarnen-4'",
            "does not exist in Europe/Stockholm",
        ),
        strict=True,
    ):
        assert words in problem.message


def test_a_table_imported_again_changes_nothing(ports):
    """Not even the audit."""
    table = "kind,start,end,stairwell\nmoving,2026-10-05,2026-10-06,kvarnen-3a\n"
    for _ in range(2):
        import_annotations(ports, TENANT, read_struct_rows(csv(table), STOCKHOLM, AnnotationRow), "cli:anna")
    assert len(found(ports)) == 1
    [entry] = ports.audit.entries(TENANT)
    assert (entry.actor, entry.action, entry.subject) == ("cli:anna", "annotation.make", found(ports)[0].annotation)
    assert "moving" in entry.detail
    assert "kvarnen-3a" in entry.detail


@pytest.mark.parametrize("column", ["note", "name", "comment"])
def test_free_text_is_refused(column):
    """A note on a stairwell is soon a note on a person."""
    with pytest.raises(InvalidInput, match="unknown and may not be sent"):
        read_struct_rows(csv(f"kind,start,end,{column}\n"), STOCKHOLM, AnnotationRow)


def test_patrol_visits_become_annotations(ports):
    """From a table or from JSON; a quarter of an hour where nobody says how long."""
    table = "stairwell,arrived,left\nkvarnen-3a,2026-10-05T23:05,\nkvarnen-3a,2026-10-06T23:05,2026-10-06T23:50\n"
    json = b'{"visits": [{"stairwell": "kvarnen-3a", "arrived": "2026-10-07T21:05:00Z", "space": "cellar"}]}'
    import_visits(ports, TENANT, read_struct_rows(csv(table), STOCKHOLM, PatrolVisit), "key-1")
    import_visits(ports, TENANT, read_visits_json(json), "key-1")
    here = {"stairwell": "kvarnen-3a"}
    assert in_force(ports) == [
        ("patrol", "2026-10-05T21:05", "2026-10-05T21:20", here),
        ("patrol", "2026-10-06T21:05", "2026-10-06T21:50", here),
        ("patrol", "2026-10-07T21:05", "2026-10-07T21:20", here | {"space": "cellar"}),
    ]


def test_bad_visits_are_told():
    """With what is wrong with each."""
    body = b'{"visits": [7, {"stairwell": "a"}, {"stairwell": "a", "arrived": "2026-10-07T21:05:00Z", "officer": "B"}]}'
    assert [(item.row, item.message) for item in read_visits_json(body)] == [
        (1, "expected object, got int"),
        (2, "missing required field arrived"),
        (3, "unknown field officer"),
    ]


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//bolaget//arbeten//SV
BEGIN:VEVENT
UID:anna.andersson@bolaget.se
DTSTAMP:20261001T000000Z
DTSTART;VALUE=DATE:20261005
DTEND;VALUE=DATE:20261007
SUMMARY:Stambyte hos Andersson
LOCATION: kvarngatan 3
END:VEVENT
BEGIN:VEVENT
UID:rond
DTSTAMP:20261001T000000Z
DTSTART;TZID=Europe/Stockholm:20261024T230000
DURATION:PT30M
RRULE:FREQ=DAILY;COUNT=4
EXDATE;TZID=Europe/Stockholm:20261025T230000
CATEGORIES:Guard,Natt
LOCATION:kvarnen-3a
END:VEVENT
BEGIN:VEVENT
UID:rond
RECURRENCE-ID;TZID=Europe/Stockholm:20261026T230000
DTSTAMP:20261001T000000Z
DTSTART;TZID=Europe/Stockholm:20261026T210000
DTEND;TZID=Europe/Stockholm:20261026T213000
CATEGORIES:Guard
LOCATION:kvarnen-3a
END:VEVENT
BEGIN:VEVENT
UID:flytt
DTSTART:20261108T100000
DTEND:20261108T120000
CATEGORIES:moving
LOCATION:Annan gata 5
END:VEVENT
BEGIN:VEVENT
UID:trasig
DTSTART:snart
END:VEVENT
BEGIN:VEVENT
UID:slut
DTEND:20261108T120000
END:VEVENT
BEGIN:VEVENT
UID:ofta
DTSTART:20261108T100000Z
RRULE:FREQ=MINUTELY
END:VEVENT
END:VCALENDAR
"""


def imported(ports: Ports, text: str, **places: str):
    events = read_calendar(text.encode(), STOCKHOLM, AnnotationKind.RENOVATION, YEAR)
    return import_calendar(ports, TENANT, events, places, "cli:anna")


def test_a_calendar_of_works(ports):
    """Days, zones, exceptions and moved occurrences; locations by address or id; kinds from categories."""
    report = imported(ports, CALENDAR)
    building, stairwell = {"building": "kvarnen-3"}, {"stairwell": "kvarnen-3a"}
    assert in_force(ports) == [
        ("renovation", "2026-10-04T22:00", "2026-10-06T22:00", building),
        ("guard", "2026-10-24T21:00", "2026-10-24T21:30", stairwell),
        ("guard", "2026-10-26T20:00", "2026-10-26T20:30", stairwell),
        ("guard", "2026-10-27T22:00", "2026-10-27T22:30", stairwell),
    ]
    assert [problem.row for problem in report.problems] == [4, 5, 6, 7]
    wrong = [problem.message for problem in report.problems]
    assert "neither a stairwell, a building nor an address" in wrong[0]
    assert "DTSTART" in wrong[1]
    assert "No DTSTART" in wrong[2]
    assert "more often than daily" in wrong[3]


def test_the_address_of_one_stairwell_of_a_building_is_that_stairwell(ports):
    """Its neighbours, which have addresses of their own, are not touched."""
    [mine] = ports.register.stairwells(TENANT)
    beside = PlaceRow(
        tenant=TENANT,
        area=mine.building.area,
        property=mine.building.property,
        building=mine.building.building,
        stairwell="kvarnen-3b",
        space="cellar",
        address="Kvarngatan 3 B",
    )
    ports.register.put([beside])
    imported(ports, CALENDAR.replace("LOCATION:Annan gata 5", "LOCATION:Kvarngatan 3 b"))
    assert in_force(ports)[-1][-1] == {"stairwell": "kvarnen-3b"}


def test_nothing_of_a_calendar_names_a_person(ports):
    """Neither its words nor its ids are kept."""
    imported(ports, CALENDAR)
    kept = repr([found(ports), ports.audit.entries(TENANT)])
    assert "nders" not in kept


def test_what_is_moved_or_cancelled_in_a_calendar_is_moved_or_retracted(ports):
    """By the event's own id, however often the file is imported."""
    imported(ports, CALENDAR)
    before = found(ports)
    imported(ports, CALENDAR)
    assert found(ports) == before
    changed = CALENDAR.replace("20261005", "20261004").replace("20261026T210000", "20261026T220000")
    changed = changed.replace("20261026T213000\n", "20261026T223000\nSTATUS:CANCELLED\n")
    imported(ports, changed)
    assert [one[:2] for one in in_force(ports)] == [
        ("renovation", "2026-10-03T22:00"),
        ("guard", "2026-10-24T21:00"),
        ("guard", "2026-10-27T22:00"),
    ]
    assert found(ports)[0].annotation == before[0].annotation


def test_where_all_events_are_may_be_said(ports):
    """Then locations are not looked at."""
    report = imported(ports, CALENDAR, area="Norra")
    assert report.accepted == 5
    assert all(one[3] == {"area": "Norra"} for one in in_force(ports))


@pytest.mark.parametrize("content", [b"", b"hej", b"\xff\xfe\x00", b"\x1b[2J" * 999])
def test_what_is_no_calendar_is_refused(content):
    """As a whole, in words."""
    with pytest.raises(InvalidInput, match=r"no iCalendar .*; export it") as told:
        read_calendar(content, STOCKHOLM, AnnotationKind.RENOVATION, YEAR)
    assert str(told.value).isprintable()
    assert len(str(told.value)) < 250


@pytest.mark.parametrize("interval", ["0", "-1"])
def test_an_event_that_recurs_without_end_at_one_moment_is_told(ports, interval):
    """Its occurrences would be counted for ever."""
    report = imported(ports, CALENDAR.replace("FREQ=DAILY", f"FREQ=DAILY;INTERVAL={interval}"), area="Norra")
    assert any("correct INTERVAL" in problem.message for problem in report.problems)


def test_what_is_wrong_with_an_event_is_told_in_a_line(ports):
    """Not by the whole of what stands there."""
    report = imported(
        ports, CALENDAR.replace("FREQ=DAILY;COUNT=4", "FREQ=DAILY;UNTIL=\x1b[2J" + "x" * 9_999), area="Norra"
    )
    told = [problem.message for problem in report.problems]
    assert all(one.isprintable() and len(one) < 150 for one in told)


def test_an_id_may_be_chosen_and_is_replaced(ports):
    """So that an integrator can move what it made."""
    row = AnnotationRow(kind="moving", start=YEAR[0], end=YEAR[0] + timedelta(days=1), area="Norra", annotation="m1")
    make_annotation(ports, TENANT, row, "key-1")
    moved = AnnotationRow(kind="moving", start=YEAR[0], end=YEAR[0] + timedelta(days=2), area="Norra", annotation="m1")
    assert make_annotation(ports, TENANT, moved, "key-2").made_by == "key-2"
    assert len(found(ports)) == 1


def test_a_visit_is_rounded_to_hold_all_of_it():
    """Whole seconds, outwards."""
    visit = PatrolVisit(stairwell="a", arrived=YEAR[0] + timedelta(microseconds=1))
    assert visit.annotation().end == visit.arrived + timedelta(minutes=15)
    assert isinstance(next(iter(read_visits_json(b'{"visits": [null]}'))), RowProblem)
