"""Evaluations: how good lists were."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from service.api.routes import Routes
from service.domain.evaluations import Evaluation, ListEvaluation, Ranking, RankingEvaluation, Share
from service.domain.keys import Key, Role
from service.ports import Ports
from service.usecases.lists.evaluate import DEFAULT_K, DEFAULT_LISTS, MOST_K, MOST_LISTS, evaluate

routes = Routes("Evaluation")


_MOST_SPACES = 3000  # some seconds for each list


class EvaluationQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which lists, and how far down."""

    k: Annotated[int, Meta(ge=1, le=MOST_K, description="How many of the first entries.")] = DEFAULT_K
    lists: Annotated[int, Meta(ge=1, le=MOST_LISTS, description="How many of the newest approved lists.")] = (
        DEFAULT_LISTS
    )
    area: Annotated[str, Meta(description="Only lists that are confined to this area.", max_length=100)] | None = None


_RANKINGS = [
    RankingEvaluation(
        ranking=Ranking.LIST,
        precision=Share(found=7, of=9, share=0.78, low=0.45, high=0.94),
        hit_rate=Share(found=7, of=8, share=0.88, low=0.53, high=0.98),
        pei=Share(found=7, of=8, share=0.88, low=0.53, high=0.98),
        pai=13.1,
        pai_low=7.9,
        pai_high=14.7,
    ),
    RankingEvaluation(
        ranking=Ranking.RAW_COUNTS,
        precision=Share(found=2, of=3, share=0.67, low=0.21, high=0.94),
        hit_rate=Share(found=2, of=8, share=0.25, low=0.07, high=0.59),
        pei=Share(found=2, of=8, share=0.25, low=0.07, high=0.59),
        pai=3.8,
        pai_low=1.1,
        pai_high=8.9,
    ),
]


@routes.declare(
    "GET",
    "/v1/evaluations",
    roles=(Role.READER, Role.POLICE, Role.OPERATOR),
    answered=Evaluation(
        k=20,
        lists=[
            ListEvaluation(
                list_id="2026-11-12-040",
                area=None,
                start=datetime(2026, 11, 12, 8, 30, tzinfo=UTC),
                end=datetime(2026, 11, 19, 8, 15, tzinfo=UTC),
                places=300,
                entries=50,
                visited=9,
                stability=0.95,
                rankings=_RANKINGS,
            )
        ],
        overall=_RANKINGS,
        stability=0.95,
        notes=["Finding nothing at one visit does not show that nothing goes on there."],
    ),
)
def read_evaluation(ports: Ports, key: Key, query: EvaluationQuery) -> Evaluation:
    """Read how good the newest approved lists were, by what was found at their entries.

    Precision, hit rate, PAI and PEI of the first ``k`` entries with 95% intervals (Wilson; over several lists widened
    for visits to one place being alike), and how many of them stayed from list to list; beside the list before, the
    raw counts of the list's period, and the mean of each hour of the week. What was found while a list was in force
    counts for it, whichever list sent somebody there. With more than 3,000 spaces the last two are left out, for their
    counts would take too long to read.

    Outcomes exist only where somebody went, which is where lists sent them: ``notes`` says what that means. Nothing is
    ever trained by them.
    """
    return evaluate(ports, key.tenant, k=query.k, lists=query.lists, area=query.area, most_spaces=_MOST_SPACES)
