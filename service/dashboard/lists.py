"""The start page: which lists wait for a decision, which are in force, and the older ones."""

from __future__ import annotations

from flask import Response, request

from service.dashboard.rendering import show
from service.dashboard.routes import Routes, Visit
from service.domain.keys import LIST_READERS
from service.usecases.lists.reading import drafts_waiting, list_records, lists_in_force

routes = Routes()
_PAGE = 50


@routes.declare("GET", "/lists", LIST_READERS)
def lists(visit: Visit) -> Response:
    """Show the lists of the tenant; drafts to those who decide about them."""
    ports, tenant, approved_only = visit.ports, visit.key.tenant, not visit.decides
    after = request.args.get("after") or None
    waiting = [] if approved_only or after else drafts_waiting(ports, tenant)
    in_force = [] if after else lists_in_force(ports, tenant, approved_only=approved_only)
    page, following = list_records(ports, tenant, approved_only=approved_only, after=after, limit=_PAGE)
    shown = {one.list_id for one in (*waiting, *in_force)}
    older = [one for one in page if one.list_id not in shown]
    return show(
        visit, "lists.html", waiting=waiting, in_force=in_force, older=older, following=following, after=after or ""
    )
