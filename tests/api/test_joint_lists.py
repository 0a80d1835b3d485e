"""A police key across tenants: it reads what every tenant that shares has let out, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from service.domain.hotspots import GoneEntry, HeldBack, HotspotList, UnknownPlaces
from service.domain.keys import EVERY_TENANT, Role
from service.errors import InvalidInput
from service.ports import Ports
from service.usecases.keys import create_key
from service.usecases.lists.hotspots import approve_list, expire_lists
from service.usecases.lists.joint_lists import make_joint_list
from service.usecases.lists.list_numbers import sha256
from tests.api.conftest import PORTS, STORES, Town, body
from tests.api.drafts import MADE, add, entry

OURS, THEIRS, PRIVATE = "norrbo", "söderhem", "enskilda"


@pytest.fixture(params=STORES)
def ports(request: pytest.FixtureRequest, tmp_path: Path) -> Ports:
    """Three tenants with a draft each, two of which share what they approve."""
    ports = PORTS[request.param](tmp_path, hotspots__share_with_police=[OURS, THEIRS])
    for tenant, standings in {OURS: (9.0, 3.0), THEIRS: (5.0, 4.0), PRIVATE: (8.0, 7.0)}.items():
        places = (
            entry(rank=rank, tenant=tenant, stairwell=f"{tenant}-{rank}", score=stands, standing=stands)
            for rank, stands in enumerate(standings, start=1)
        )
        add(ports, "2026-11-01-001", *places, tenant=tenant, watermark=MADE - timedelta(days=tenant == THEIRS))
    return ports


def police(ports: Ports):
    return Town(ports).client(Role.POLICE, EVERY_TENANT)


def latest(ports: Ports) -> HotspotList:
    response = police(ports).get("/v1/hotspots")
    assert response.status_code == 200
    return msgspec.json.decode(response.data, type=HotspotList)


def test_drafts_are_no_part_of_a_joint_list(ports):
    """Nor is there a joint list before anybody has approved anything."""
    assert police(ports).get("/v1/hotspots").status_code == 404
    approve_list(ports, OURS, "2026-11-01-001", "anna")
    assert {one.tenant for one in latest(ports).entries} == {OURS}


def test_a_joint_list_has_the_approved_entries_of_all_who_share(ports):
    """By standing, ranked anew; each entry names the one it is of its tenant's own list.

    It knows of no later time than all of them do.
    """
    for tenant in (OURS, THEIRS, PRIVATE):
        approve_list(ports, tenant, "2026-11-01-001", "anna")
    joint = latest(ports)
    assert [(one.rank, one.stairwell, one.source.rank) for one in joint.entries] == [
        (1, f"{OURS}-1", 1),
        (2, f"{THEIRS}-1", 1),
        (3, f"{THEIRS}-2", 2),
        (4, f"{OURS}-2", 2),
    ]
    assert (joint.tenant, joint.places, joint.number) == (EVERY_TENANT, 6, 2)
    assert joint.watermark == MADE - timedelta(days=1)
    assert {one.tenant: one.digest for one in joint.sources} == {
        tenant: ports.lists.get(tenant, "2026-11-01-001")[0].approved_digest for tenant in (OURS, THEIRS)
    }


@pytest.mark.parametrize("newer", ["7", "0"])
def test_a_joint_list_says_when_its_model_was_retrained_if_it_is_one(ports, newer):
    """Of lists that were made before theirs told it, the newest may know."""
    for day, tenant, version, retrained in ((1, OURS, "7", None), (2, THEIRS, newer, MADE)):
        told = {"version": version, "retrained": retrained}
        add(ports, f"list-{day}", entry(), tenant=tenant, made=MADE + timedelta(days=day), **told)
        approve_list(ports, tenant, f"list-{day}", "anna")
    joint = latest(ports)
    assert (joint.version, joint.retrained) == (("7", MADE) if newer == "7" else ("0, 7", None))


def test_what_a_tenant_held_back_is_in_no_joint_list(ports):
    approve_list(ports, OURS, "2026-11-01-001", "anna", [HeldBack(rank=1, reason="flytt")])
    response = police(ports).get("/v1/hotspots")
    assert f"{OURS}-1".encode() not in response.data
    assert [(one.stairwell, one.source.rank) for one in latest(ports).entries] == [(f"{OURS}-2", 2)]
    assert body(police(ports).get("/v1/hotspot-lists"))["items"][0]["held_back"] == []


@pytest.mark.parametrize("area_is_newer", [False, True])
def test_of_an_area_the_newest_list_has_the_word(ports, area_is_newer):
    """Whether it is the area's or the company's; what it names no longer, or a person held back, comes by no other."""
    south = entry(rank=4, tenant=OURS, stairwell="south-1", area="Södra", standing=2.0)
    north = [entry(rank=n, tenant=OURS, stairwell=f"north-{n}", standing=9.0 - n) for n in (1, 2, 3)]
    gone = GoneEntry(tenant=OURS, area="Norra", stairwell="north-3", address="", previous_rank=3)
    silent = UnknownPlaces(tenant=OURS, area="Norra", stairwells=["north-9"])
    lists = {"whole": ([*north, south], {"unknown": [silent]}), "north": (north[:2], {"area": "Norra", "gone": [gone]})}
    for position, name in enumerate(lists if area_is_newer else reversed(lists)):
        entries, more = lists[name]
        add(ports, name, *entries, tenant=OURS, made=MADE + timedelta(days=position), **more)
        approve_list(ports, OURS, name, "anna", [HeldBack(rank=2, reason="flytt")] if name == "north" else [])
    joint = latest(ports)
    told = [(one.stairwell, one.source.list_id) for one in joint.entries]
    assert joint.places == 3
    if area_is_newer:
        assert told == [("north-1", "north"), ("south-1", "whole")]
        assert [one.stairwell for one in joint.gone] == ["north-3"]
        assert (joint.held_back, joint.unknown, joint.unknown_places) == (1, [], 0)
    else:
        assert told == [(f"north-{n}", "whole") for n in (1, 2, 3)] + [("south-1", "whole")]
        assert (joint.gone, joint.held_back, joint.unknown_places) == ([], 0, 1)


def test_who_no_longer_shares_is_seen_no_longer(ports):
    """Not in older joint lists either; the next one is without."""
    for tenant in (OURS, THEIRS):
        approve_list(ports, tenant, "2026-11-01-001", "anna")
    joint = latest(ports).list_id
    withdrawn = msgspec.structs.replace(ports.settings.hotspots, share_with_police=(THEIRS,))
    less = replace(ports, settings=msgspec.structs.replace(ports.settings, hotspots=withdrawn))
    for path in ("/v1/hotspots", f"/v1/hotspot-lists/{joint}", f"/v1/hotspot-lists/{joint}.csv"):
        assert police(less).get(path).status_code == 404
    assert body(police(less).get("/v1/hotspot-lists"))["items"] == []
    make_joint_list(less, "scheduler")
    assert {one.tenant for one in latest(less).entries} == {THEIRS}


def test_an_approved_list_that_is_deleted_is_in_no_joint_list(ports):
    """Nor does it keep others from approving theirs."""
    approve_list(ports, OURS, "2026-11-01-001", "anna")
    ports.clock.time = MADE + timedelta(days=ports.settings.hotspots.keep_days, seconds=1)
    expire_lists(ports)
    add(ports, "2027-11-01-001", entry(stairwell="ny"), tenant=THEIRS, made=ports.clock.time)
    approve_list(ports, THEIRS, "2027-11-01-001", "bo")
    assert [(one.tenant, one.stairwell) for one in latest(ports).entries] == [(THEIRS, "ny")]


def test_joint_lists_are_no_part_of_joint_lists(tmp_path):
    """Whoever names every tenant among those that share shares nothing by it."""
    ports = PORTS["memory"](tmp_path, hotspots__share_with_police=[OURS, EVERY_TENANT])
    for number in (1, 2):
        add(ports, f"2026-11-01-00{number}", entry(), tenant=OURS)
        approve_list(ports, OURS, f"2026-11-01-00{number}", "anna")
    assert [one.tenant for one in latest(ports).sources] == [OURS]


def test_a_joint_list_is_made_once_and_keeps_its_bytes(ports):
    """Nothing new, no new list; a newer approval supersedes it."""
    approve_list(ports, OURS, "2026-11-01-001", "anna")
    before = police(ports).get("/v1/hotspots").data
    assert make_joint_list(ports, "scheduler") is None
    assert police(ports).get("/v1/hotspots").data == before
    approve_list(ports, THEIRS, "2026-11-01-001", "bo")
    assert latest(ports).number == 2
    old = police(ports).get(f"/v1/hotspot-lists/{msgspec.json.decode(before)['list_id']}")
    assert (old.data, old.headers["Trappvakt-List-Status"]) == (before, "superseded")
    assert ports.lists.get(EVERY_TENANT, latest(ports).list_id)[0].digest == sha256(
        police(ports).get("/v1/hotspots").data
    )


def test_tenants_learn_that_their_entries_were_read_and_nothing_of_each_other(ports):
    """The audit of each tells of the joint list; that of who does not share tells nothing."""
    for tenant in (OURS, THEIRS, PRIVATE):
        approve_list(ports, tenant, "2026-11-01-001", "anna")
    joint = latest(ports)
    for tenant in (OURS, THEIRS):
        read = [one.subject for one in ports.audit.entries(tenant) if one.action == "list.read"]
        assert read == [joint.list_id]
    auditor = Town(ports).client(Role.AUDITOR, PRIVATE)
    told = auditor.get("/v1/audit").text
    assert OURS not in told
    assert THEIRS not in told
    assert joint.list_id not in {one["subject"] for one in msgspec.json.decode(told)["items"]} - {"2026-11-01-001"}


def test_a_joint_list_is_a_table_too(ports):
    approve_list(ports, OURS, "2026-11-01-001", "anna")
    response = police(ports).get("/v1/hotspots", headers={"Accept": "text/csv"})
    assert (response.mimetype, len(response.text.splitlines())) == ("text/csv", 3)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.POLICE}))
def test_only_the_police_have_keys_across_tenants(ports, role):
    with pytest.raises(InvalidInput, match="only a police key"):
        create_key(ports, role, EVERY_TENANT, "too much")


def test_a_police_key_across_tenants_reads_lists_only(ports):
    """Not one tenant's own, whoever knows its id."""
    approve_list(ports, PRIVATE, "2026-11-01-001", "anna")
    assert police(ports).get("/v1/hotspot-lists/2026-11-01-001").status_code == 404
    assert police(ports).get("/v1/anomalies").status_code == 403
