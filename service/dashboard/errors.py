"""What went wrong, as a page in words for people. The errors are those of the one tree; a page has a status each.

A page says it in its own words, in the reader's language: the message of an error is English, for programs and the log.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote, urlencode

import structlog
from flask import Response, g, request
from werkzeug.exceptions import HTTPException

from service import errors
from service.dashboard.languages import language_of
from service.dashboard.rendering import show
from service.dashboard.routes import Visit, to
from service.dashboard.sessions import new_session, set_session
from service.dashboard.signing_in import SIGN_IN
from service.metrics import STORE_ERRORS
from service.ports import Ports
from service.web.failures import failure_headers

_log = structlog.get_logger(__name__)
STATUSES: dict[type[Exception], int] = {
    errors.NotPermitted: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooLittleData: 409,
    errors.Gone: 410,
    errors.TooLarge: 413,
    errors.TooManyRequests: 429,
    errors.InvalidInput: 400,
    errors.VersionRefused: 409,
    errors.StoreError: 503,
    Exception: 500,
}
"""By the error a status comes from; the first match along the error's bases wins."""
_OWN_WORDS: dict[type[Exception], str] = {errors.VersionRefused: "version"}
"""What is told in words of its own, and not in those of its status."""


def tell(error: Exception, ports: Ports) -> Response:
    """The page for an error; who has to sign in first is led there, and back afterwards."""
    visit: Visit = g.get("visit") or Visit(ports, language_of(request), new_session(ports))
    if isinstance(error, errors.NotAuthenticated):
        return _lead_to_the_door(visit)
    status = _status(error)
    problem = next((words for kind, words in _OWN_WORDS.items() if isinstance(error, kind)), f"e{status}")
    if isinstance(error, errors.StoreError):
        STORE_ERRORS.labels("api").inc()
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("page failed", page=request.endpoint, exc_info=error)
    wait = error.retry_after_seconds if isinstance(error, errors.TooManyRequests) else None
    response = show(visit, "error.html", status, problem=problem, code=status, wait_seconds=wait)
    response.headers.update(failure_headers(error, status))
    return response


def _lead_to_the_door(visit: Visit) -> Response:
    path = f"{quote(request.path)}?{urlencode(request.args)}" if request.args else quote(request.path)
    wanted = {"next": path} if request.method == "GET" else {}
    response = to(f"{SIGN_IN}?{urlencode({**wanted, 'told': 'needed'})}")
    set_session(response, new_session(visit.ports), request, visit.ports)
    return response


def _status(error: Exception) -> int:
    if isinstance(error, HTTPException):
        return error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    return next(STATUSES[base] for base in type(error).__mro__ if base in STATUSES)
