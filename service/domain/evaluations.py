"""Evaluations: how good lists were, by what became known. Nothing of them is ever learnt from."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta


class Ranking(StrEnum):
    """What ranked the places: the list, or something much simpler that it has to beat."""

    LIST = "list"
    LAST_LIST = "last_list"
    RAW_COUNTS = "raw_counts"
    CLIMATOLOGY = "climatology"


class Incident(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It is known from elsewhere that something went on in a stairwell; a time alone is an interval of no length."""

    stairwell: str
    start: datetime
    end: datetime | None = None


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """So many of so many, and the 95% interval of what it would be for many more; null where there are none."""

    found: int
    of: int
    share: float | None
    low: float
    high: float


class RankingEvaluation(msgspec.Struct, frozen=True, kw_only=True):
    """The first places of a ranking; an incident is a place where something was found while the list was in force."""

    ranking: Ranking
    precision: Annotated[Share, Meta(description="Listed places with an incident, of those that were looked at.")]
    hit_rate: Annotated[Share, Meta(description="n/N: incidents at listed places, of all that are known.")]
    pei: Annotated[Share, Meta(description="Incidents at listed places, of the most that as many places had.")]
    pai: Annotated[float | None, Meta(description="(n/N) / (k/M): times better than going anywhere.")]
    pai_low: float | None
    pai_high: float | None


class ListEvaluation(msgspec.Struct, frozen=True, kw_only=True):
    """One approved list, from when it was approved until the next one was."""

    list_id: str
    area: str | None
    start: datetime
    end: datetime
    places: Annotated[int, Meta(description="M: stairwells that could have been listed.")]
    entries: int
    visited: Annotated[int, Meta(description="Of the first k entries, those that somebody went to.")]
    stability: Annotated[
        float | None, Meta(description="Share of the first k of the list before that are among the first k still.")
    ]
    rankings: list[RankingEvaluation]


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """Lists one by one, the oldest first, and all of them together."""

    k: int
    lists: list[ListEvaluation]
    overall: list[RankingEvaluation]
    stability: Annotated[float | None, Meta(description="Mean over the lists that have one before.")]
    notes: Annotated[list[str], Meta(description="What these numbers cannot say.")]
