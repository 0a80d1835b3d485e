"""Sessions of people at the pages: begun with the token of a key, and only as good as that key."""

from __future__ import annotations

from service.domain.keys import LIST_READERS, Key
from service.errors import NotPermitted
from service.ports import Ports
from service.usecases.audit import record
from service.usecases.keys import authenticate


def begin_session(ports: Ports, token: str) -> Key:
    """The key of a person who signs in.

    Raises
    ------
    NotAuthenticated
        If the token is unknown or its key is revoked.
    NotPermitted
        If the key's role reads no page.
    """
    key = authenticate(ports, token)
    if key.role not in LIST_READERS:
        raise NotPermitted(f"the key's role is {key.role}, which has no pages; they are for {', '.join(LIST_READERS)}")
    record(ports, key.key_id, key.tenant, "session.begin", key.key_id)
    return key


def end_session(ports: Ports, key: Key) -> None:
    """Note that a person has signed out."""
    record(ports, key.key_id, key.tenant, "session.end", key.key_id)
