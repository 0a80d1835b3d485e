"""The API as a Flask application: every route in it is an operation, every failure a problem document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from time import perf_counter
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode

import msgspec
import structlog
from flask import Flask, Response, g, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import MethodNotAllowed, PreconditionFailed
from werkzeug.exceptions import NotFound as NoSuchRoute

from service.api import metrics, problems
from service.api.authentication import permitted_key
from service.api.contract import OPERATIONS
from service.api.inputs import read_body, read_query
from service.api.paging import Page
from service.api.recent import Recent
from service.api.revision_tags import expected_tags, is_known, is_surely_known, names_tags, revision_tag, served_by
from service.api.routes import Operation, Reply
from service.domain.places import Identifier
from service.errors import StoreError
from service.exports.formats import Suffix
from service.metrics import STORE_ERRORS
from service.ports import Ports
from service.web.limits import limit, limit_headers
from service.web.pages import HTML, content_security_policy

_log = structlog.get_logger(__name__)
Lost: TypeAlias = NoSuchRoute | MethodNotAllowed
_CONVERTERS = {str: "string", int: f"int(max={2**63 - 1})", Identifier: "path", Suffix: "string"}
"""An identifier is the tenant's own and may hold a slash."""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


def create_app(ports: Ports, lost: Callable[[Lost], Response | None] = lambda _: None) -> Flask:
    """The WSGI application over these ports.

    Parameters
    ----------
    ports
        What operations need.
    lost
        May answer instead of a problem document where an address is nobody's, or nobody's by that method.
    """
    app = Flask("service.api", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = ports.settings.api.max_body_bytes + 1  # a chunked body is cut there in silence
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.merge_slashes = False
    served_as = served_by(ports)
    for operation in OPERATIONS:
        view = _view(operation, ports, served_as)
        app.add_url_rule(_rule(operation), operation.name, view, methods=[operation.method])
    app.register_error_handler(Exception, _fail)
    for nowhere in (NoSuchRoute, MethodNotAllowed):
        app.register_error_handler(nowhere, lambda error: lost(error) or _fail(error))
    app.before_request(_start)
    app.after_request(_finish)
    return app


def _rule(operation: Operation) -> str:
    rule = operation.path
    for name, kind in operation.path_types.items():
        rule = rule.replace(f"{{{name}}}", f"<{_CONVERTERS[kind]}:{name}>")
    return rule


def _view(operation: Operation, ports: Ports, served_as: str) -> Callable[..., Response]:
    if not operation.roles:
        return _open_view(operation, ports)
    limits = ports.settings.api

    def view(**variables: Any) -> Response:
        key = permitted_key(request, operation, ports)
        limit(key, operation.policy, ports)
        query = read_query(request.args, operation.query, limits.max_page)
        given = {**variables, "ports": ports, "key": key, "query": query}
        if operation.body is not None:
            given["body"] = read_body(request, operation, limits.max_body_bytes)
        tag = revision_tag(operation, ports, key, served_as)
        if tag and is_surely_known(tag):
            return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
        if not operation.tagged and names_tags():
            _check_preconditions(operation, given, served_as)
        return _respond(operation, _called(operation, given), tag)

    return view


def _called(operation: Operation, given: Mapping[str, Any]) -> object:
    return operation.handler(**{name: value for name, value in given.items() if name in operation.hints})


def _check_preconditions(operation: Operation, given: Mapping[str, Any], served_as: str) -> None:
    """Raise PreconditionFailed if what is to be changed does not read as If-Match has it, or does as If-None-Match has.

    RFC 9110, 13.1.1 and 13.1.2.
    """
    reading = _READING.get(operation.path)
    if reading is None:  # it has no ETag
        known = expected_tags() is not None
    elif tag := revision_tag(reading, given["ports"], given["key"], served_as):
        known = is_known(tag)
    else:
        query = read_query(MultiDict(), reading.query, given["ports"].settings.api.max_page)
        answer = _respond(reading, _called(reading, {**given, "query": query}))
        known = answer.status_code == HTTPStatus.NOT_MODIFIED
    if known:
        raise PreconditionFailed


def _open_view(operation: Operation, ports: Ports) -> Callable[..., Response]:
    """Of an operation that needs no key: anybody can ask it at any rate, so the stores are asked now and then only."""
    if "ports" not in operation.hints:
        return lambda **variables: _respond(operation, operation.handler(**variables))
    recent = Recent(partial(operation.handler, ports=ports), ports.clock, ports.settings.api.health_seconds)
    return lambda: _respond(operation, recent())


def _respond(operation: Operation, result: object, tag: str | None = None) -> Response:
    reply = result if isinstance(result, Reply) else Reply(result)
    response = Response(_encoded(reply.body), operation.status, mimetype=reply.media_type)
    response.headers.update(reply.headers)
    if reply.media_type == HTML:
        response.headers["Content-Security-Policy"] = content_security_policy(response.get_data(as_text=True))
    if isinstance(reply.body, Page) and reply.body.next:
        address = f"{quote(request.path)}?{urlencode({**request.args, 'cursor': reply.body.next})}"
        response.headers["Link"] = f'<{address}>; rel="next"'
    if response.status_code == HTTPStatus.NO_CONTENT:
        del response.headers["Content-Type"]
    if tag:
        response.headers["ETag"] = tag
    if operation.tagged:
        response.add_etag()
        if is_known(response.headers["ETag"]):
            response.status_code = HTTPStatus.NOT_MODIFIED
    return response


def _encoded(body: object) -> bytes:
    if body is None:
        return b""
    return body if isinstance(body, bytes) else msgspec.json.encode(body)


def _fail(error: Exception) -> Response:
    operation = _operation()
    if isinstance(error, MethodNotAllowed):
        error.valid_methods = _methods_of(request.path) or error.valid_methods
    if isinstance(error, StoreError):
        STORE_ERRORS.labels("api").inc()
    response = problems.respond(error, operation.problem if operation else problems.Problem)
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request failed", operation=operation and operation.name, exc_info=error)
    return response


def _methods_of(path: str) -> set[str]:
    """Those of a path that stands as it is; it does not answer for one with a variable that it would fit."""
    own = {operation.method for operation in OPERATIONS if operation.path == path}
    return own | {"HEAD"} if "GET" in own else own


def _operation() -> Operation | None:
    return _BY_NAME.get(request.endpoint or "")


def _start() -> None:
    g.started = perf_counter()


def _finish(response: Response) -> Response:
    operation = _operation()
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.update(limit_headers())
    if operation and operation.roles:
        response.headers["Cache-Control"] = "no-store"
    metrics.observe(request.endpoint or "none", response.status_code, perf_counter() - g.started)
    return response


_BY_NAME = {operation.name: operation for operation in OPERATIONS}
_READING = {operation.path: operation for operation in OPERATIONS if operation.tagged}
