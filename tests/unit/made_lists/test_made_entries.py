"""A list made from verdicts: where and when to go, how sure it is, what is left out and what is unknown."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from service.domain.annotations import AnnotationKind, AnnotationRow
from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.hotspots import Change, HotspotList, Trend
from service.domain.places import Liveness
from service.errors import NotFound
from service.ports import Ports
from service.usecases.learning.advance import advance
from service.usecases.learning.annotations import make_annotation
from service.usecases.lists.hotspots import make_list
from service.usecases.lists.list_numbers import sha256
from tests.unit.made_lists.hot_town import CALM, END, FIRST, WEEKS, by_place, counts, rows, town
from tests.worlds import TENANT, sqlite_ports


def test_an_entry_tells_where_and_when_to_go_best_block_first(made: HotspotList) -> None:
    """Other hours and other spaces of a stairwell stand in its one entry."""
    assert max(Counter(entry.stairwell for entry in made.entries).values()) == 1
    fresh = by_place(made)["fresh"]
    assert (fresh.tenant, fresh.area, fresh.property, fresh.building) == (TENANT, "Norra", "p", "house of fresh")
    told = {(one.space, tuple(one.weekdays), one.from_hour, one.to_hour) for one in fresh.blocks()}
    assert told == {("cellar", (4, 5), 22, 2), ("attic", (6,), 19, 22), ("cellar", (1,), 18, 20)}
    first, *further = fresh.blocks()
    assert (first.weekdays, first.kind, first.observed, first.days) == ([4, 5], "emerging", 32, 4)
    assert all(one.observed > one.expected and one.days >= 2 for one in further)
    assert "söndag 19–22 (attic)" in fresh.reason_sv
    assert "Sunday 19–22 (attic)" in fresh.reason_en


def test_an_entry_tells_its_weeks_and_its_hours(made: HotspotList) -> None:
    """Presences of the last ten weeks in the block, and of the period in every hour of the stairwell."""
    fresh = by_place(made)["fresh"]
    assert fresh.weekly[:3] == [None, None, None]
    assert fresh.weekly[7:] == [0, 16, 16]
    assert fresh.trend is Trend.RISING
    assert [fresh.week[6][hour] for hour in (19, 20, 21)] >= [4, 4, 4]
    assert min(fresh.week[4][22], fresh.week[5][23], fresh.week[5][0], fresh.week[6][1]) >= 4
    assert np.shape(fresh.week) == (7, 24)


def test_an_entry_tells_how_sure_it_is(made: HotspotList) -> None:
    """Chronic loitering that was never away is steady; liveness is told where it was only assumed."""
    entries = by_place(made)
    always = entries["always"]
    assert (always.liveness, always.trend, always.warming_up) == (Liveness.ASSUMED, Trend.STEADY, False)
    assert entries["fresh"].liveness is Liveness.HEARTBEAT
    assert always.coverage == 1.0
    assert 0.95 <= always.confidence <= 1.0
    for one in entries.values():
        assert one.significant == (one.confidence >= 1 - made.false_discovery_rate)


def test_a_new_place_is_listed_on_what_its_peers_are_and_marked(made: HotspotList) -> None:
    """For four weeks it has no normal of its own that it could be held against."""
    new = by_place(made)["moved in"]
    assert (new.warming_up, new.kind) == (True, "chronic")
    assert new.evidence_weeks == pytest.approx(2, abs=0.02)
    assert "known from less than four weeks" in new.reason_en
    assert "från mindre än fyra veckor" in new.reason_sv


def test_before_four_weeks_nothing_is_emerging(tmp_path: Path) -> None:
    """A whole fleet that is new is held against itself."""
    ports = sqlite_ports(tmp_path, now=END)
    ports.register.put(rows())
    ports.counts.append(counts(ports))
    advance(ports, datetime.fromtimestamp(FIRST, UTC) + timedelta(weeks=3, days=5))
    made = make_list(ports, TENANT)
    assert {entry.kind for entry in made.entries} == {"chronic"}
    assert all(entry.warming_up for entry in made.entries)
    assert made.entries[0].stairwell == "always"
    assert made.entries[0].significant


def test_places_that_were_not_heard_are_unknown_not_calm(made: HotspotList) -> None:
    """By area, and never on the list."""
    assert (made.places, made.unknown_places) == (len(CALM) + 5, 1)
    assert [(there.area, there.stairwells) for there in made.unknown] == [("Södra", ["dark"])]
    assert "dark" not in by_place(made)


def test_small_buildings_are_left_out_and_counted(made: HotspotList, scored: Path, tmp_path: Path) -> None:
    """What nobody said the number of dwellings of is not small; 0 lets every building in."""
    assert made.suppressed == 1
    assert "small" not in by_place(made)
    assert "fresh" in by_place(made)
    assert [entry.rank for entry in made.entries] == list(range(1, len(made.entries) + 1))
    open_ = make_list(town(scored, tmp_path, hotspots__min_dwellings=0), TENANT)
    assert (open_.suppressed, by_place(open_)["small"].significant) == (0, True)


def test_a_list_of_an_area_has_its_places_only_and_the_tenants_peers(ports: Ports) -> None:
    """Five series would be too few to be held against each other."""
    made = make_list(ports, TENANT, area="Norra")
    assert (made.area, made.places, made.unknown_places) == ("Norra", 4, 0)
    assert {entry.area for entry in made.entries} == {"Norra"}
    assert by_place(made)["moved in"].kind == "chronic"
    assert {entry.significant for entry in made.entries} == {True}
    with pytest.raises(NotFound, match="in area 'Västra'"):
        make_list(ports, TENANT, area="Västra")


def test_a_list_says_what_it_was_made_with(ports: Ports) -> None:
    """Settings, version and watermark."""
    made = make_list(ports, TENANT, days=7, top=2)
    lists = ports.settings.hotspots
    assert (made.days, made.top, len(made.entries)) == (7, 2, 2)
    assert (made.min_dwellings, made.overtake_margin) == (lists.min_dwellings, lists.overtake_margin)
    assert (made.version, made.watermark, made.timezone) == ("0", END, "Europe/Stockholm")
    stored = ports.lists.get(TENANT, made.list_id)
    assert msgspec.json.decode(stored[1], type=HotspotList) == made
    assert stored[0].digest == sha256(stored[1])
    assert [(one.actor, one.action) for one in ports.audit.entries(TENANT)] == [("scheduler", "list.make")]


def test_known_causes_are_not_listed(ports: Ports) -> None:
    """Nor what a person says is normal; nor is a place unknown because what was heard there is left out."""
    since = END - timedelta(days=14)
    for kind, stairwell in ((AnnotationKind.RENOVATION, "fresh"), (AnnotationKind.NORMAL, "moved in")):
        make_annotation(ports, TENANT, AnnotationRow(kind=kind, start=since, end=END, stairwell=stairwell), "test")
    advance(ports, END)
    made = make_list(ports, TENANT)
    assert not {"fresh", "moved in"} & set(by_place(made))
    assert made.unknown_places == 1


@pytest.fixture(scope="module")
def five_days_later(made: HotspotList, made_town: Path) -> HotspotList:
    """The list after that of the town, of which one sensor was heard since: stuck for three days, then well."""
    return list_after(made_town, ("s10", "cellar"), (np.arange(5 * 24) < 3 * 24).astype(np.int64))


def list_after(folder: Path, space: tuple[str, str], counted: NDArray[np.int64]) -> HotspotList:
    """What is listed five days later, with what was counted in a space meanwhile."""
    ports = sqlite_ports(folder, now=END + timedelta(days=5))
    times = (int(END.timestamp()) + np.arange(5 * 24) * 3600) * NANOSECONDS
    numbers = np.full(len(times), ports.register.index(TENANT)[space])
    ports.counts.append(CountPoints(series=numbers, times=times, counts=counted, sources=0 * numbers))
    advance(ports, ports.clock.now())
    return make_list(ports, TENANT)


def test_a_place_that_was_not_heard_since_keeps_its_standing(made: HotspotList, five_days_later: HotspotList) -> None:
    """A week without a message is no week of calm: the order stays, and nothing is told as down."""
    first, second = by_place(made), by_place(five_days_later)
    hot = ("fresh", "moved in")
    assert [second[name].standing for name in hot] == [first[name].standing for name in hot]
    assert {second[name].change for name in hot} == {Change.SAME}
    assert second["fresh"].coverage < 0.7


def test_what_a_stuck_sensor_said_is_not_heard(five_days_later: HotspotList) -> None:
    """Three days of one presence an hour, then all is well again: what is left of the place is calm."""
    listed = by_place(five_days_later).get("s10")
    assert listed is None or not listed.significant


def test_each_block_tells_how_much_of_its_space_was_heard(five_days_later: HotspotList, made_town: Path) -> None:
    """The cellar's sensor fell silent five days ago; the attic's goes on."""
    made = list_after(made_town, ("fresh", "attic"), np.zeros(5 * 24, dtype=np.int64))
    heard = {block.space: block.coverage for block in by_place(made)["fresh"].blocks()}
    assert heard["cellar"] == pytest.approx(9 / 14, abs=0.02)
    assert heard["attic"] == 1.0


def test_another_companys_town_never_touches_a_list(made: HotspotList, tmp_path: Path) -> None:
    """Neither as peers nor by its mood: fifty times as much is heard in it of late."""
    ports = sqlite_ports(tmp_path, now=END)
    ports.register.put(rows())
    ours = counts(ports)
    ports.register.put(msgspec.structs.replace(row, tenant="other", sensor=f"other {row.sensor}") for row in rows())
    random = np.random.default_rng(12)
    numbers = np.array(sorted(ports.register.index("other").values()))
    rate = np.where(np.arange(WEEKS * 168) < (WEEKS - 2) * 168, 0.03, 1.5)
    theirs = random.poisson(np.tile(rate, len(numbers)))
    ports.counts.append(ours)
    ports.counts.append(
        CountPoints(
            series=np.repeat(numbers, len(rate)),
            times=np.tile((FIRST + np.arange(len(rate)) * 3600) * NANOSECONDS, len(numbers)),
            counts=theirs.astype(np.int64),
            sources=np.zeros(len(theirs), dtype=np.int64),
        )
    )
    advance(ports, END)
    again = make_list(ports, TENANT)
    assert (again.entries, again.unknown) == (made.entries, made.unknown)
