"""What is said of keys in every store."""

from __future__ import annotations


def key_exists(key_id: str) -> str:
    """What to say of a second key with the same id or digest."""
    return f"key {key_id} exists already; create a key with an id and a token of its own"


def key_not_found(key_id: str) -> str:
    """What to say of a key that does not exist."""
    return f"there is no key {key_id}; list the keys to see their ids"
