"""Sessions: a signed cookie that names a key, and never holds its token.

What is signed is a nonce, the key's id and when the session ends. Nothing is stored of a session that goes on; whether
somebody has signed out of it, and whether the key is still good, is asked at every request.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta

import msgspec
from flask import Request, Response
from itsdangerous import BadSignature, URLSafeSerializer

from service.errors import InvalidInput
from service.ports import Ports

COOKIE = "trappvakt_session"
TOKEN = "token"  # noqa: S105 - the name of a form's field
_SALT = "trappvakt.dashboard.session"
_NONCE_BYTES = 16


class Session(msgspec.Struct, frozen=True, array_like=True):
    """Of one browser: ``ends`` in seconds UTC; ``key_id`` is empty until somebody has signed in."""

    nonce: str
    key_id: str
    ends: int


def new_session(ports: Ports, key_id: str = "") -> Session:
    """A session that ends after as many hours as the settings say; a new nonce, so that none is inherited."""
    ends = ports.clock.now() + timedelta(hours=ports.settings.dashboard.session_hours)
    return Session(secrets.token_urlsafe(_NONCE_BYTES), key_id, int(ends.timestamp()))


def read_session(request: Request, ports: Ports) -> Session | None:
    """The session of a request; None if it has none, or one that is over or not ours.

    Raises StoreError if no session can be told from a forged one, nor a new one be given.
    """
    serializer = _serializer(ports)
    try:
        session = msgspec.convert(serializer.loads(request.cookies.get(COOKIE, "")), Session)
    except (BadSignature, msgspec.ValidationError):
        return None
    return session if ports.clock.now().timestamp() < session.ends else None


def set_session(response: Response, session: Session, request: Request, ports: Ports) -> None:
    """Give a browser its session, over TLS alone where the request came by TLS."""
    response.set_cookie(
        COOKIE,
        _serializer(ports).dumps(msgspec.to_builtins(session)),
        max_age=max(0, session.ends - int(ports.clock.now().timestamp())),
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )


def check_form(session: Session, request: Request) -> None:
    """Raise InvalidInput unless a form was sent from a page of this session (CSRF)."""
    if not hmac.compare_digest(session.nonce.encode(), request.form.get(TOKEN, "").encode()):
        raise InvalidInput("the form is not one of this session; open the page anew and send it again")


def _serializer(ports: Ports) -> URLSafeSerializer:
    signing = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeSerializer(ports.session_secret.read(), salt=_SALT, signer_kwargs=signing)
