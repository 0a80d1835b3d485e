"""The contract of the key store."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest

from service.domain.keys import Key, Role
from service.errors import Conflict, NotFound
from tests.contract.stores import TENANT, Stores

CREATED = datetime(2026, 11, 1, 5, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
REVOKED = datetime(2026, 11, 2, tzinfo=UTC)


def key(key_id: str, role: Role = Role.READER) -> Key:
    digest = hashlib.sha256(key_id.encode()).digest()
    return Key(key_id=key_id, digest=digest, role=role, tenant=TENANT, label="Länsförsäkringar", created=CREATED)


@pytest.mark.parametrize("role", Role)
def test_key_is_found_by_its_digest_alone(embedded: Stores, role: Role) -> None:
    """All that is known of it comes back; another digest finds nothing."""
    embedded.keys.add(key("a", role))
    assert embedded.keys.by_digest(key("a").digest) == key("a", role)
    assert embedded.keys.by_digest(key("b").digest) is None


def test_key_is_found_by_its_id(embedded: Stores) -> None:
    """Revoked or not, since a session asks whether it is."""
    embedded.keys.add(key("a"))
    assert embedded.keys.by_id("a") == key("a")
    assert embedded.keys.by_id("b") is None
    embedded.keys.revoke("a", REVOKED)
    found = embedded.keys.by_id("a")
    assert found is not None
    assert found.revoked == REVOKED


def test_keys_are_listed_oldest_first(embedded: Stores) -> None:
    """In the order they were added, revoked ones too."""
    for key_id in ("c", "a", "b"):
        embedded.keys.add(key(key_id))
    embedded.keys.revoke("a", REVOKED)
    assert [one.key_id for one in embedded.keys.all()] == ["c", "a", "b"]


def test_revocation_stays(embedded: Stores) -> None:
    """The key is still found, so that it can be told apart from an unknown one; the first time stays."""
    embedded.keys.add(key("a"))
    embedded.keys.add(key("b"))
    assert embedded.keys.revoke("a", REVOKED).revoked == REVOKED
    assert embedded.keys.revoke("a", REVOKED + timedelta(days=1)).revoked == REVOKED
    found = embedded.keys.by_digest(key("a").digest)
    assert found is not None
    assert found.revoked == REVOKED
    assert [one.revoked for one in embedded.keys.all()] == [REVOKED, None]


def test_unknown_key_is_not_found(embedded: Stores) -> None:
    """And the message says where to look."""
    with pytest.raises(NotFound, match="no key a; list the keys"):
        embedded.keys.revoke("a", REVOKED)


def test_no_two_keys_share_an_id(embedded: Stores) -> None:
    """A key is never overwritten."""
    embedded.keys.add(key("a"))
    with pytest.raises(Conflict, match="key a exists"):
        embedded.keys.add(key("a", Role.OPERATOR))
    assert embedded.keys.all() == [key("a")]


def test_a_session_is_ended_by_its_nonce_alone(embedded: Stores) -> None:
    """Whoever ends it, and however often."""
    for _ in range(2):
        embedded.keys.end_session("a", ends=100, now=50)
    assert embedded.keys.is_session_ended("a")
    assert not embedded.keys.is_session_ended("b")
    assert not embedded.keys.is_session_ended("")


def test_notes_of_sessions_that_are_over_go_away(embedded: Stores) -> None:
    """To the second in which they would have ended by themselves, with the next that is ended; the others stay."""
    embedded.keys.end_session("a", ends=100, now=50)
    embedded.keys.end_session("b", ends=101, now=51)
    embedded.keys.end_session("c", ends=150, now=99)
    assert [embedded.keys.is_session_ended(nonce) for nonce in "abc"] == [True, True, True]
    embedded.keys.end_session("d", ends=150, now=100)
    assert [embedded.keys.is_session_ended(nonce) for nonce in "abcd"] == [False, True, True, True]
