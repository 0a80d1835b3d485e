"""Sessions of people at the pages: begun with the token of a key, as good as that key, ended by signing out."""

from __future__ import annotations

from service.domain.keys import LIST_READERS, Key
from service.errors import NotAuthenticated, NotPermitted
from service.ports import Ports
from service.usecases.audit import record
from service.usecases.keys import authenticate, key_in_use


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


def key_of_session(ports: Ports, nonce: str, key_id: str) -> Key:
    """The key of a session that is not over.

    Parameters
    ----------
    ports
        The keys.
    nonce
        The session's.
    key_id
        Of the key that it was begun with.

    Raises
    ------
    NotAuthenticated
        If somebody has signed out of the session, or its key is revoked.
    """
    if ports.keys.is_session_ended(nonce):
        raise NotAuthenticated("somebody has signed out of this session; sign in again")
    return key_in_use(ports, key_id)


def end_session(ports: Ports, key: Key, nonce: str, ends: int) -> None:
    """End the session of a person who signs out, also for whoever has copied its cookie.

    Parameters
    ----------
    ports
        The keys.
    key
        The person's.
    nonce
        The session's; other sessions of the key go on.
    ends
        When the session would have ended, seconds UTC.
    """
    ports.keys.end_session(nonce, ends, int(ports.clock.now().timestamp()))
    record(ports, key.key_id, key.tenant, "session.end", key.key_id)
