"""A draft is marked, looked at once more and approved; by one person, once."""

from __future__ import annotations

import pytest

from service.domain.keys import Role
from service.usecases.keys import list_keys
from service.usecases.lists.hotspots import approve_list
from tests.dashboard.conftest import Site, approved, marks, with_draft
from tests.worlds import TENANT

LIST = "2026-11-01-001"


def test_a_draft_is_marked_looked_at_and_approved(any_site: Site) -> None:
    """Two entries reach the police, the third no byte that they get; the audit says who did it."""
    site = any_site
    with_draft(site)
    operator, police = site.person(Role.OPERATOR), site.person(Role.POLICE)
    assert "Only you see the list" in operator.read(f"/lists/{LIST}")
    police.read(f"/lists/{LIST}", 404)
    review = operator.send(f"/lists/{LIST}/decision", 200, step="review", **marks(r2="the pipes are being replaced"))
    assert "The police will see: 2" in review
    assert "Hold back rank 2, Kvarngatan 2" in review
    assert 'value="the pipes are being replaced"' in review
    assert approved(site.ports) == "draft"
    edit = operator.send(f"/lists/{LIST}/decision", 200, step="edit", **marks(r2="the pipes are being replaced"))
    assert 'name="hold" value="2" form="decision" checked' in edit
    assert 'value="the pipes are being replaced"' in edit
    answered = operator.send(f"/lists/{LIST}/decision", step="approve", **marks(r2="the pipes are being replaced"))
    assert answered == f"/lists/{LIST}?told=approved"
    assert "Held back at approval: the pipes are being replaced" in operator.read(answered)
    page = police.read(f"/lists/{LIST}")
    assert "Kvarngatan 3" in page
    assert "Kvarngatan 2" not in page
    assert "pipes" not in page
    actions = {(one.action, one.detail) for one in site.ports.audit.entries(TENANT)}
    assert ("list.hold-back", "entry 2: the pipes are being replaced") in actions
    by = {one.actor for one in site.ports.audit.entries(TENANT) if one.action == "list.approve"}
    assert by == {next(one.key_id for one in list_keys(site.ports) if one.role is Role.OPERATOR)}


@pytest.mark.parametrize(("reason", "told"), [("", "Write a reason"), ("  ", "Write a reason"), ("x" * 501, "500")])
@pytest.mark.parametrize("step", ["review", "approve", "edit"])
def test_nothing_is_held_back_without_a_reason(site: Site, step: str, reason: str, told: str) -> None:
    """What was written stays, and the list a draft."""
    with_draft(site)
    fields = {"hold": ["1", "3"], "why-1": "known", "why-3": reason}
    page = site.person(Role.OPERATOR).send(f"/lists/{LIST}/decision", 400, step=step, **fields)
    assert told in page.split('id="rank-3"')[1]
    assert page.split('role="alert"')[1].split("</p>")[0].count('<a href="#rank-3">') == 1
    assert 'value="known"' in page
    assert approved(site.ports) == "draft"


@pytest.mark.parametrize("fields", [{"step": "approve", "hold": "9", "why-9": "x"}, {"step": "odd"}, {"hold": "x"}, {}])
def test_odd_decisions_are_refused(site: Site, fields: dict[str, str]) -> None:
    with_draft(site)
    site.person(Role.OPERATOR).send(f"/lists/{LIST}/decision", 400, **fields)
    assert approved(site.ports) == "draft"


@pytest.mark.parametrize("step", ["edit", "review", "approve"])
def test_who_comes_second_is_told(site: Site, step: str) -> None:
    """Nothing of what the second one marked is done."""
    with_draft(site)
    approve_list(site.ports, TENANT, LIST, "anna")
    page = site.person(Role.OPERATOR).send(f"/lists/{LIST}/decision", 409, step=step, **marks(r1="late"))
    assert "approved already" in page
    assert "by key anna" in page
    assert "Review and approve" not in page
    assert site.ports.lists.get(TENANT, LIST)[0].held_back == []


def test_who_comes_second_by_a_moment_is_told_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list was a draft when the page looked, and is none when it is to be approved."""
    with_draft(site)
    operator = site.person(Role.OPERATOR)

    def faster(*given: object) -> object:
        approve_list(site.ports, TENANT, LIST, "anna")
        return approve_list(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("service.dashboard.one_list.approve_list", faster)
    assert "approved already" in operator.send(f"/lists/{LIST}/decision", 409, step="approve")


NEWER = "2026-11-02-001"


@pytest.mark.parametrize("step", ["edit", "review", "approve"])
def test_a_draft_that_was_left_open_does_not_replace_a_newer_list(site: Site, step: str) -> None:
    """The police keep what is in force; the one who comes late is told so, led to it, and offered nothing."""
    with_draft(site)
    with_draft(site, NEWER)
    operator = site.person(Role.OPERATOR)
    assert "Review and approve" in operator.read(f"/lists/{LIST}")
    approve_list(site.ports, TENANT, NEWER, "anna")
    page = operator.send(f"/lists/{LIST}/decision", 409, step=step, **marks(r1="late"))
    assert "A newer list has been approved meanwhile" in page
    assert f'<a href="/lists/{NEWER}">' in page
    assert "Review and approve" not in page + operator.read(f"/lists/{LIST}")
    assert (approved(site.ports), approved(site.ports, NEWER)) == ("draft", "approved")


def test_a_newer_list_approved_by_a_moment_earlier_stays(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with_draft(site)
    with_draft(site, NEWER)
    operator = site.person(Role.OPERATOR)

    def faster(*given: object) -> object:
        approve_list(site.ports, TENANT, NEWER, "anna")
        return approve_list(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("service.dashboard.one_list.approve_list", faster)
    assert "A newer list has been approved" in operator.send(f"/lists/{LIST}/decision", 409, step="approve")
    assert approved(site.ports, NEWER) == "approved"


def test_everything_can_be_held_back(site: Site) -> None:
    with_draft(site)
    fields = marks(r1="a", r2="b", r3="c")
    operator = site.person(Role.OPERATOR)
    assert "The police see no place" in operator.send(f"/lists/{LIST}/decision", 200, step="review", **fields)
    operator.send(f"/lists/{LIST}/decision", step="approve", **fields)
    assert "No places are on the list" in site.person(Role.POLICE).read(f"/lists/{LIST}")
