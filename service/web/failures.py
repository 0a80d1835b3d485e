"""Failures: what the header of an answer says of an error, whether it is a document or a page."""

from __future__ import annotations

from http import HTTPStatus

from werkzeug.exceptions import MethodNotAllowed

from service.errors import TooManyRequests

RETRY_AFTER_SECONDS = 10


def failure_headers(error: Exception, status: int) -> dict[str, str]:
    """When to try again, or which methods there are."""
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.retry_after_seconds)}
    if isinstance(error, MethodNotAllowed):
        return {"Allow": ", ".join(sorted(error.valid_methods or ()))}
    return {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
