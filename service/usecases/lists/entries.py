"""From ranked hot-spots to the entries of a list, and to what a list says of the places that are not on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY, Calendar
from models.hotspots.block_history import FALLING, RISING, STEADY, block_history, coverage_of, presences_by_hour
from models.hotspots.ground import Presences
from models.hotspots.hotspot import HotSpot
from models.kinds import kind_number
from models.version import ModelVersion
from service.domain.hotspots import Block, HotspotEntry, HotspotList, Trend, UnknownPlaces
from service.domain.places import Liveness, Series, Stairwell
from service.domain.verdicts import WARM_UP_WEEKS, VerdictColumns
from service.ports import Ports
from service.settings.sections import Hotspots
from service.usecases.learning.marks import marks_of
from service.usecases.lists.hotspot_reasons import entry_reason
from service.usecases.lists.ranking import Ranking, presences_of, rank_all, weeks_heard
from service.usecases.lists.standing import order_by_standing, standing, standings_of

_TRENDS = {RISING: Trend.RISING, STEADY: Trend.STEADY, FALLING: Trend.FALLING}


@dataclass(frozen=True)
class ListedPlaces:
    """What a list is made from.

    Parameters
    ----------
    presences
        All that was heard, also in windows with a known cause, which are left out of the ranking.
    ranking
        Of the whole tenant, because places are held against peers in other areas too.
    series
        The columns of the ranking.
    weeks
        float64[n]: own evidence of each.
    places
        The stairwells that may be listed, by id.
    asked
        Settings of the list.
    """

    presences: Presences
    ranking: Ranking
    series: Sequence[Series]
    weeks: NDArray[np.float64]
    places: Mapping[str, Stairwell]
    asked: Hotspots

    def entries(self, before: HotspotList | None) -> tuple[list[HotspotEntry], int]:
        """The list's entries, and how many were suppressed because their building is small.

        They are damped by the list before. What is hardly surer than chance is no entry. A place that was not heard
        since the list before keeps its standing, and its entry: missing is not calm.
        """
        found = [hotspot for hotspot in self.ranking.hotspots if self._stairwell(hotspot) in self.places]
        rates = false_discovery_rates([hotspot.p_value for hotspot in found], len(self._heard_in_period()))
        rate_of = {hotspot.stairwell: rate for hotspot, rate in zip(found, rates, strict=True)}
        standings = standings_of(before)
        heard = self._heard(self.presences.starts >= before.watermark.timestamp()) if before else set()
        unheard = standings.keys() - heard
        scored = [(one, self._standing(one, standings, unheard)) for one in found]
        most_doubtful = max(1.0 - self.asked.least_confidence, self.asked.false_discovery_rate)
        chosen: list[tuple[HotSpot, float]] = []
        suppressed = 0
        for hotspot, stands in order_by_standing(scored):
            if len(chosen) == self.asked.top:
                break
            if rate_of[hotspot.stairwell] > most_doubtful and self._stairwell(hotspot) not in unheard:
                continue
            if self._is_small(hotspot):
                suppressed += 1
            else:
                chosen.append((hotspot, stands))
        sure = [one for one, _ in chosen if rate_of[one.stairwell] <= self.asked.false_discovery_rate]
        further = self.ranking.further_blocks(sure, self.asked.days)
        return [
            self._entry(rank, hotspot, further.get(hotspot.stairwell, []), stands, rate_of[hotspot.stairwell])
            for rank, (hotspot, stands) in enumerate(chosen, start=1)
        ], suppressed

    def unknown(self) -> list[UnknownPlaces]:
        """Stairwells that were not heard in the period, by area."""
        heard = self._heard_in_period()
        by_area: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for stairwell, place in sorted(self.places.items()):
            if stairwell not in heard:
                by_area[place.building.tenant, place.building.area].append(stairwell)
        return [
            UnknownPlaces(tenant=tenant, area=area, stairwells=stairwells)
            for (tenant, area), stairwells in sorted(by_area.items())
        ]

    def _standing(self, hotspot: HotSpot, standings: Mapping[str, float], unheard: Collection[str]) -> float:
        stairwell = self._stairwell(hotspot)
        if stairwell in unheard:
            return standings[stairwell]
        return standing(hotspot.score, standings.get(stairwell), self.asked.overtake_margin)

    def _heard_in_period(self) -> set[str]:
        local_days = self.presences.local_seconds // SECONDS_PER_DAY
        return self._heard(local_days > self.presences.last_day() - self.asked.days)

    def _heard(self, inside: NDArray[np.bool_]) -> set[str]:
        """Those of the places that were heard in some of these windows."""
        columns = np.flatnonzero((~np.isnan(self.presences.counts[inside])).any(axis=0)).tolist()
        return {self.series[column].stairwell for column in columns} & set(self.places)

    def _stairwell(self, hotspot: HotSpot) -> str:
        return self.series[hotspot.series].stairwell

    def _is_small(self, hotspot: HotSpot) -> bool:
        """An unknown number of dwellings is no small one."""
        dwellings = self.places[self._stairwell(hotspot)].building.dwellings
        return dwellings is not None and dwellings < self.asked.min_dwellings

    def _entry(
        self, rank: int, best: HotSpot, further: Sequence[HotSpot], stands: float, false_discovery_rate: float
    ) -> HotspotEntry:
        one, presences = self.series[best.series], self.ranking.presences
        building = self.places[one.stairwell].building
        history = block_history(presences, best, days=self.asked.days)
        columns = np.array([n for n, other in enumerate(self.series) if other.stairwell == one.stairwell])
        coverage = coverage_of(self.presences, best.series, days=self.asked.days)
        warming_up = bool(self.weeks[best.series] < WARM_UP_WEEKS)
        named = [(block, self.series[block.series].space) for block in further]
        reasons = {
            language: entry_reason(best, named, warming_up=warming_up, coverage=coverage, language=language)
            for language in ("sv", "en")
        }
        return HotspotEntry(
            rank=rank,
            tenant=one.tenant,
            area=building.area,
            property=building.property,
            building=building.building,
            stairwell=one.stairwell,
            address=building.address,
            latitude=building.latitude,
            longitude=building.longitude,
            **msgspec.structs.asdict(self._block(best)),
            further_blocks=[self._block(block) for block in further],
            trend=None if history.trend is None else _TRENDS[history.trend],
            weekly=list(history.weekly),
            week=presences_by_hour(presences, columns, days=self.asked.days).tolist(),
            score=best.score,
            p_value=best.p_value,
            significant=false_discovery_rate <= self.asked.false_discovery_rate,
            confidence=1.0 - false_discovery_rate,
            standing=stands,
            liveness=self._liveness(one),
            evidence_weeks=float(self.weeks[best.series]),
            warming_up=warming_up,
            reason_sv=reasons["sv"],
            reason_en=reasons["en"],
        )

    def _block(self, hotspot: HotSpot) -> Block:
        one = self.series[hotspot.series]
        return Block(
            space=one.space,
            space_kind=one.kind.value,
            kind=hotspot.kind,
            weekdays=list(hotspot.weekdays),
            from_hour=hotspot.from_hour,
            to_hour=hotspot.to_hour,
            observed=hotspot.observed,
            expected=hotspot.expected,
            days=hotspot.days,
            first_seen=datetime.fromtimestamp(hotspot.first_seen, UTC),
            last_seen=datetime.fromtimestamp(hotspot.last_seen, UTC),
            coverage=coverage_of(self.presences, hotspot.series, days=self.asked.days),
        )

    def _liveness(self, one: Series) -> Liveness:
        """Assumed if it was for any sensor that stood in the space during the period."""
        end = datetime.fromtimestamp(int(self.ranking.presences.starts[-1]), UTC)
        begin = end - timedelta(days=self.asked.days)
        for space in self.places[one.stairwell].spaces:
            for sensor in space.sensors if space.space == one.space else ():
                there = (sensor.valid_from or begin) <= end and (sensor.valid_to or end) > begin
                if there and sensor.liveness is Liveness.ASSUMED:
                    return Liveness.ASSUMED
        return Liveness.HEARTBEAT


def rank_places(
    ports: Ports,
    version: ModelVersion,
    calendar: Calendar,
    verdicts: VerdictColumns,
    starts: NDArray[np.int64],
    *,
    series: Sequence[Series],
    places: Mapping[str, Stairwell],
    asked: Hotspots,
) -> ListedPlaces:
    """What a tenant's list is made from: its series ranked by their verdicts, without the windows that are annotated.

    Parameters
    ----------
    ports
        Annotations.
    version, calendar
        What gave the verdicts, and the slots it saw.
    verdicts
        Those of the series in the windows, with the measures :data:`service.usecases.lists.ranking.LISTED`.
    starts
        int64[T], seconds UTC: the windows, one after the other.
    series, places, asked
        As of :class:`ListedPlaces`.
    """
    numbers = np.array([one.number for one in series], dtype=np.int64)
    presences = presences_of(
        calendar,
        verdicts,
        numbers,
        starts,
        kinds=np.array([kind_number(one.kind) for one in series]),
        stairwells=[one.stairwell for one in series],
    )
    weeks, marks = weeks_heard(verdicts, numbers), marks_of(ports, numbers, starts)
    unmarked = replace(presences, counts=np.where(marks.annotated, np.nan, presences.counts)) if marks else presences
    return ListedPlaces(presences, rank_all(unmarked, version, asked, weeks), series, weeks, places, asked)


def false_discovery_rates(p_values: Sequence[float], places: int) -> list[float]:
    """Expected share of false entries if a list ended at each p-value (Benjamini and Hochberg 1995, as q-values).

    Examples
    --------
    >>> [round(rate, 3) for rate in false_discovery_rates([0.03, 0.001, 0.02], places=10)]
    [0.1, 0.01, 0.1]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = p[order] * places / np.arange(1, len(p) + 1)
    rates = np.empty(len(p))
    rates[order] = np.minimum(1.0, np.minimum.accumulate(stepped[::-1])[::-1])
    return [float(rate) for rate in rates]
