"""OpenAPI 3.1, from the same declarations and types that validate and encode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from importlib import metadata
from itertools import groupby
from operator import attrgetter
from typing import Any

import msgspec

from service.api.instants import mark_instants
from service.api.paging import Page
from service.api.problems import MEDIA_TYPE, InfluxProblem, document
from service.api.routes import JSON, Operation
from service.web import limits

KEY, TOKEN = "key", "influxdbToken"
_SECURITY = {
    KEY: {"type": "http", "scheme": "bearer", "description": "A key of Trappvakt: `Authorization: Bearer tv_...`."},
    TOKEN: {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "The same key as InfluxDB's clients send it: `Authorization: Token tv_...`.",
    },
}
_ABOUT = """\
Trappvakt learns what is normal in every stairwell and tells where and when it is not.

Times are RFC 3339 with an offset; answers are in UTC. Intervals hold their start and not their end. Lists come in
pages: follow the `Link` header until there is none. Send an `ETag` back as `If-None-Match`, and what has not changed is
answered 304; an answer that is none of those that `If-Match` names is refused with 412. So is a change of what is none
of them or has no `ETag` of its own, and of what `If-None-Match` names. Query keys that an operation does not name are
refused. Whatever fails answers with a problem document (RFC 9457). A key may ask so often a minute: `RateLimit` tells
what is left, and 429 when to go on. Everything a key can see belongs to its tenant; what belongs to another tenant does
not exist for it. Within `/v1` members are only added: ignore those you do not know. What is to go is marked
`deprecated`, and answers with `Deprecation` and `Sunset`, for twelve months.
"""
CLOUD_EVENT = "application/cloudevents+json"
_BEFORE_THE_LIMIT = (401, 403)
_HEADERS_BY_STATUS = {
    401: {"WWW-Authenticate": "How to send a key."},
    429: {"Retry-After": "Seconds to wait."},
    503: {"Retry-After": "Seconds to wait."},
}


def describe(operations: Sequence[Operation], events: Mapping[str, tuple[Any, object]]) -> dict[str, Any]:
    """The OpenAPI document of the operations, and of the type and an example of each event, as plain values."""
    schemas = _Schemas(operations, [kind for kind, _ in events.values()])
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Trappvakt", "version": metadata.version("trappvakt"), "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in operations)],
        "paths": paths,
        "webhooks": {name: _webhook(name, *event, schemas) for name, event in events.items()},
        "components": {"schemas": schemas.components, "securitySchemes": _SECURITY},
    }


class _Schemas:
    """JSON Schemas of every type that an operation names."""

    def __init__(self, operations: Sequence[Operation], further: Sequence[Any]) -> None:
        types = [*(kind for operation in operations for kind in _types(operation)), *further]
        schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
        self.components = components = _closed_by_length(components)
        self._schemas = list(zip(types, map(_closed_by_length, schemas), strict=True))
        answered = [kind for operation in operations for kind in operation.responses.values()]
        mark_instants([(kind, self.of(kind)) for kind in [*answered, *further]], components)

    def of(self, kind: Any) -> dict[str, Any]:
        """The schema of a type; a list, because equal annotations of different fields are told apart by nothing."""
        return next(schema for known, schema in self._schemas if known == kind)


def _closed_by_length(schema: Any) -> Any:
    """Without ``items: false``: ``maxItems`` says it of pairs as well, and generators of clients refuse it."""
    match schema:
        case dict():
            taken = {name: part for name, part in schema.items() if (name, part) != ("items", False)}
            return {name: _closed_by_length(part) for name, part in taken.items()}
        case list():
            return [_closed_by_length(part) for part in schema]
    return schema


def _types(operation: Operation) -> list[Any]:
    fields = [field.type for field in msgspec.structs.fields(operation.query)]
    body = [] if operation.body is None else [operation.accepts[1]]
    return [*operation.path_types.values(), *fields, *body, *operation.responses.values(), operation.problem]


def _operation(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    summary, description = operation.documentation
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": summary,
        "description": description,
        "parameters": [*_path_parameters(operation, schemas), *_query_parameters(operation, schemas)],
        "responses": {**_success(operation, schemas), **_failures(operation, schemas)},
        "security": [],
    }
    if operation.body is not None:
        media_type, kind = operation.accepts
        content = {media_type: _content(schemas.of(kind), _without_none(msgspec.to_builtins(operation.sent)))}
        described["requestBody"] = {"required": operation.body_required, "content": content}
    if operation.roles:
        names = (TOKEN, KEY) if operation.problem is InfluxProblem else (KEY,)
        described["security"] = [{name: []} for name in names]
        described["x-roles"] = sorted(operation.roles)
    return described


def _webhook(name: str, kind: Any, example: object, schemas: _Schemas) -> dict[str, Any]:
    """What a receiver is sent, and what it is to answer."""
    content = {CLOUD_EVENT: _content(schemas.of(kind), example)}
    post = {
        "operationId": name,
        "summary": f"{name} is told to those who subscribe to it.",
        "requestBody": {"required": True, "content": content},
        "responses": {"2XX": {"description": "Taken; any other answer, and none in time, has it sent again."}},
    }
    return {"post": post}


def _path_parameters(operation: Operation, schemas: _Schemas) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": schemas.of(kind)}
        for name, kind in operation.path_types.items()
    ]


def _query_parameters(operation: Operation, schemas: _Schemas) -> list[dict[str, Any]]:
    parameters = []
    for field in msgspec.structs.fields(operation.query):
        schema = _without_null(schemas.of(field.type))
        description = schema.pop("description", "")
        if field.default not in (None, msgspec.NODEFAULT):
            schema["default"] = field.default
        parameters.append(
            {
                "name": field.encode_name,
                "in": "query",
                "required": field.required,
                "description": description,
                "schema": schema,
            }
        )
    return parameters


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A query cannot say null: it leaves the key out."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    return {**kinds[0]} if len(kinds) == 1 else {**schema}


def _without_none(value: Any) -> Any:
    """What a sender would write: nothing for what is not known."""
    match value:
        case dict():
            return {name: _without_none(part) for name, part in value.items() if part is not None}
        case list():
            return [_without_none(part) for part in value]
    return value


def _success(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    headers = {**operation.headers, **_limited(operation)}
    if any(isinstance(kind, type) and issubclass(kind, Page) for kind in operation.responses.values()):
        headers["Link"] = 'Address of the next page, `rel="next"`; absent on the last page.'
    responses: dict[str, Any] = {}
    if operation.tagged:
        headers["ETag"] = "Send it back as `If-None-Match` to be told when nothing has changed."
        responses["304"] = {
            "description": "Nothing has changed since the ETag that was sent.",
            "headers": _headers({"ETag": "As it was sent.", **_limited(operation)}),
        }
    success: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase, "headers": _headers(headers)}
    if operation.responses:
        success["content"] = {
            media_type: _content(schemas.of(kind), operation.answered if media_type == JSON else None)
            for media_type, kind in operation.responses.items()
        }
    return {str(operation.status): success, **responses}


def _failures(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    responses = {}
    for status, kinds in groupby(operation.failures, key=attrgetter("status")):
        found = list(kinds)
        examples = {
            kind.name: {"value": msgspec.to_builtins(document(kind, operation.problem, kind.meaning))} for kind in found
        }
        responses[str(status)] = {
            "description": "; or: ".join(kind.title for kind in found),
            "headers": _headers({**_HEADERS_BY_STATUS.get(status, {}), **_limited(operation, status)}),
            "content": {MEDIA_TYPE: {"schema": schemas.of(operation.problem), "examples": examples}},
        }
    return responses


def _limited(operation: Operation, status: int = 0) -> Mapping[str, str]:
    """The headers of limits: on every answer to a key that may ask."""
    return limits.HEADERS if operation.roles and status not in _BEFORE_THE_LIMIT else {}


def _headers(descriptions: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in descriptions.items()}


def _content(schema: Mapping[str, Any], example: object) -> dict[str, Any]:
    if example is None:
        return {"schema": schema}
    return {"schema": schema, "example": msgspec.json.decode(msgspec.json.encode(example))}
