"""Who asks: the key in the Authorization header, and whether its role may do what is asked."""

from __future__ import annotations

from flask import Request

from service.api.routes import Operation
from service.domain.keys import Key
from service.errors import NotAuthenticated, NotPermitted
from service.ports import Ports
from service.usecases.keys import authenticate

_SCHEMES = ("bearer", "token")
"""``Bearer`` is HTTP's word, ``Token`` that of InfluxDB's clients."""


def permitted_key(request: Request, operation: Operation, ports: Ports) -> Key:
    """The key of a request.

    Raises
    ------
    NotAuthenticated
        If there is no good key.
    NotPermitted
        If its role is not one of the operation's.
    """
    key = authenticate(ports, _token(request.headers.get("Authorization", "")))
    if key.role not in operation.roles:
        allowed = ", ".join(sorted(operation.roles))
        raise NotPermitted(f"the key's role is {key.role}; {operation.method} {operation.path} is for: {allowed}")
    return key


def _token(header: str) -> str:
    scheme, _, token = header.partition(" ")
    if scheme.lower() not in _SCHEMES or not token.strip():
        raise NotAuthenticated("no key was sent; send the header 'Authorization: Bearer tv_...'")
    return token.strip()
