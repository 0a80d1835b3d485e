"""Where rows of counts come from, as files and bodies name it."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from service.domain.places import Identifier, Kind
from service.domain.readings import DEFAULT_SPACE, Origin
from service.ingest.validation import validated


class NamedOrigin(msgspec.Struct, frozen=True, kw_only=True):
    """What a row of counts says of its place and its sensor."""

    stairwell: Identifier
    space: Identifier = DEFAULT_SPACE
    kind: Kind | None = None
    sensor: Identifier | None = None


@lru_cache(maxsize=65_536)
def checked_origin(stairwell: str, space: str, kind: Kind | None, sensor: str | None) -> Origin:
    """The origin that these name; those that are good are remembered, because batches repeat them.

    Raises
    ------
    ValueError
        If a name is none.
    """
    validated({"stairwell": stairwell, "space": space, "kind": kind, "sensor": sensor}, NamedOrigin)
    return Origin(stairwell, space, kind, sensor)
