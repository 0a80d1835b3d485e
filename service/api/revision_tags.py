"""ETags: of answers that need not be made to know that they are the same, and what a request says of them."""

from __future__ import annotations

import hashlib
from importlib import metadata

import msgspec
from flask import request
from werkzeug.datastructures import ETags
from werkzeug.exceptions import PreconditionFailed
from werkzeug.http import unquote_etag

from service.api.routes import Operation
from service.domain.keys import Key
from service.ports import Ports


def served_by(ports: Ports) -> str:
    """What every answer depends on beside its revision: the program and its settings."""
    return _digest(metadata.version("trappvakt"), ports.settings)


def revision_tag(operation: Operation, ports: Ports, key: Key, served_as: str) -> str | None:
    """The weak ETag of what is asked for; None where the operation has no revision.

    It is weak because a tick that goes on may show in an answer before it is committed.
    """
    if operation.revision is None:
        return None
    revision = operation.revision(ports, key.tenant)
    return f'W/"{_digest(served_as, key.tenant, key.role, request.full_path, revision)}"'


def is_surely_known(tag: str) -> bool:
    """Whether the request needs no answer but this tag, be there one or not."""
    return "If-Match" not in request.headers and not request.if_none_match.star_tag and is_known(tag)


def names_tags() -> bool:
    """Whether the request is to be done only of some answers (If-Match), or only of others (If-None-Match)."""
    return "If-Match" in request.headers or "If-None-Match" in request.headers


def expected_tags() -> ETags | None:
    """The tags that an If-Match names, none if it is empty or garbled; None where any answer is taken."""
    return None if "If-Match" not in request.headers or request.if_match.star_tag else request.if_match


def is_known(tag: str) -> bool:
    """Whether the sender of the request has the answer with this tag.

    Raises
    ------
    PreconditionFailed
        If the sender wants another answer or none (RFC 9110, 13.1.1: tags that are weak are never the same).
    """
    name, is_weak = unquote_etag(tag)
    expected = expected_tags()
    if expected is not None and (is_weak or not expected.is_strong(name)):
        raise PreconditionFailed
    return request.if_none_match.contains_weak(name)


def _digest(*parts: object) -> str:
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]
