"""One way to fail: every error becomes an RFC 9457 problem document here, and nowhere else."""

from __future__ import annotations

from http import HTTPStatus
from operator import attrgetter
from typing import Any

import msgspec
from flask import Response
from werkzeug.exceptions import (
    BadRequest,
    MethodNotAllowed,
    NotAcceptable,
    PreconditionFailed,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)
from werkzeug.exceptions import NotFound as NoSuchRoute

from service import errors
from service.web.failures import failure_headers

MEDIA_TYPE = "application/problem+json"

_INFLUX_CODES = {
    401: "unauthorized",
    403: "forbidden",
    413: "request too large",
    415: "invalid",
    422: "unprocessable entity",
    429: "too many requests",
    500: "internal error",
    503: "unavailable",
}


class ProblemType(msgspec.Struct, frozen=True):
    """A kind of problem, as ``/problems/<name>`` documents it."""

    name: str
    title: str
    status: int
    meaning: str

    @property
    def uri(self) -> str:
        """What the ``type`` member of a problem document says."""
        return f"/problems/{self.name}"

    @property
    def influxdb_code(self) -> str:
        """What InfluxDB calls an error of this status."""
        return _INFLUX_CODES.get(self.status, "invalid")


BY_STATUS = attrgetter("status", "name")
"""The order of problem types."""


class BadRow(msgspec.Struct, frozen=True):
    """One bad row of the request; rows count from 1."""

    row: int
    message: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem document (RFC 9457). ``accepted`` and ``rejected`` count the rows of a body that has rows."""

    type: str
    title: str
    status: int
    detail: str
    accepted: int | None = None
    rejected: int | None = None
    problems: list[BadRow] = []


class InfluxProblem(Problem, frozen=True, kw_only=True):
    """A problem document that is an InfluxDB 2 error too, so that its clients show the message."""

    code: str
    message: str


TYPES: dict[type[Exception], ProblemType] = {
    errors.NotAuthenticated: ProblemType(
        "not-authenticated",
        "A valid key is needed",
        401,
        "Send a key that is not revoked as 'Authorization: Bearer tv_...'; InfluxDB clients send it as their token.",
    ),
    errors.NotPermitted: ProblemType(
        "not-permitted", "The key's role may not do this", 403, "Each operation lists the roles that may call it."
    ),
    errors.NotFound: ProblemType(
        "not-found", "There is no such thing", 404, "It does not exist, or belongs to another tenant."
    ),
    errors.Gone: ProblemType(
        "gone", "It has been deleted", 410, "It was kept as long as the settings say; its record and digest remain."
    ),
    MethodNotAllowed: ProblemType(
        "method-not-allowed", "The method is not allowed here", 405, "The Allow header names the methods there are."
    ),
    NotAcceptable: ProblemType(
        "not-acceptable",
        "It is not told in that format",
        406,
        "Ask for a media type that the operation names, by the Accept header or by a suffix of the address.",
    ),
    errors.Conflict: ProblemType(
        "conflict", "This contradicts what is already decided", 409, "Read the present state, then decide again."
    ),
    errors.TooLittleData: ProblemType(
        "too-little-data",
        "Too little is known to say anything",
        409,
        "The detail says what there is and how much it takes. Wait, or ask for other weeks or another place.",
    ),
    errors.GatesNotPassed: ProblemType(
        "gates-not-passed",
        "The model version's trial does not show what it has to",
        409,
        "The detail names the gates. Retrain, or order the promotion with the reason why it does not matter.",
    ),
    errors.TooManyRequests: ProblemType(
        "too-many-requests",
        "The key asks too often",
        429,
        "The header RateLimit-Policy tells what a key may ask, RateLimit what is left of it. Wait for Retry-After "
        "seconds, and send many rows in one request.",
    ),
    PreconditionFailed: ProblemType(
        "precondition-failed",
        "The ETag is not as the request wants it",
        412,
        "What is asked for or to be changed has another ETag than If-Match names, none, or a weak one (W/), which "
        "never matches; or what is to be changed has one that If-None-Match names. Read it again, or leave the header "
        "out; to be told whether an answer has changed, send its ETag as If-None-Match with a GET.",
    ),
    errors.TooLarge: ProblemType(
        "too-large", "The body is too large", 413, "Send smaller batches; the limit holds for unpacked bytes too."
    ),
    UnsupportedMediaType: ProblemType(
        "unsupported-media-type",
        "The body's type is not supported",
        415,
        "Send the media type the operation names, plain or with 'Content-Encoding: gzip'.",
    ),
    errors.RowsRefused: ProblemType(
        "rows-refused",
        "Some rows cannot be used",
        422,
        "The good rows are kept. 'problems' names the first bad ones, 'rejected' counts all. Correct them and send "
        "them again; sending good rows twice does no harm.",
    ),
    errors.InvalidInput: ProblemType(
        "invalid-input",
        "The input cannot be used",
        422,
        "The query or the body is not of the form the operation names.",
    ),
    errors.VersionRefused: ProblemType(
        "version-refused",
        "The model version is not used",
        409,
        "Its folder is incomplete, foreign or altered; the champion stays.",
    ),
    errors.StoreError: ProblemType(
        "store-unavailable",
        "A store cannot be reached",
        503,
        "The detail names the store. Try again after Retry-After seconds; send again what was not acknowledged.",
    ),
    Exception: ProblemType(
        "internal-error", "The service failed", 500, "A fault of ours; the log has the details under the time of it."
    ),
}
"""Every problem the API can answer with, by the error it comes from; the first match along the error's bases wins."""

_ALIASES: dict[type[Exception], type[Exception]] = {
    NoSuchRoute: errors.NotFound,
    BadRequest: errors.InvalidInput,
    RequestEntityTooLarge: errors.TooLarge,
    errors.SchedulerBusy: errors.Conflict,
}


def type_of(error: type[Exception]) -> ProblemType:
    """The problem type of an error class."""
    bases = (_ALIASES.get(base, base) for base in error.__mro__)
    return next(TYPES[base] for base in bases if base in TYPES)


def find_type(name: str) -> ProblemType:
    """The problem type of this name.

    Raises
    ------
    NotFound
        If there is none.
    """
    for kind in TYPES.values():
        if kind.name == name:
            return kind
    raise errors.NotFound(f"there is no problem type {name!r}; known are {', '.join(t.name for t in TYPES.values())}")


def respond(error: Exception, shape: type[Problem]) -> Response:
    """The response for an error, as a problem document of this shape."""
    kind = type_of(type(error))
    told = document(kind, shape, _detail(error, kind), **_members(error))
    response = Response(msgspec.json.encode(told), kind.status, mimetype=MEDIA_TYPE)
    if kind.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="trappvakt", Token realm="trappvakt"'
    response.headers.update(failure_headers(error, kind.status))
    return response


def document(kind: ProblemType, shape: type[Problem], detail: str, **members: Any) -> Problem:
    """A problem document of a type and shape; ``members`` are further ones."""
    if shape is InfluxProblem:
        members |= {"code": kind.influxdb_code, "message": detail}
    return shape(type=kind.uri, title=kind.title, status=kind.status, detail=detail, **members)


def _members(error: Exception) -> dict[str, Any]:
    members: dict[str, Any] = {}
    if isinstance(error, errors.InvalidInput) and error.problems:
        members["problems"] = [BadRow(bad.row, bad.message) for bad in error.problems]
    if isinstance(error, errors.RowsRefused):
        members |= {"accepted": error.accepted, "rejected": error.rejected}
    return members


def _detail(error: Exception, kind: ProblemType) -> str:
    """What is wrong this time; an unexpected error keeps its words for the log."""
    if isinstance(error, UnsupportedMediaType | NotAcceptable):
        return error.description or kind.meaning
    if isinstance(error, NoSuchRoute):
        return "Nothing is at this address; /openapi.json lists what there is."
    if isinstance(error, errors.TrappvaktError):
        return str(error) or kind.meaning
    return kind.meaning
