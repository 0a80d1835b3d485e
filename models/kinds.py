"""Kinds of space, in the order of every table that has a row per kind."""

from __future__ import annotations

KINDS = ("stairwell", "cellar", "attic", "entrance", "laundry", "garage", "other")


def kind_number(name: str) -> int:
    """Row of a kind in the tables.

    Raises
    ------
    ValueError
        If there is no such kind.

    Examples
    --------
    >>> kind_number("attic")
    2
    """
    if name not in KINDS:
        raise ValueError(f"{name!r} is not a kind of space; use one of {', '.join(KINDS)}")
    return KINDS.index(name)
