"""Signing in with a key, and out."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Response, request

from service.dashboard.rendering import show
from service.dashboard.routes import Routes, Visit, to
from service.dashboard.sessions import new_session, set_session
from service.domain.keys import LIST_READERS
from service.errors import NotAuthenticated, NotPermitted
from service.usecases.sessions import begin_session, end_session
from service.web.limits import limit_sign_ins

routes = Routes()
HOME, SIGN_IN = "/lists", "/sign-in"


@routes.declare("GET", "/")
def home(visit: Visit) -> Response:
    """Lead to the lists, or to the door."""
    return to(HOME if visit.known else SIGN_IN)


@routes.declare("GET", SIGN_IN)
def sign_in_page(visit: Visit) -> Response:
    """Show the door."""
    return to(HOME) if visit.known else _door(visit, HTTPStatus.OK)


@routes.declare("POST", SIGN_IN)
def sign_in(visit: Visit) -> Response:
    """Let in who has a good key; every try is counted, so that nobody keeps the service busy with guesses."""
    limit_sign_ins(request.remote_addr or "", visit.ports)
    try:
        key = begin_session(visit.ports, request.form.get("key", "").strip())
    except NotAuthenticated:
        return _door(visit, HTTPStatus.FORBIDDEN, "unknown")
    except NotPermitted:
        return _door(visit, HTTPStatus.FORBIDDEN, "no_pages")
    response = to(_own(request.form.get("next", "")))
    set_session(response, new_session(visit.ports, key.key_id), request, visit.ports)
    return response


@routes.declare("POST", "/sign-out", LIST_READERS)
def sign_out(visit: Visit) -> Response:
    """End the session."""
    end_session(visit.ports, visit.key, visit.session.nonce, visit.session.ends)
    response = to(f"{SIGN_IN}?told=signed_out")
    set_session(response, new_session(visit.ports), request, visit.ports)
    return response


def _door(visit: Visit, status: int, problem: str = "") -> Response:
    wanted = request.values.get("next", "")
    return show(visit, "sign_in.html", status, problem=problem, following=_own(wanted) if wanted else "")


def _own(path: str) -> str:
    """A path of this site, whatever was asked for; the start page where it is none."""
    parts = urlsplit(path)
    odd = parts.scheme or parts.netloc or not path.startswith("/") or path.startswith("//") or "\\" in path
    return HOME if odd or not path.isprintable() else path
