"""All pages as one Flask blueprint: who comes, whether they may, and with what headers they are answered."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.exceptions import NotFound as NoSuchRoute

from service.dashboard import episodes, errors, lists, one_list, outcomes, sensors, signing_in, stairwells
from service.dashboard.languages import choose_language, language_of
from service.dashboard.routes import Page, Visit
from service.dashboard.sessions import check_form, new_session, read_session, set_session
from service.domain.keys import Key
from service.errors import NotAuthenticated, NotPermitted
from service.ports import Ports
from service.usecases.request_limits import Policy
from service.usecases.sessions import key_of_session
from service.web.limits import limit
from service.web.pages import HTML

NAME = "dashboard"
PAGES: tuple[Page, ...] = tuple(
    page for source in (signing_in, lists, one_list, outcomes, episodes, stairwells, sensors) for page in source.routes
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_PROGRAMS = ("/v1/", "/api/")
PROBLEM = "application/problem+json"
_STYLE_SECONDS = 365 * 86_400


def dashboard(ports: Ports) -> Blueprint:
    """The pages over these ports, to be registered at the root of an application."""
    blueprint = Blueprint(NAME, __name__, static_folder="static", static_url_path="/static")
    for page in PAGES:
        blueprint.add_url_rule(page.path, page.name, _view(page, ports), methods=[page.method])
    blueprint.before_request(lambda: choose_language(request))
    blueprint.before_request(lambda: _arrive(ports))
    blueprint.register_error_handler(Exception, lambda error: errors.tell(error, ports))
    blueprint.after_request(lambda response: _leave(response, ports))
    return blueprint


def lost(error: NoSuchRoute | MethodNotAllowed, ports: Ports) -> Response | None:
    """The page for an address that is nobody's, where a person asks; None for programs, and below the API's paths."""
    accepted = request.accept_mimetypes.best_match((PROBLEM, HTML), PROBLEM)
    if accepted != HTML or request.path.startswith(_PROGRAMS):
        return None
    return _leave(choose_language(request) or errors.tell(error, ports), ports)


def _arrive(ports: Ports) -> None:
    """A visit whose session is that of the browser, or a new one; whose key nobody has looked at yet."""
    session = read_session(request, ports)
    g.has_session = session is not None
    g.visit = Visit(ports, language_of(request), session or new_session(ports))


def _view(page: Page, ports: Ports) -> Callable[..., Response]:
    def view(**variables: Any) -> Response:
        visit: Visit = g.visit
        if visit.session.key_id:
            visit = g.visit = Visit(ports, visit.language, visit.session, _key(page, visit))
        if page.roles:
            _check(visit.key, page)
            limit(visit.key, Policy.REQUESTS, ports)
        if page.method == "POST":
            check_form(visit.session, request)
        return page.handler(visit, **variables)

    return view


def _key(page: Page, visit: Visit) -> Key | None:
    """The key of a session; where a page is open to everybody, one that is revoked or signed out of is nobody."""
    try:
        return key_of_session(visit.ports, visit.session.nonce, visit.session.key_id)
    except NotAuthenticated:
        if page.roles:
            raise
        return None


def _check(key: Key, page: Page) -> None:
    if key.role not in page.roles:
        raise NotPermitted(f"the key's role is {key.role}; {page.path} is for: {', '.join(sorted(page.roles))}")


def _leave(response: Response, ports: Ports) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    static = request.endpoint == f"{NAME}.static"
    if static and response.status_code == HTTPStatus.OK:
        response.headers["Cache-Control"] = f"public, max-age={_STYLE_SECONDS}, immutable"
        return response
    response.headers["Cache-Control"] = "no-store"
    if not static and "visit" in g and not g.has_session and "Set-Cookie" not in response.headers:
        set_session(response, g.visit.session, request, ports)
    return response
