"""Outcomes land at the entry they are of, evaluate and train nothing, and their visit feeds no list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from service.domain.annotations import AnnotationKind, AnnotationQuery
from service.domain.hotspots import ListStatus
from service.domain.keys import EVERY_TENANT
from service.domain.outcomes import Finding, OutcomeReport
from service.domain.places import PlaceRow
from service.domain.retention import DataKind, Deletion
from service.errors import InvalidInput, NotFound
from service.ports import Ports
from service.usecases.lists.hotspots import approve_list
from service.usecases.lists.outcomes import read_outcomes, report_outcome
from tests.api.conftest import PORTS, STORES
from tests.api.drafts import MADE, add, entry
from tests.worlds import TENANT

NOW = MADE + timedelta(days=3)
VISIT = MADE + timedelta(days=1, hours=22)
LIST = "2026-11-01-001"
PLACE = PlaceRow(tenant=TENANT, area="Norra", property="p", building="b", stairwell="kvarnen-3a", space="cellar")


@pytest.fixture(params=STORES)
def ports(request, tmp_path) -> Ports:
    """An approved list of two entries."""
    ports = PORTS[request.param](tmp_path, now=NOW)
    ports.register.put([PLACE])
    add(ports, LIST, entry(rank=1), entry(rank=2))
    approve_list(ports, TENANT, LIST, "anna")
    return ports


def found(*findings: str, visited: datetime = VISIT) -> OutcomeReport:
    return OutcomeReport(visited=visited, found=[Finding(one) for one in findings])


def test_an_outcome_is_kept_beside_its_entry(ports):
    """In one order, once each; the list's bytes stay, and who reported it is in the audit."""
    bytes_before = ports.lists.get(TENANT, LIST)
    outcome = report_outcome(ports, TENANT, LIST, 2, found("traces", "drugs", "traces"), "key-1")
    assert (outcome.rank, outcome.stairwell, outcome.found) == (2, "kvarnen-3a", [Finding.DRUGS, Finding.TRACES])
    assert read_outcomes(ports, TENANT, LIST) == [outcome]
    assert ports.lists.get(TENANT, LIST) == bytes_before
    told = [(entry.actor, entry.action, entry.subject) for entry in ports.audit.entries(TENANT)]
    assert ("key-1", "outcome.report", f"{LIST} entry 2") in told


def test_a_visit_reported_again_is_corrected(ports):
    for findings in (("nothing",), ("weapons",)):
        outcome = report_outcome(ports, TENANT, LIST, 1, found(*findings), "key-1")
    later = report_outcome(ports, TENANT, LIST, 1, found("persons", visited=VISIT + timedelta(hours=1)), "key-1")
    assert read_outcomes(ports, TENANT, LIST) == [outcome, later]


def test_a_visit_becomes_an_annotation(ports):
    """So that the patrol is not taken for loitering where it was sent."""
    report_outcome(ports, TENANT, LIST, 1, found("nothing"), "key-1")
    [visit] = ports.annotations.find(AnnotationQuery(tenant=TENANT))
    assert (visit.kind, visit.start, visit.stairwell) == (AnnotationKind.PATROL, VISIT, "kvarnen-3a")
    assert visit.end - visit.start == timedelta(minutes=15)


@pytest.mark.parametrize("findings", [("nothing", "drugs"), ("benign_cause", "persons"), ("nothing", "benign_cause")])
def test_findings_that_contradict_each_other_are_refused(ports, findings):
    with pytest.raises(InvalidInput, match="contradict"):
        report_outcome(ports, TENANT, LIST, 1, found(*findings), "key-1")
    assert read_outcomes(ports, TENANT, LIST) == []


@pytest.mark.parametrize(
    "visited", [MADE - timedelta(seconds=1), NOW + timedelta(seconds=1), datetime.max.replace(tzinfo=UTC)]
)
def test_a_visit_before_the_list_or_to_come_is_refused(ports, visited):
    with pytest.raises(InvalidInput, match="not to come"):
        report_outcome(ports, TENANT, LIST, 1, found("nothing", visited=visited), "key-1")
    assert ports.annotations.find(AnnotationQuery()) == []


def test_an_outcome_is_taken_though_the_counts_of_the_visit_are_deleted(ports):
    """Lists are kept for longer than counts may be; of a time without counts there is nothing to annotate."""
    before = int(VISIT.timestamp()) + 1
    ports.state.publish_deletion(Deletion(kind=DataKind.COUNTS, before=before, setting="", days=1, begun=NOW, rows={}))
    outcome = report_outcome(ports, TENANT, LIST, 1, found("drugs"), "key-1")
    assert read_outcomes(ports, TENANT, LIST) == [outcome]
    assert ports.annotations.find(AnnotationQuery(tenant=TENANT)) == []


@pytest.mark.parametrize(("list_id", "rank"), [(LIST, 3), (LIST, 0), ("none", 1), ("draft", 1)])
def test_what_was_not_let_out_has_no_outcome(ports, list_id, rank):
    """No such entry, no such list, or nobody approved it."""
    add(ports, "draft", entry(rank=1))
    with pytest.raises(NotFound):
        report_outcome(ports, TENANT, list_id, rank, found("nothing"), "key-1")


def test_an_outcome_of_an_entry_that_is_not_on_a_joint_list_is_not_on_it(tmp_path):
    """A newer list of its area has the word there."""
    ports = PORTS["memory"](tmp_path, now=NOW, hotspots__share_with_police=[TENANT])
    ports.register.put([PLACE])
    add(ports, LIST, entry(rank=1), entry(rank=2, stairwell="south", area="Södra"))
    add(ports, "2026-11-01-002", entry(rank=1, stairwell="north"), area="Norra", made=MADE + timedelta(hours=1))
    for name in (LIST, "2026-11-01-002"):
        approve_list(ports, TENANT, name, "anna")
    report_outcome(ports, TENANT, LIST, 1, found("weapons"), "key-9")
    joint = ports.lists.newest(EVERY_TENANT, None, [ListStatus.APPROVED]).list_id
    assert read_outcomes(ports, EVERY_TENANT, joint) == []


def test_an_outcome_of_a_joint_list_is_its_tenants_own(tmp_path):
    """Seen on both lists, each with its own rank."""
    ports = PORTS["sqlite"](tmp_path, now=NOW, hotspots__share_with_police=[TENANT])
    ports.register.put([PLACE])
    add(ports, LIST, entry(rank=1, stairwell="kvarnen-3b", score=1.0), entry(rank=2))
    approve_list(ports, TENANT, LIST, "anna")
    joint = ports.lists.newest(EVERY_TENANT, None, [ListStatus.APPROVED]).list_id
    outcome = report_outcome(ports, EVERY_TENANT, joint, 1, found("weapons", visited=NOW), "key-9")
    assert (outcome.tenant, outcome.list_id, outcome.rank) == (TENANT, LIST, 2)
    assert read_outcomes(ports, TENANT, LIST) == [outcome]
    [seen] = read_outcomes(ports, EVERY_TENANT, joint)
    assert (seen.list_id, seen.rank, seen.found) == (joint, 1, [Finding.WEAPONS])
    assert [one.tenant for one in ports.annotations.find(AnnotationQuery())] == [TENANT]
