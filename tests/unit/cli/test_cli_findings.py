"""What people know, find and decide, from the command line."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from service.bootstrap import build_ports
from service.domain.hotspots import ListRecord, ListStatus
from service.settings import load_settings
from tests.api.drafts import entry, listed
from tests.unit.cli.program import Trappvakt

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:stambyte
DTSTART;VALUE=DATE:{day}
LOCATION:{where}
END:VEVENT
END:VCALENDAR
"""


def rows(listing: str) -> list[list[str]]:
    return [line.split("\t") for line in listing.splitlines()[1:]]


def test_an_annotation_is_added_listed_and_retracted(filled: Trappvakt) -> None:
    """And the next scoring replays the series that it touches."""
    when = ("--from", "2026-06-03T08:00", "--to", "2026-06-05")
    added = filled("annotations", "add", "--kind", "renovation", *when, "--building", "b1").output
    name = added.split()[1]
    assert rows(filled("annotations", "list").output)[0][:5] == [
        name,
        "renovation",
        "2026-06-03T06:00:00+00:00",
        "2026-06-04T22:00:00+00:00",
        "building b1",
    ]
    assert "2 series corrected" in filled("score", "--to", "2026-06-15T00:00Z").output
    assert "retracted" in filled("annotations", "retract", name).output
    assert rows(filled("annotations", "list").output) == []
    assert "retracted" in filled("annotations", "retract", name).output, "once more does no harm"
    assert "0 series corrected" not in filled("score", "--to", "2026-06-15T00:00Z").output


@pytest.mark.parametrize("text", ["igår", "2026-13-01", "2026-06-03 10.30", "0001-01-01T00:00+14:00"])
def test_an_odd_time_is_told(filled: Trappvakt, text: str) -> None:
    odd = ("--kind", "moving", "--from", text, "--to", "2026-06-05", "--area", "a1")
    assert f"--from: the time {text!r} is" in filled("annotations", "add", *odd, fails=True).output


def test_a_calendar_is_imported(filled: Trappvakt) -> None:
    """Where its events say, or where the options say; what cannot be placed is told."""
    today = build_ports(load_settings()).clock.now().strftime("%Y%m%d")
    works = filled.file("works.ics", CALENDAR.format(day=today, where="A"))
    assert "1 row of annotations imported" in filled("annotations", "import", works).output
    assert rows(filled("annotations", "list").output)[0][4] == "stairwell A"
    elsewhere = filled.file("elsewhere.ics", CALENDAR.format(day=today, where="Z"))
    assert "row 1: its location is 'Z'" in filled("annotations", "import", elsewhere, fails=True).output
    assert filled("annotations", "import", elsewhere, "--area", "a1", "--kind", "guard").exit_code == 0
    assert [row[1] for row in rows(filled("annotations", "list").output)] == ["guard"]


def test_a_table_says_itself_where_it_is(filled: Trappvakt) -> None:
    table = filled.file("a.csv", "kind,start,end,stairwell\nmoving,2026-06-03,2026-06-04,A\n")
    assert "leave the options" in filled("annotations", "import", table, "--area", "a1", fails=True).output
    assert "1 row of" in filled("annotations", "import", table).output
    visits = filled.file("v.csv", "stairwell,arrived\nA,2026-06-05T23:00\nZ,2026-06-05T23:00\n")
    assert "row 3" in filled("annotations", "visits", visits, fails=True).output
    assert [row[1] for row in rows(filled("annotations", "list").output)] == ["moving", "patrol"]


def test_an_episode_is_listed_and_decided_about(filled: Trappvakt) -> None:
    """Forty presences in an hour that has none."""
    loud = "time,stairwell,space,count\n2026-06-15T03:00Z,A,cellar,40\n2026-06-15T04:00Z,A,cellar,0\n"
    filled("import", filled.file("loud.csv", loud))
    filled("score", "--to", "2026-06-15T05:00Z")
    *_, told = rows(filled("episodes", "list", "--days", 3650).output)
    assert told[1:3] == ["A", "cellar"]
    assert "presences in the cellar" in told[6]
    assert rows(filled("episodes", "list", "--open", "--days", 3650, "--stairwell", "B").output) == []
    own = rows(filled("episodes", "list", "--days", 3650, "--no-common-cause").output)
    assert own == rows(filled("episodes", "list", "--days", 3650).output)
    assert rows(filled("episodes", "list", "--days", 3650, "--common-cause").output) == []
    filled("episodes", "acknowledge", told[0])
    filled("episodes", "mute", told[0], "--days", 7, "--reason", "handled")
    filled("episodes", "close", told[0])
    *_, decided = rows(filled("episodes", "list", "--days", 3650).output)
    assert decided[5] == "acknowledged, muted, closed"
    assert "no episode" in filled("episodes", "close", "9-9", fails=True).output


def test_an_outcome_is_added_and_listed(filled: Trappvakt) -> None:
    """Of an approved list; what contradicts itself is refused."""
    ports = build_ports(load_settings(overrides={"general.data_dir": str(filled.folder / "data")}))
    made = datetime(2020, 6, 1, tzinfo=UTC)
    content = msgspec.structs.replace(listed("1", entry(stairwell="A"), tenant="norrbo"), made=made)
    draft = ListRecord(list_id="1", number=1, tenant="norrbo", made=made, status=ListStatus.DRAFT)
    ports.lists.add(draft, msgspec.json.encode(content))
    filled("lists", "approve", "1")
    visited = ("--visited", ports.clock.now().isoformat())
    filled("outcomes", "add", "1", 1, *visited, "--found", "drugs", "--found", "weapons")
    assert rows(filled("outcomes", "list", "1").output)[0][3] == "drugs, weapons"
    refused = filled("outcomes", "add", "1", 1, *visited, "--found", "drugs", "--found", "nothing", fails=True)
    assert "contradict" in refused.output
    assert "ISO 8601" in filled("outcomes", "add", "1", 1, "--visited", "nyss", "--found", "nothing", fails=True).output
