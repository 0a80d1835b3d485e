"""Evaluate: how good the first entries of approved lists were, beside rankings that are much simpler.

The truth is what was found at the places that lists sent people to, or what is known from elsewhere, such as a
simulation. Nothing of it is ever learnt from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import numpy as np

from models.evaluation import Case, Proportion, list_stability, measure_lists
from service.domain.evaluations import Evaluation, Incident, ListEvaluation, Ranking, RankingEvaluation, Share
from service.domain.hotspots import HotspotList, ListRecord
from service.domain.keys import EVERY_TENANT
from service.domain.outcomes import NO_INCIDENT, Outcome
from service.errors import Gone
from service.ports import Ports
from service.usecases.lists.baselines import counted_since, simple_rankings
from service.usecases.lists.outcomes import read_outcomes
from service.usecases.lists.reading import APPROVED_ONCE, is_shared
from service.usecases.retention.kept import verdicts_since

DEFAULT_K, MOST_K = 20, 1000
DEFAULT_LISTS, MOST_LISTS = 4, 26
_MOST_RECORDS = 1000

Place = tuple[str, str]  # tenant and stairwell
Progress = Callable[[int, int], None]


def evaluate(
    ports: Ports,
    tenant: str,
    *,
    k: int = DEFAULT_K,
    lists: int = DEFAULT_LISTS,
    area: str | None = None,
    incidents: Iterable[Incident] | None = None,
    most_spaces: int | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Evaluation:
    """Measure the newest approved lists.

    Parameters
    ----------
    ports
        Lists, outcomes and verdicts.
    tenant
        Whose lists; ``*`` for joint ones, which have no baselines but the list before.
    k
        How many of the first entries.
    lists
        How many of the newest lists.
    area
        Only lists that are confined to it.
    incidents
        What is known from elsewhere, of all places; by default the truth is what was found at the places visited.
    most_spaces
        With more spaces than this, rankings that take their counts to be read again are left out: some seconds of a
        processor for each thousand spaces and list.
    progress
        Called with lists done and lists to do.
    """
    records = [
        one
        for one in ports.lists.records(tenant, APPROVED_ONCE, limit=_MOST_RECORDS)
        if area in (None, one.area) and is_shared(ports, one) and not one.expired
    ]
    areas = {(tenant, one.stairwell): one.building.area for one in ports.register.stairwells(tenant)}
    truth = _Visited(ports, records) if incidents is None else _Everything(areas, list(incidents))
    spans = _spans(records, ports.clock.now())[-lists:]
    spaces = len(ports.register.series(tenant))
    counted = tenant != EVERY_TENANT and (most_spaces is None or spaces <= most_spaces)
    evaluated: list[ListEvaluation] = []
    cases: dict[Ranking, list[Case]] = {ranking: [] for ranking in Ranking}
    for span in spans:
        one, of_rankings = _evaluate_list(ports, span, truth, areas, k, counted=counted)
        evaluated.append(one)
        for ranking, case in of_rankings.items():
            cases[ranking].append(case)
        progress(len(evaluated), len(spans))
    stabilities = [one.stability for one in evaluated if one.stability is not None]
    return Evaluation(
        k=k,
        lists=evaluated,
        overall=[_told(ranking, some, k) for ranking, some in cases.items() if some],
        stability=float(np.mean(stabilities)) if stabilities else None,
        notes=[
            *truth.notes(evaluated, k),
            *([] if counted or tenant == EVERY_TENANT else [_too_many(spaces)]),
            *([_deleted(gone)] if counted and (gone := _without_counts(evaluated)) else []),
        ],
    )


@dataclass(frozen=True)
class _Span:
    """A list, from its approval to that of the next one, and the list before it."""

    record: ListRecord
    start: datetime
    end: datetime
    before: ListRecord | None


def _spans(records: Sequence[ListRecord], now: datetime) -> list[_Span]:
    """Of records of any areas, the newest first: the oldest first."""
    found = []
    for place, one in enumerate(records):
        later = [other for other in records[:place] if other.area == one.area]
        earlier = [other for other in records[place + 1 :] if other.area == one.area]
        end = later[-1].approved if later else now
        found.append(_Span(one, one.approved or one.made, end or now, earlier[0] if earlier else None))
    return found[::-1]


class _Visited:
    """What outcomes tell: nothing of places that nobody went to."""

    def __init__(self, ports: Ports, records: Sequence[ListRecord]) -> None:
        self._outcomes = [one for record in records for one in _outcomes_of(ports, record)]

    def known(self, span: _Span, _listed: HotspotList) -> dict[Place, bool]:
        """The places visited while the list was in force, whichever list sent somebody there."""
        known: dict[Place, bool] = {}
        for one in self._outcomes:
            if span.start <= one.visited <= span.end:
                place = (one.tenant, one.stairwell)
                known[place] = known.get(place, False) or bool(set(one.found) - NO_INCIDENT)
        return known

    def notes(self, evaluated: Sequence[ListEvaluation], k: int) -> Iterable[str]:
        first = sum(min(k, one.entries) for one in evaluated)
        visited = sum(one.visited for one in evaluated)
        yield (
            f"Outcomes exist only where somebody went: {visited} of the {first} first entries of these lists were "
            "visited. Of all other places nothing is known, so hit rate, PAI and PEI count what was found among the "
            "places visited alone, and favour the ranking that people followed; where they went by other reasons than "
            "the rank, precision is that of the places they chose."
        )
        yield "A baseline is judged by the few of its places that somebody happened to visit for the list's sake."
        yield "Finding nothing at one visit does not show that nothing goes on there."


class _Everything:
    """What is known from elsewhere, of all places of a tenant."""

    def __init__(self, places: Iterable[Place], incidents: Sequence[Incident]) -> None:
        self._places, self._incidents = set(places), incidents

    def known(self, span: _Span, listed: HotspotList) -> dict[Place, bool]:
        """Where something went on between the beginning of the list's period and the next list."""
        begin = listed.watermark - timedelta(days=listed.days)
        going_on = {
            one.stairwell for one in self._incidents if one.start < span.end and (one.end or one.start) >= begin
        }
        return {place: place[1] in going_on for place in self._places}

    def notes(self, evaluated: Sequence[ListEvaluation], k: int) -> Iterable[str]:  # noqa: ARG002 - as of _Visited
        yield "Incidents are taken to be known of every place; where that is not so, precision and PEI are too low."


def _too_many(spaces: int) -> str:
    return (
        f"Raw counts and climatology are left out: the counts of {spaces} spaces are too many to read while somebody "
        "waits; `trappvakt evaluate` has them."
    )


def _without_counts(evaluated: Sequence[ListEvaluation]) -> int:
    """How many lists are held against no ranking that takes their counts."""
    return sum(Ranking.RAW_COUNTS not in {of.ranking for of in one.rankings} for one in evaluated)


def _deleted(lists: int) -> str:
    return (
        f"Raw counts and climatology are left out for {lists} of the lists: the counts that led to them are deleted, "
        "at the end of their retention."
    )


def _outcomes_of(ports: Ports, record: ListRecord) -> list[Outcome]:
    try:
        return read_outcomes(ports, record.tenant, record.list_id)
    except Gone:
        return []


def _evaluate_list(
    ports: Ports, span: _Span, truth: _Visited | _Everything, areas: Mapping[Place, str], k: int, *, counted: bool
) -> tuple[ListEvaluation, dict[Ranking, Case]]:
    listed = _read(ports, span.record)
    before = _places(_read(ports, span.before)) if span.before else None
    known = {
        place: found for place, found in truth.known(span, listed).items() if listed.area in (None, areas.get(place))
    }
    ranked = {Ranking.LIST: _places(listed)}
    if before is not None:
        ranked[Ranking.LAST_LIST] = before
    if counted and counted_since(listed) >= (verdicts_since(ports) or 0):
        ranked |= {
            name: [(listed.tenant, one) for one in found] for name, found in simple_rankings(ports, listed).items()
        }
    cases = {ranking: Case(places, known, listed.places) for ranking, places in ranked.items()}
    return ListEvaluation(
        list_id=listed.list_id,
        area=listed.area,
        start=span.start,
        end=span.end,
        places=listed.places,
        entries=len(listed.entries),
        visited=len(set(ranked[Ranking.LIST][:k]) & set(known)),
        stability=list_stability(ranked[Ranking.LIST], before, k) if before else None,
        rankings=[_told(ranking, [case], k) for ranking, case in cases.items()],
    ), cases


def _read(ports: Ports, record: ListRecord) -> HotspotList:
    """The list as its readers saw it."""
    _, content = ports.lists.get(record.tenant, record.list_id, approved=True)
    return msgspec.json.decode(content, type=HotspotList)


def _places(listed: HotspotList) -> list[Place]:
    return [(entry.tenant or listed.tenant, entry.stairwell) for entry in listed.entries]


def _told(ranking: Ranking, cases: Sequence[Case], k: int) -> RankingEvaluation:
    measured = measure_lists(cases, k)
    known = bool(measured.hit_rate.trials and measured.listed_share)
    low, high = measured.pai_interval() if known else (None, None)
    return RankingEvaluation(
        ranking=ranking,
        precision=_share(measured.precision),
        hit_rate=_share(measured.hit_rate),
        pei=_share(measured.efficiency),
        pai=measured.pai if known else None,
        pai_low=low,
        pai_high=high,
    )


def _share(one: Proportion) -> Share:
    low, high = one.interval()
    return Share(found=one.found, of=one.trials, share=one.share if one.trials else None, low=low, high=high)
