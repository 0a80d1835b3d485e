"""A list as a document: numbered, the same for the same evidence, approved without what is held back, kept a while."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from service.domain.hotspots import Change, HeldBack, HotspotEntry, HotspotList, ListStatus
from service.errors import Gone, InvalidInput
from service.ports import Ports
from service.usecases.intake.ingest import CountRow, ingest_counts
from service.usecases.learning.advance import advance
from service.usecases.lists.entries import false_discovery_rates
from service.usecases.lists.hotspots import approve_list, expire_lists, make_list
from service.usecases.lists.list_numbers import sha256, store_numbered
from service.usecases.lists.reading import latest_list, read_list
from service.usecases.lists.standing import standing
from tests.api.drafts import entry, listed
from tests.unit.made_lists.hot_town import END, by_place
from tests.worlds import TENANT, sqlite_ports

OLDER_LIST = {"list_id", "tenant", "made", "watermark", "version", "days", "false_discovery_rate", "places"}


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


def latest(ports: Ports) -> HotspotList:
    content = latest_list(ports, TENANT, approved_only=False, actor="test")[1]
    return msgspec.json.decode(content, type=HotspotList)


def test_the_same_evidence_gives_the_same_list(ports: Ports) -> None:
    """Made again, nothing has moved, and the numbers go on."""
    first, second = make_list(ports, TENANT), make_list(ports, TENANT)
    assert {entry.change for entry in first.entries} == {Change.NEW}
    assert {entry.change for entry in second.entries} == {Change.SAME}
    assert [one.stairwell for one in first.entries] == [one.stairwell for one in second.entries]
    assert (first.previous, second.previous, second.gone) == (None, first.list_id, [])
    assert (first.number, second.number) == (1, 2)


def test_changes_are_told_against_what_was_approved(ports: Ports) -> None:
    """Readers never saw a later draft, nor what was held back: that is new to them, and never gone.

    Its standing is that of the list as it was made all the same.
    """
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
    held, margin = by_place(made)["fresh"], ports.settings.hotspots.overtake_margin
    assert held.standing == standing(held.score, first.entries[0].score, margin) > standing(held.score, None, margin)


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


def test_after_a_list_that_is_deleted_comes_one_that_is_told_against_none(written: Ports) -> None:
    """It is still the one in force, but nobody knows what was on it."""
    made = latest(written)
    approve_list(written, TENANT, made.list_id, "anna")
    written.clock.time = made.made + timedelta(days=written.settings.hotspots.keep_days, seconds=1)
    expire_lists(written)
    ingest_counts(
        written, TENANT, [(1, CountRow(stairwell="3a", time=written.clock.time - timedelta(hours=2), count=1))]
    )
    advance(written)
    made = make_list(written, TENANT)
    assert (made.places, made.previous, made.gone, made.number) == (1, None, [], 2)


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
