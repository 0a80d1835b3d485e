"""Outcomes: what was found at a listed hot-spot. They evaluate lists and train nothing.

A model that learns from what patrols find where it sends them learns where it sends them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta


class Finding(StrEnum):
    """What was found. ``persons`` says that somebody was there, and nothing of who."""

    DRUGS = "drugs"
    WEAPONS = "weapons"
    PERSONS = "persons"
    TRACES = "traces"
    NOTHING = "nothing"
    BENIGN_CAUSE = "benign_cause"


NO_INCIDENT = frozenset({Finding.NOTHING, Finding.BENIGN_CAUSE})
"""Findings that are no incident, and contradict every other."""


def contradict_each_other(found: Sequence[Finding]) -> bool:
    """Whether the findings of one visit cannot all be true."""
    return len(set(found)) > 1 and not NO_INCIDENT.isdisjoint(found)


class OutcomeReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a visit to a listed place found; nothing in it could name a person."""

    visited: Annotated[datetime, Meta(tz=True, description="When the place was visited; RFC 3339 with an offset.")]
    found: Annotated[list[Finding], Meta(min_length=1, max_length=len(Finding))]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was found at an entry of a list at one visit; the key is (tenant, list_id, rank, visited)."""

    tenant: str
    list_id: str
    rank: int
    stairwell: str
    visited: datetime
    found: list[Finding]
    reported_by: str
    reported: datetime
