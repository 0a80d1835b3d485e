"""What a new series may be taken for: the fleet prior, and what it was chosen over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from bench.cold_start.towns import FLEET_WEEKS, Fleet, Floats
from models.prior import FleetPrior
from models.shipped import shipped_version
from models.surroundings import Surroundings
from models.training.fleet import default_prior, fit_fleet
from models.training.levels import Members, fit_levels
from models.training.totals import SLOTS, SlotTotals, by_time_of_day, slot_totals, standing_out

_GROUPS = 3
_GROUP_STEPS = 40
_AREA_SERIES = 3.0  # how many series the fleet's shares of the groups count for in an area


@dataclass(frozen=True)
class PredictedPrior(FleetPrior):
    """A prior whose rates and level shapes were predicted for each series."""

    rates: Floats = field(default_factory=lambda: np.empty(0), metadata={"table": False})
    shapes: Floats = field(default_factory=lambda: np.empty(0), metadata={"table": False})

    def series(self, kinds: NDArray[np.int64], surroundings: Surroundings | None = None) -> tuple[Floats, Floats]:
        del kinds, surroundings
        return self.rates, self.shapes


def without_fleet(_fleet: Fleet) -> FleetPrior:
    return default_prior()


def shipped(_fleet: Fleet) -> FleetPrior:
    return shipped_version().prior


def by_kind(fleet: Fleet) -> FleetPrior:
    return _fitted(fleet)


def by_surroundings(fleet: Fleet) -> FleetPrior:
    return _fitted(fleet, fleet.surroundings[~fleet.new])


def by_boosting(fleet: Fleet) -> FleetPrior:
    """Rates by gradient-boosted trees (Poisson loss) of day type, hour, kind, area and size of building."""
    old, new, prior = ~fleet.new, fleet.new, by_kind(fleet)
    totals = _kept(fleet, prior)
    kinds = fleet.kinds[old]
    level = totals.presences.sum(axis=1)
    hours, observed = totals.hours, totals.presences
    weight = hours / (1.0 + level / prior.level_shape[kinds])[:, None]  # no busy series decides alone
    names = np.unique(fleet.surroundings.areas)
    features = [fleet.kinds, np.searchsorted(names, fleet.surroundings.areas), fleet.surroundings.sizes]
    heard = (hours > 0).ravel()
    model = HistGradientBoostingRegressor(
        loss="poisson", categorical_features=[0, 1, 3], max_leaf_nodes=16, min_samples_leaf=100, random_state=0
    )
    rate = (observed / np.maximum(hours, 1e-9)).ravel()
    with threadpool_limits(1):
        model.fit(_rows(features, old)[heard], rate[heard], sample_weight=weight.ravel()[heard])
        seen, predicted = (model.predict(_rows(features, which)).reshape(-1, SLOTS) for which in (old, new))
    nowhere = np.zeros(len(kinds), dtype=np.intp)
    around_one = replace(prior, level=np.ones_like(prior.level))
    levels = fit_levels(level, (hours * seen).sum(axis=1), Members(kinds, nowhere, nowhere, (1, 1)), around_one)
    rates = predicted * levels.level[fleet.kinds[new]][:, None]
    tables = {column.name: getattr(prior, column.name) for column in fields(prior)}
    return PredictedPrior(**tables, rates=rates.reshape(-1, 8, 24), shapes=levels.shape[fleet.kinds[new]])


def by_peer_groups(fleet: Fleet) -> FleetPrior:
    """Three groups of series by the hours they keep; an area's hours are those of its groups, by their shares."""
    old, prior = ~fleet.new, by_surroundings(fleet)
    local = prior.local
    assert local is not None
    areas, _ = local.rows(fleet.surroundings[old])
    alike = replace(prior, local=replace(local, area_hours=np.ones_like(local.area_hours)))
    totals = _kept(fleet, prior)
    rates, _ = alike.series(fleet.kinds[old], fleet.surroundings[old])
    observed = by_time_of_day(totals.presences)
    expected = by_time_of_day(totals.hours * rates.reshape(len(rates), SLOTS)) + 1e-9
    expected *= observed.sum(axis=1, keepdims=True) / expected.sum(axis=1, keepdims=True)
    weight = 1.0 / (1.0 + expected / prior.time_shape[fleet.kinds[old]][:, None])
    hours = _group_hours(weight * observed, weight * expected + 1e-9, areas, len(local.areas) + 1)
    return replace(prior, local=replace(local, area_hours=hours))


def _group_hours(observed: Floats, expected: Floats, areas: NDArray[np.intp], rows: int) -> Floats:
    """Mean hours of the groups in each area, by EM of a mixture of multinomials; float64[rows, 24]."""
    angle = 2 * np.pi * (np.arange(24) / 24 - np.arange(_GROUPS)[:, None] / _GROUPS)
    hours = np.exp(0.5 * np.cos(angle))
    shares = np.full((rows, _GROUPS), 1.0 / _GROUPS)
    for _ in range(_GROUP_STEPS):
        shape = expected[:, None] * hours
        shape /= shape.sum(axis=2, keepdims=True)
        likelihood = (observed[:, None] * np.log(shape)).sum(axis=2) + np.log(shares[areas])
        member = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
        member /= member.sum(axis=1, keepdims=True)
        overall = (member.sum(axis=0) + 1.0) / (len(member) + _GROUPS)
        of_area = np.zeros((rows, _GROUPS))
        np.add.at(of_area, areas, member)
        shares = (of_area + _AREA_SERIES * overall) / (of_area.sum(axis=1, keepdims=True) + _AREA_SERIES)
        hours = (member.T @ observed + 10.0) / (member.T @ expected + 10.0)
    return shares @ (hours / hours.mean(axis=1, keepdims=True))


def _fitted(fleet: Fleet, surroundings: Surroundings | None = None) -> FleetPrior:
    windows = FLEET_WEEKS * 168
    return fit_fleet(
        fleet.calendar,
        fleet.starts[:windows],
        fleet.counts[:windows, ~fleet.new],
        fleet.kinds[~fleet.new],
        parent=shipped_version().prior,
        surroundings=surroundings,
    ).prior


def _kept(fleet: Fleet, prior: FleetPrior) -> SlotTotals:
    """Totals of the fleet without its loitering."""
    windows, old = FLEET_WEEKS * 168, ~fleet.new
    totals = slot_totals(fleet.calendar, fleet.starts[:windows], fleet.counts[:windows, old])
    rates, shape = prior.series(fleet.kinds[old], fleet.surroundings[old])
    rate = rates.reshape(len(rates), SLOTS)
    level = (shape + totals.presences.sum(axis=1)) / (shape + (totals.hours * rate).sum(axis=1))
    return totals.without(standing_out(totals, rate * level[:, None], prior.time_shape[fleet.kinds[old]]))


def _rows(features: list[NDArray[np.int64]], which: NDArray[np.bool_]) -> Floats:
    """A row for each series and slot: kind, area, size, day type, hour."""
    series = int(which.sum())
    columns = [np.repeat(column[which], SLOTS) for column in features]
    slots = np.tile(np.arange(SLOTS), series)
    return np.stack([*columns, slots // 24, slots % 24], axis=1).astype(np.float64)


PRIORS: Mapping[str, Callable[[Fleet], FleetPrior]] = {
    "no fleet": without_fleet,
    "the shipped version's": shipped,
    "fitted, by kind alone": by_kind,
    "fitted, with areas and sizes": by_surroundings,
    "the same, hours by peer groups": by_peer_groups,
    "gradient-boosted trees": by_boosting,
}
