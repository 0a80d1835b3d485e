"""Evaluations against sums done by hand: what was found, where nobody went, and what simpler rankings had."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click.testing
import msgspec
import numpy as np
import pytest

from models.city import CityParameters, SimulatedCity, simulate_city
from models.evaluation import Case, Proportion, measure_lists
from service.api.application import create_app
from service.cli import main
from service.domain.evaluations import Incident, Ranking, Share
from service.domain.hotspots import ListRecord, ListStatus
from service.domain.keys import Role
from service.domain.outcomes import Finding, OutcomeReport
from service.domain.places import PlaceRow
from service.domain.retention import DataKind, Deletion
from service.ingest.struct_rows import read_struct_rows
from service.ports import Ports
from service.usecases.keys import create_key
from service.usecases.lists.baselines import simple_rankings
from service.usecases.lists.evaluate import evaluate
from service.usecases.lists.hotspots import approve_list
from service.usecases.lists.list_numbers import sha256
from service.usecases.lists.outcomes import report_outcome
from tests.api.drafts import entry, listed
from tests.worlds import TENANT, end_of, judge_city, register_city, sqlite_ports

FIRST = datetime(2026, 10, 5, 8, tzinfo=UTC)
WEEK = timedelta(weeks=1)
STAIRWELLS = [f"s{number}" for number in range(10)]


def add_list(ports: Ports, list_id: str, made: datetime, *stairwells: str, **more: object) -> None:
    """A list of these stairwells, approved as soon as it is made."""
    entries = [entry(rank=rank, stairwell=name, tenant=TENANT) for rank, name in enumerate(stairwells, start=1)]
    made_list = msgspec.structs.replace(listed(list_id, *entries), made=made, watermark=made, places=10, **more)
    content = msgspec.json.encode(made_list)
    number = len(ports.lists.records(TENANT, list(ListStatus))) + 1
    record = ListRecord(
        list_id=list_id,
        number=number,
        tenant=TENANT,
        area=made_list.area,
        made=made,
        status=ListStatus.DRAFT,
        digest=sha256(content),
    )
    ports.lists.add(record, content)
    ports.clock.time = made
    approve_list(ports, TENANT, list_id, "anna")


def visit(ports: Ports, list_id: str, rank: int, time: datetime, *found: Finding) -> None:
    ports.clock.time = max(ports.clock.now(), time)
    report_outcome(ports, TENANT, list_id, rank, OutcomeReport(visited=time, found=list(found)), "key")


@pytest.fixture
def ports(tmp_path) -> Ports:
    """Two lists: of the first one entries were visited in its week, and one after it."""
    ports = sqlite_ports(tmp_path, now=FIRST)
    ports.register.put(
        PlaceRow(tenant=TENANT, area="Norra", property="p", building="b", stairwell=name, space="cellar")
        for name in STAIRWELLS
    )
    add_list(ports, "one", FIRST, "s0", "s1", "s2", "s3")
    visit(ports, "one", 1, FIRST + timedelta(days=1), Finding.DRUGS)
    visit(ports, "one", 1, FIRST + timedelta(days=2), Finding.NOTHING)
    visit(ports, "one", 2, FIRST + timedelta(days=1), Finding.BENIGN_CAUSE)
    visit(ports, "one", 4, FIRST + timedelta(days=3), Finding.TRACES)
    add_list(ports, "two", FIRST + WEEK, "s1", "s0", "s5")
    visit(ports, "one", 3, FIRST + WEEK + timedelta(days=1), Finding.WEAPONS)
    visit(ports, "two", 1, FIRST + WEEK + timedelta(days=1), Finding.PERSONS)
    return ports


def test_measures_are_those_of_the_places_visited(ports: Ports) -> None:
    """First two of ten places: s0 hit, s1 not; s3, further down, is an incident that the first two missed."""
    one = evaluate(ports, TENANT, k=2).lists[0]
    assert (one.list_id, one.places, one.entries, one.visited, one.stability) == ("one", 10, 4, 2, None)
    assert (one.start, one.end) == (FIRST, FIRST + WEEK)
    [measured] = [ranking for ranking in one.rankings if ranking.ranking is Ranking.LIST]
    assert (measured.precision.found, measured.precision.of) == (1, 2)
    assert (measured.precision.low, measured.precision.high) == pytest.approx(Proportion(1, 2).interval())
    assert (measured.hit_rate.found, measured.hit_rate.of) == (1, 2)
    assert measured.pai == pytest.approx(0.5 / 0.2)
    assert measured.pai_low < measured.pai < measured.pai_high
    assert (measured.pei.found, measured.pei.of) == (1, 2)


def test_what_was_found_counts_for_the_list_in_force(ports: Ports) -> None:
    """Whichever list sent somebody there: s2, of the first list, was visited under the second."""
    two = evaluate(ports, TENANT, k=2).lists[1]
    of = {ranking.ranking: ranking for ranking in two.rankings}
    assert two.visited == 1
    assert two.stability == 1.0
    assert (of[Ranking.LIST].precision.found, of[Ranking.LIST].precision.of) == (1, 1)
    assert (of[Ranking.LIST].hit_rate.found, of[Ranking.LIST].hit_rate.of) == (1, 2)
    assert (of[Ranking.LAST_LIST].precision.found, of[Ranking.LAST_LIST].precision.of) == (1, 1)


def test_rankings_by_counts_that_are_deleted_are_left_out_and_that_is_said(ports: Ports) -> None:
    """Rather than made from what is left of them: of the first list ten weeks before it are gone in part."""
    before = int((FIRST + WEEK - timedelta(days=70)).timestamp())
    deletion = Deletion(kind=DataKind.VERDICTS, before=before, setting="", days=112, begun=FIRST, rows={})
    ports.state.publish_deletion(deletion)
    found = evaluate(ports, TENANT, k=2)
    of = [{ranking.ranking for ranking in one.rankings} for one in found.lists]
    assert [Ranking.RAW_COUNTS in one for one in of] == [False, True]
    assert [Ranking.CLIMATOLOGY in one for one in of] == [False, True]
    assert [note for note in found.notes if "left out for 1 of the lists: the counts that led to them" in note]


def test_all_lists_together_are_sums_and_say_what_they_cannot(ports: Ports) -> None:
    found = evaluate(ports, TENANT, k=2)
    [overall] = [ranking for ranking in found.overall if ranking.ranking is Ranking.LIST]
    assert (overall.precision.found, overall.precision.of) == (2, 3)
    assert (overall.hit_rate.found, overall.hit_rate.of) == (2, 4)
    assert found.stability == 1.0
    assert found.notes[0].startswith("Outcomes exist only where somebody went: 3 of the 4 first entries")
    assert [one.list_id for one in evaluate(ports, TENANT, lists=1).lists] == ["two"]


def test_too_many_spaces_to_read_are_told(ports: Ports) -> None:
    """The ranking by the list before needs no counts."""
    few, many = (evaluate(ports, TENANT, most_spaces=most) for most in (10, 9))
    counted = {Ranking.RAW_COUNTS, Ranking.CLIMATOLOGY}
    assert {one.ranking for one in few.overall} == set(Ranking)
    assert {one.ranking for one in many.overall} == set(Ranking) - counted
    assert "10 spaces are too many" in many.notes[-1]


def test_nothing_known_is_not_nothing_found(ports: Ports) -> None:
    """Of a list without a visit, and of a tenant without a list."""
    add_list(ports, "three", FIRST + 2 * WEEK, "s7", "s8")
    one = evaluate(ports, TENANT, lists=1).lists[0].rankings[0]
    nothing = Share(found=0, of=0, share=None, low=0.0, high=1.0)
    assert (one.precision, one.hit_rate, one.pai, one.pai_low) == (nothing, nothing, None, None)
    assert evaluate(ports, "nobody").lists == []


def test_held_back_entries_are_none(ports: Ports) -> None:
    """The list is judged as its readers saw it, and outcomes of an area's list by that area."""
    assert evaluate(ports, TENANT, area="Norra").lists == []
    add_list(ports, "north", FIRST + 3 * WEEK, "s1", area="Norra")
    add_list(ports, "south", FIRST + 4 * WEEK, "s1", area="Södra")
    visit(ports, "south", 1, FIRST + 4 * WEEK + timedelta(days=1), Finding.DRUGS)
    north, south = evaluate(ports, TENANT, lists=2).lists
    assert (north.list_id, north.visited, south.visited) == ("north", 1, 0)
    assert north.end == FIRST + 4 * WEEK + timedelta(days=1), "no newer list of the area: until now"


def test_truth_from_elsewhere_is_of_all_places(ports: Ports) -> None:
    incidents = [
        Incident(stairwell="s1", start=FIRST - 30 * WEEK, end=FIRST),
        Incident(stairwell="s9", start=FIRST + timedelta(days=2)),
        Incident(stairwell="s2", start=FIRST + 9 * WEEK),
        Incident(stairwell="s3", start=FIRST - 30 * WEEK, end=FIRST - 20 * WEEK),
    ]
    one = evaluate(ports, TENANT, k=3, incidents=incidents).lists[0]
    [measured] = [ranking for ranking in one.rankings if ranking.ranking is Ranking.LIST]
    assert (measured.precision.found, measured.precision.of) == (1, 3)
    assert (measured.hit_rate.found, measured.hit_rate.of) == (1, 2)
    assert measured.pei.of == 2


def test_outcomes_move_no_list(ports: Ports) -> None:
    """They are read by evaluation alone."""
    before = [ports.lists.get(TENANT, name) for name in ("one", "two")]
    evaluate(ports, TENANT)
    assert [ports.lists.get(TENANT, name) for name in ("one", "two")] == before


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return simulate_city(12, stairwells=30, weeks=6, parameters=CityParameters(chronic_share=0.2))


def test_baselines_rank_by_what_was_counted(city: SimulatedCity, tmp_path) -> None:
    """Against sums by brute force; without windows of a known cause there would be others."""
    ports = sqlite_ports(tmp_path, now=end_of(city))
    register_city(ports, city)
    judge_city(ports, city)
    made = msgspec.structs.replace(listed("x"), watermark=end_of(city), timezone="Europe/Stockholm")
    ranked = simple_rankings(ports, made)
    presences = np.zeros(len(city.stairwells))
    np.add.at(presences, city.stairwell_of_series, np.nansum(city.counts[-14 * 24 :], axis=0))
    best = [city.stairwells[k] for k in np.argsort(-presences, kind="stable")]
    assert ranked[Ranking.RAW_COUNTS][:10] == best[:10]
    local = city.calendar.local_seconds(city.starts)
    usual = np.zeros((168, len(city.stairwells)))
    for hour in range(168):
        there = (local // 3600 + 3 * 24) % 168 == hour
        np.add.at(usual[hour], city.stairwell_of_series, np.nan_to_num(np.nanmean(city.counts[there], axis=0)))
    blocks = [sum(usual[(hour + k) % 168] for k in range(4)) for hour in range(168)]
    busiest = [city.stairwells[k] for k in np.argsort(-np.max(blocks, axis=0), kind="stable")]
    assert ranked[Ranking.CLIMATOLOGY][:10] == busiest[:10]


def test_visits_to_one_place_are_no_independent_trials() -> None:
    """Ten lists that name the same two places tell little more than one."""
    cases = [Case(["a", "b"], {"a": True, "b": False}, 100) for _ in range(10)]
    many, one = measure_lists(cases, 2).precision, measure_lists(cases[:1], 2).precision
    assert (many.found, many.trials) == (10, 20)
    low, high = many.interval()
    assert high - low > 0.8 * (one.interval()[1] - one.interval()[0])


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_clustered_intervals_cover(share: float) -> None:
    """Fifteen places that are good or bad for good, ten visits each."""
    random = np.random.default_rng(3)
    covered = 0
    for _ in range(400):
        found = random.binomial(10, random.beta(share * 2, (1 - share) * 2, 15))
        low, high = Proportion.clustered(found, np.full(15, 10)).interval(0.9)
        covered += low <= share <= high
    assert covered / 400 == pytest.approx(0.9, abs=0.06)


def test_api_and_command_tell_the_same(ports: Ports, tmp_path) -> None:
    client = create_app(ports).test_client()
    token = create_key(ports, Role.POLICE, TENANT, "test")[1]
    told = client.get("/v1/evaluations?k=2", headers={"Authorization": f"Bearer {token}"}).json
    assert told["lists"][0]["rankings"][0]["precision"]["of"] == 2
    assert told == msgspec.to_builtins(evaluate(ports, TENANT, k=2))
    runner, folder = click.testing.CliRunner(), str(ports.settings.data_dir)
    done = runner.invoke(main, ["--data", folder, "evaluate", "--k", "2"])
    assert done.exit_code == 0, done.output
    assert "0.50 (0.09-0.91; 1 of 2)" in done.output
    assert "Outcomes exist only where somebody went" in done.output
    truth = tmp_path / "truth.csv"
    truth.write_text("stairwell,start,end\ns1,2026-10-06T12:00,\ns2,yesterday,\n")
    told = runner.invoke(main, ["--data", folder, "evaluate", "--k", "2", "--truth", str(truth)])
    assert told.exit_code == 1
    assert "line 3" in told.output
    assert "1 of 2" in told.output


def test_incidents_hold_no_person(tmp_path) -> None:
    path = tmp_path / "truth.csv"
    path.write_text("stairwell;start;name\n")
    with path.open("rb") as stream, pytest.raises(Exception, match="'name' is unknown"):
        read_struct_rows(stream, "Europe/Stockholm", Incident)
