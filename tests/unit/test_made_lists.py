"""Lists made of what is scored: what an entry tells, what a list tells beside, and how a person lets it out."""

from __future__ import annotations

import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from service.domain.annotations import AnnotationKind, AnnotationRow
from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.hotspots import Change, HeldBack, HotspotEntry, HotspotList, ListStatus, Trend
from service.domain.places import Kind, Liveness, PlaceRow
from service.errors import Gone, InvalidInput, NotFound
from service.ports import Ports
from service.usecases.learning.advance import advance
from service.usecases.learning.annotations import make_annotation
from service.usecases.lists.entries import false_discovery_rates
from service.usecases.lists.hotspots import approve_list, expire_lists, make_list
from service.usecases.lists.list_numbers import sha256, store_numbered
from service.usecases.lists.reading import latest_list, read_list
from tests.api.drafts import entry, listed
from tests.worlds import TENANT, sqlite_ports

FIRST = 1_746_396_000  # Monday 2025-05-05 00:00 in Stockholm
WEEKS = 7
END = datetime.fromtimestamp(FIRST, UTC) + timedelta(weeks=WEEKS)
CALM = [f"s{number:02d}" for number in range(10, 40)]
OLDER_LIST = {"list_id", "tenant", "made", "watermark", "version", "days", "false_discovery_rate", "places"}
HOT = {  # space: weekdays, hours, first week
    ("fresh", "cellar"): [((4, 5), (22, 23, 24, 25), 5), ((1,), (18, 19), 5)],
    ("fresh", "attic"): [((6,), (19, 20, 21), 5)],
    ("always", "cellar"): [((2, 3), (20, 21, 22), 0)],
    ("small", "cellar"): [((0, 3), (20, 21, 22), 4)],
    ("moved in", "cellar"): [((0, 2, 4), (20, 21, 22), WEEKS - 2)],
}


def rows() -> list[PlaceRow]:
    """Calm places north and south, and the hot ones north; ``dark`` was never heard."""
    spaces = [*HOT, ("dark", "cellar"), *((name, "cellar") for name in CALM)]
    return [
        PlaceRow(
            tenant=TENANT,
            area="Norra" if (stairwell, space) in HOT else "Södra",
            property="p",
            building=f"house of {stairwell}",
            stairwell=stairwell,
            space=space,
            kind=Kind.CELLAR,
            address=f"{stairwell} street",
            dwellings={"small": 3, "fresh": None}.get(stairwell, 24),
            sensor=f"sensor of {stairwell} {space}",
            liveness=Liveness.ASSUMED if stairwell == "always" else Liveness.HEARTBEAT,
        )
        for stairwell, space in spaces
    ]


def counts(ports: Ports) -> CountPoints:
    """Few presences anywhere; two in every hour of a block; who moved in was heard for two weeks only."""
    random = np.random.default_rng(11)
    windows = np.arange(WEEKS * 168)
    series, times, values = [], [], []
    for (stairwell, space), number in ports.register.index(TENANT).items():
        if stairwell == "dark":
            continue
        row = random.poisson(0.03, len(windows))
        for weekdays, hours, week in HOT.get((stairwell, space), []):
            inside = np.isin((windows - np.array(hours)[:, None]) % 168, np.array(weekdays) * 24).any(axis=0)
            row[inside & (windows >= week * 168)] = 2
        heard = windows >= (WEEKS - 2) * 168 if stairwell == "moved in" else windows >= 0
        series.append(np.full(heard.sum(), number))
        times.append((FIRST + windows[heard] * 3600) * NANOSECONDS)
        values.append(row[heard])
    columns = [np.concatenate(part).astype(np.int64) for part in (series, times, values)]
    return CountPoints(series=columns[0], times=columns[1], counts=columns[2], sources=np.zeros_like(columns[0]))


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town's data folder, scored, without a list."""
    folder = tmp_path_factory.mktemp("scored")
    ports = sqlite_ports(folder, now=END)
    ports.register.put(rows())
    ports.counts.append(counts(ports))
    advance(ports, END)
    return folder


@pytest.fixture
def ports(scored: Path, tmp_path: Path) -> Ports:
    """The town in a folder of its own."""
    return town(scored, tmp_path)


@pytest.fixture(scope="module")
def made(scored: Path, tmp_path_factory: pytest.TempPathFactory) -> HotspotList:
    """The town's first list, for tests that read it."""
    return make_list(town(scored, tmp_path_factory.mktemp("made")), TENANT)


@pytest.fixture
def written(tmp_path: Path) -> Ports:
    """A service with three entries on one draft, written by hand."""
    ports = sqlite_ports(tmp_path, now=END)
    write(ports)
    return ports


def write(ports: Ports) -> HotspotList:
    """Store a draft with three entries."""
    names = ("fresh", "always", "elsewhere")
    return store_numbered(ports, listed("", *(entry(rank=n, stairwell=name) for n, name in enumerate(names, start=1))))


def town(scored: Path, folder: Path, **settings: object) -> Ports:
    """The town under other settings."""
    shutil.copytree(scored, folder, dirs_exist_ok=True)
    return sqlite_ports(folder, now=END, **settings)


def latest(ports: Ports) -> HotspotList:
    content = latest_list(ports, TENANT, approved_only=False, actor="test")[1]
    return msgspec.json.decode(content, type=HotspotList)


def by_place(made: HotspotList) -> dict[str, HotspotEntry]:
    return {entry.stairwell: entry for entry in made.entries}


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
    """Nor is a place unknown because what was heard there is left out."""
    since = END - timedelta(days=14)
    row = AnnotationRow(kind=AnnotationKind.RENOVATION, start=since, end=END, stairwell="fresh")
    make_annotation(ports, TENANT, row, "test")
    advance(ports, END)
    made = make_list(ports, TENANT)
    assert "fresh" not in by_place(made)
    assert made.unknown_places == 1


def test_the_same_evidence_gives_the_same_list(ports: Ports) -> None:
    """Made again, nothing has moved, and the numbers go on."""
    first, second = make_list(ports, TENANT), make_list(ports, TENANT)
    assert {entry.change for entry in first.entries} == {Change.NEW}
    assert {entry.change for entry in second.entries} == {Change.SAME}
    assert [one.stairwell for one in first.entries] == [one.stairwell for one in second.entries]
    assert (first.previous, second.previous, second.gone) == (None, first.list_id, [])
    assert (first.number, second.number) == (1, 2)


def test_a_place_that_was_not_heard_since_keeps_its_standing(ports: Ports) -> None:
    """A week without a message is no week of calm: the order stays, and nothing is told as down."""
    first = make_list(ports, TENANT)
    ports.clock.time = END + timedelta(days=5)
    times = (int(END.timestamp()) + np.arange(5 * 24) * 3600) * NANOSECONDS
    calm = np.full(len(times), ports.register.index(TENANT)["s10", "cellar"])
    ports.counts.append(CountPoints(series=calm, times=times, counts=0 * calm, sources=0 * calm))
    advance(ports, ports.clock.time)
    second = make_list(ports, TENANT)
    hot = ("fresh", "moved in")
    assert [by_place(second)[name].standing for name in hot] == [by_place(first)[name].standing for name in hot]
    assert {by_place(second)[name].change for name in hot} == {Change.SAME}
    assert by_place(second)["fresh"].coverage < 0.7


def test_each_block_tells_how_much_of_its_space_was_heard(ports: Ports) -> None:
    """The cellar's sensor fell silent five days ago; the attic's goes on."""
    ports.clock.time = END + timedelta(days=5)
    times = (int(END.timestamp()) + np.arange(5 * 24) * 3600) * NANOSECONDS
    attic = np.full(len(times), ports.register.index(TENANT)["fresh", "attic"])
    ports.counts.append(CountPoints(series=attic, times=times, counts=0 * attic, sources=0 * attic))
    advance(ports, ports.clock.time)
    heard = {block.space: block.coverage for block in by_place(make_list(ports, TENANT))["fresh"].blocks()}
    assert heard["cellar"] == pytest.approx(9 / 14, abs=0.02)
    assert heard["attic"] == 1.0


def test_changes_are_told_against_what_was_approved(ports: Ports) -> None:
    """Readers never saw a later draft, nor what was held back: that is new to them, and never gone."""
    first = write(ports)
    approve_list(ports, TENANT, first.list_id, "anna", [HeldBack(rank=1, reason="ombyggnad")])
    store_numbered(ports, listed("", entry(stairwell="moved in")))
    made = make_list(ports, TENANT, top=3)
    assert made.previous == first.list_id
    assert {name: one.previous_rank for name, one in by_place(made).items()} == {
        "always": 2,
        "fresh": None,
        "moved in": None,
    }
    assert (by_place(made)["fresh"].change, by_place(made)["moved in"].change) == (Change.NEW, Change.NEW)
    assert [(one.stairwell, one.previous_rank) for one in made.gone] == [("elsewhere", 3)]


def test_what_is_held_back_is_in_no_byte_that_was_approved(written: Ports) -> None:
    """The others keep their ranks; what was made and what was approved are kept and can be proved apart."""
    ports = written
    made = latest(ports)
    held = made.entries[1]
    decided = approve_list(ports, TENANT, made.list_id, "anna", [HeldBack(rank=2, reason="vaktmästarens fester")])
    seen, approved = read_list(ports, TENANT, made.list_id, approved_only=True, actor="police")
    whole = read_list(ports, TENANT, made.list_id, approved_only=False, actor="anna")
    assert held.stairwell.encode() not in approved
    assert (seen.held_back, whole[0].held_back) == ([], decided.held_back)
    told = msgspec.json.decode(approved, type=HotspotList)
    assert [one.rank for one in told.entries] == [one.rank for one in made.entries if one.rank != 2]
    assert (told.held_back, msgspec.json.decode(whole[1], type=HotspotList)) == (1, made)
    assert (decided.approved_digest, decided.digest) == (sha256(approved), sha256(whole[1]))
    actions = [(one.actor, one.action, one.detail) for one in ports.audit.entries(TENANT)]
    assert ("anna", "list.hold-back", "entry 2: vaktmästarens fester") in actions
    assert ("police", "list.read", "") in actions


@pytest.mark.parametrize("ranks", [[99], [1, 1]])
def test_only_what_is_listed_can_be_held_back_and_once(written: Ports, ranks: list[int]) -> None:
    """The list stays a draft."""
    made = latest(written)
    with pytest.raises(InvalidInput, match=r"no entry 99|twice"):
        approve_list(written, TENANT, made.list_id, "anna", [HeldBack(rank=rank, reason="?") for rank in ranks])
    assert written.lists.get(TENANT, made.list_id)[0].status is ListStatus.DRAFT


def test_lists_are_kept_as_long_as_the_settings_say(written: Ports) -> None:
    """Then their bytes are gone for every reader, and the audit tells of it with the digest."""
    made = latest(written)
    approve_list(written, TENANT, made.list_id, "anna")
    digest = written.lists.get(TENANT, made.list_id)[0].digest
    written.clock.time = made.made + timedelta(days=written.settings.hotspots.keep_days)
    assert expire_lists(written) == []
    written.clock.time += timedelta(seconds=1)
    assert [one.list_id for one in expire_lists(written)] == [made.list_id]
    for approved_only in (True, False):
        with pytest.raises(Gone, match=digest):
            latest_list(written, TENANT, approved_only=approved_only, actor="police")
    newest = written.audit.entries(TENANT)[0]
    assert (newest.actor, newest.action, newest.detail) == ("scheduler", "list.expire", f"SHA-256 {digest}")


def test_lists_made_at_the_same_moment_are_numbered_without_gaps(written: Ports) -> None:
    """Whoever makes them."""
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: write(written), range(20)))
    assert sorted(one.number for one in made) == list(range(2, 22))


def test_ids_go_on_past_999(written: Ports) -> None:
    """And the newest is still found."""
    newest, content = written.lists.get(TENANT, latest(written).list_id)
    written.lists.add(msgspec.structs.replace(newest, list_id="2025-06-23-998", number=998), content)
    made = [write(written) for _ in range(4)]
    assert [one.list_id.rsplit("-", 1)[1] for one in made] == ["999", "1000", "1001", "1002"]
    assert latest(written) == made[-1]


def test_every_tenant_has_no_list_of_its_own(ports: Ports) -> None:
    with pytest.raises(InvalidInput, match="every tenant"):
        make_list(ports, "*")


def test_false_discovery_rates_never_fall_with_the_p_value() -> None:
    """And are those of Benjamini and Hochberg's procedure: below a rate exactly where it rejects."""
    p_values = np.random.default_rng(3).beta(0.3, 2, 60)
    rates = np.array(false_discovery_rates(p_values.tolist(), places=60))
    order = np.argsort(p_values)
    assert (np.diff(rates[order]) >= 0).all()
    for rate in (0.01, 0.05, 0.2):
        rejected = np.flatnonzero(np.sort(p_values) <= rate * np.arange(1, 61) / 60)
        assert (rates <= rate).sum() == (rejected[-1] + 1 if len(rejected) else 0)


def test_the_json_of_older_lists_is_still_read() -> None:
    """Members were added since; what an older list does not tell is not known."""
    required = {
        name: getattr(entry(), name)
        for name in HotspotEntry.__struct_fields__
        if name not in {field.name for field in msgspec.structs.fields(HotspotEntry) if not field.required}
    }
    older = {name: value for name, value in msgspec.to_builtins(listed("1")).items() if name in OLDER_LIST}
    read = msgspec.convert({**older, "entries": [required]}, HotspotList)
    assert (read.number, read.gone, read.entries[0].blocks()[0].space) == (0, [], "cellar")
    assert read.entries[0].coverage is None
