"""What the doctor says of a part: how it is, and what to do."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class State(StrEnum):
    """``ok``; ``warning``: it works, but somebody should look at it; ``failure``: something does not work."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the installation; ``remedy`` says what to do where the state is not ok."""

    part: str
    state: State
    message: str
    remedy: str | None = None


def well(part: str, message: str) -> Diagnosis:
    """Nothing is to be done."""
    return Diagnosis(part=part, state=State.OK, message=message)


def doubtful(part: str, message: str, remedy: str) -> Diagnosis:
    """Somebody should look at it."""
    return Diagnosis(part=part, state=State.WARNING, message=message, remedy=remedy)


def failed(part: str, message: str, remedy: str | None = None) -> Diagnosis:
    """It does not work; messages of our own errors say what to do themselves."""
    return Diagnosis(part=part, state=State.FAILURE, message=message, remedy=remedy)


def some(names: list[str], most: int = 3) -> str:
    """The first of many names.

    Examples
    --------
    >>> some(["a", "b"]), some(["a", "b", "c", "d", "e"])
    ('a, b', 'a, b, c and 2 more')
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
