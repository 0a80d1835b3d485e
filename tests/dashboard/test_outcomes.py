"""What was found, told by a form: without words, once per visit, and only where somebody was sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from service.domain.annotations import AnnotationQuery
from service.domain.keys import Role
from service.domain.outcomes import Finding
from service.usecases.lists.hotspots import approve_list
from tests.dashboard.conftest import Site, marks, with_draft
from tests.worlds import TENANT

LIST = "2026-11-01-001"
TELL = f"/lists/{LIST}/entries/2/outcomes"


@pytest.fixture
def sent(site: Site) -> Site:
    """Two days after a list was approved, without its first entry."""
    with_draft(site)
    site.person(Role.OPERATOR).send(f"/lists/{LIST}/decision", step="approve", **marks(r1="known"))
    site.ports.clock.time += timedelta(days=2)
    return site


@pytest.mark.parametrize("role", [Role.POLICE, Role.OPERATOR])
def test_a_visit_is_told(sent: Site, role: Role) -> None:
    """In local time; it stands at the entry, and is annotated so that it is not taken for loitering."""
    person = sent.person(role)
    page = person.read(f"/lists/{LIST}")
    form = page.split('id="rank-2"')[1].split("</article>")[0]
    assert f'action="{TELL}"' in form
    assert "textarea" not in form
    assert 'type="text"' not in form
    answered = person.send(TELL, visited="2026-11-01T22:15", found=["drugs", "traces"])
    assert answered == f"/lists/{LIST}?told=reported#rank-2"
    (outcome,) = sent.ports.outcomes.find(TENANT, LIST)
    assert outcome.visited == datetime(2026, 11, 1, 21, 15, tzinfo=UTC)
    assert outcome.found == [Finding.DRUGS, Finding.TRACES]
    page = person.read(answered.split("#")[0])
    assert "1 Nov 2026 at 22:15: <b>drugs, traces</b>" in page
    assert "It is noted" in page
    assert "outcome.report" in {one.action for one in sent.ports.audit.entries(TENANT)}
    assert [one.stairwell for one in sent.ports.annotations.find(AnnotationQuery(tenant=TENANT))] == ["kvarnen-2"]


def test_a_reader_sees_what_was_found_and_tells_nothing(sent: Site) -> None:
    sent.person(Role.POLICE).send(TELL, visited="2026-11-01T22:15", found="nothing")
    reader = sent.person(Role.READER)
    page = reader.read(f"/lists/{LIST}")
    assert "<b>nothing</b>" in page
    assert "/outcomes" not in page
    reader.send(TELL, 403, visited="2026-11-01T22:15", found="drugs")


@pytest.mark.parametrize(
    ("visited", "found", "told"),
    [
        ("", ["drugs"], "Write when"),
        ("yesterday", ["drugs"], "Write when"),
        ("2026-10-31T22:00", ["drugs"], "after the list was made"),
        ("2027-01-01T22:00", ["drugs"], "not to come"),
        ("9999-12-31T23:59", ["drugs"], "Write when"),
        ("2026-11-01T22:15", [], "Mark what was found"),
        ("2026-11-01T22:15", ["nothing", "drugs"], "contradict"),
        ("2026-11-01T22:15", ["nothing", "benign_cause"], "contradict"),
    ],
)
def test_what_is_wrong_is_told_at_the_entry(sent: Site, visited: str, found: list[str], told: str) -> None:
    """And what was written stays."""
    page = sent.person(Role.POLICE).send(TELL, 400, visited=visited, found=found)
    form = page.split('id="rank-2"')[1].split("</article>")[0]
    assert told in form
    assert "<details open>" in form
    assert form.count(" checked") == len(found)
    assert sent.ports.outcomes.find(TENANT, LIST) == []


def test_odd_findings_are_refused(sent: Site) -> None:
    sent.person(Role.POLICE).send(TELL, 400, visited="2026-11-01T22:15", found="<script>")


def test_nothing_is_told_of_what_was_held_back(sent: Site) -> None:
    """The police were not sent there; the entry does not exist for them, nor does its form for the operator."""
    path = f"/lists/{LIST}/entries/1/outcomes"
    for role in (Role.POLICE, Role.OPERATOR):
        person = sent.person(role)
        assert path not in person.read(f"/lists/{LIST}")
        person.send(path, 404, visited="2026-11-01T22:15", found="nothing")


def test_nothing_is_told_of_a_draft(site: Site) -> None:
    with_draft(site)
    site.ports.clock.time += timedelta(days=2)
    operator = site.person(Role.OPERATOR)
    assert "/outcomes" not in operator.read(f"/lists/{LIST}")
    operator.send(TELL, 404, visited="2026-11-01T22:15", found="nothing")
    approve_list(site.ports, TENANT, LIST, "anna")
    operator.send(TELL, visited="2026-11-01T22:15", found="nothing")
