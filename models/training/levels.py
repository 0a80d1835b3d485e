r"""How busy series are, by kind of space, area and size of building.

Presences of a series are Poisson with a rate that is gamma around :math:`\exp(\kappa_k + u_a + v_b)`: a level of the
kind, and effects of the area and of the size of the building, which are normal around 0. So areas and sizes count as
far as the fleet shows that they matter, and an area with one sensor hardly. Maximum of the penalised
negative-binomial likelihood; the variances of the effects by EM, with the curvature as their uncertainty
(Breslow and Clayton, JASA 88, 1993).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

from models.kinds import KINDS
from models.prior import FleetPrior
from models.training.totals import Floats

_PARENT_SERIES = 4.0  # how many series the parent's level counts for
_PARENT_FREEDOM = 3.0  # held like a t distribution: where levels are of another size, the parent gives way
_FIRST_VARIANCE, _FIRST_EFFECTS = 0.02, 2.0  # of effects before any was seen, and how many it counts for
_LEAST_VARIANCE = 1e-6
_MOST_STEPS = 20


@dataclass(frozen=True)
class Members:
    """The groups that each series belongs to, int[n] each; row 0 of areas and sizes is for the unknown.

    ``groups`` is how many areas and sizes there are, the unknown included.
    """

    kinds: NDArray[np.int64]
    areas: NDArray[np.intp]
    sizes: NDArray[np.intp]
    groups: tuple[int, int]

    def heard(self, chosen: NDArray[np.bool_]) -> Members:
        """Those of some series."""
        return Members(self.kinds[chosen], self.areas[chosen], self.sizes[chosen], self.groups)


@dataclass(frozen=True)
class Effects:
    """Effects on the log level by group, float64[groups]: mean and variance."""

    mean: Floats
    variance: Floats

    @property
    def factor(self) -> Floats:
        """Mean factor of the level."""
        return np.asarray(np.exp(self.mean + 0.5 * self.variance))


@dataclass(frozen=True)
class LevelFit:
    """Levels and their gamma shapes by kind, and how areas and sizes of building differ."""

    level: Floats
    shape: Floats
    areas: Effects
    sizes: Effects

    def of(self, members: Members) -> Floats:
        """Presences per hour of a series like these, float64[n]."""
        effects = self.areas.mean[members.areas] + self.sizes.mean[members.sizes]
        return np.asarray(self.level[members.kinds] * np.exp(effects))


def fit_levels(presences: Floats, hours: Floats, members: Members, prior: FleetPrior) -> LevelFit:
    """Fit levels to the presences of each series.

    Parameters
    ----------
    presences, hours
        float64[n]: presences, and hours of listening, each weighted by the profile at that hour.
    members
        Groups of the series.
    prior
        Levels of the kinds to start from.
    """
    heard = hours > 0
    likelihood = _Likelihood(presences[heard], hours[heard], members.heard(heard), prior)
    spread = np.full(2, _FIRST_VARIANCE)
    parameters = likelihood.start
    for _ in range(_MOST_STEPS):
        parameters = likelihood.maximum(parameters, spread)
        effects = likelihood.effects(parameters, spread)
        before, spread = spread, np.array([likelihood.spread(which, effects[which]) for which in (0, 1)])
        if np.allclose(before, spread, rtol=0.01):
            break
    level, shape = np.exp(parameters[: 2 * len(KINDS)]).reshape(2, -1)
    return LevelFit(level, shape, *effects)


class _Likelihood:
    """Parameters are log levels and log shapes by kind, effects of areas, effects of sizes."""

    def __init__(self, presences: Floats, hours: Floats, members: Members, prior: FleetPrior) -> None:
        self._presences, self._hours, self._members = presences, hours, members
        self._parent = np.log(np.concatenate([prior.level, prior.level_shape]))
        rows = (members.areas, members.sizes)
        self._known = [np.bincount(row, minlength=n) > 0 for row, n in zip(rows, members.groups, strict=True)]
        for known in self._known:
            known[0] = False
        self.start = np.concatenate([self._parent, np.zeros(sum(members.groups))])

    def maximum(self, start: Floats, spread: Floats) -> Floats:
        """The most likely parameters where effects have these variances."""
        from scipy.optimize import minimize  # noqa: PLC0415 - 0.2 s, for those who fit

        precision = np.repeat(1.0 / spread, self._members.groups)
        found = minimize(self._loss, start, args=(precision,), jac=True, method="L-BFGS-B")
        return np.asarray(found.x)

    def effects(self, parameters: Floats, spread: Floats) -> tuple[Effects, Effects]:
        """Effects of areas and of sizes; a group without a series has all the variance, if any group is known."""
        shape, mean, effects = self._unpacked(parameters)
        curvature = self._by_group(shape * mean / (shape + mean))
        found = []
        for which, (effect, information) in enumerate(zip(effects, curvature, strict=True)):
            known = self._known[which]
            variance = 1.0 / (np.where(known, information, 0.0) + 1.0 / spread[which])
            found.append(Effects(effect, variance if known.any() else np.full_like(variance, _LEAST_VARIANCE)))
        return found[0], found[1]

    def spread(self, which: int, effects: Effects) -> float:
        """Variance between groups: one step of EM."""
        known = self._known[which]
        total = (np.square(effects.mean) + effects.variance)[known].sum()
        return float((_FIRST_EFFECTS * _FIRST_VARIANCE + total) / (_FIRST_EFFECTS + known.sum()))

    def _loss(self, parameters: Floats, precision: Floats) -> tuple[float, Floats]:
        """Negative penalised log-likelihood and its gradient."""
        y, kinds = self._presences, self._members.kinds
        shape, mean, effects = self._unpacked(parameters)
        chance = shape / (shape + mean)
        likelihood = gammaln(shape + y) - gammaln(shape) + shape * np.log(chance) + y * np.log1p(-chance)
        by_level = chance * (y - mean)
        by_shape = shape * (digamma(shape + y) - digamma(shape) + np.log(chance) + 1.0) - chance * (shape + y)
        apart = parameters[: self._parent.size] - self._parent
        held = 1.0 + _PARENT_SERIES * np.square(apart) / _PARENT_FREEDOM
        effect = np.concatenate(effects)
        loss = -likelihood.sum() + 0.5 * (_PARENT_FREEDOM + 1.0) * np.log(held).sum()
        gradient = -np.concatenate(
            [_summed(part, kinds, len(KINDS)) for part in (by_level, by_shape)] + self._by_group(by_level)
        )
        gradient[: apart.size] += (_PARENT_FREEDOM + 1.0) / _PARENT_FREEDOM * _PARENT_SERIES * apart / held
        gradient[apart.size :] += precision * effect
        gradient[apart.size :] *= np.concatenate(self._known)
        return float(loss + 0.5 * (precision * np.square(effect)).sum()), gradient

    def _unpacked(self, parameters: Floats) -> tuple[Floats, Floats, list[Floats]]:
        """Shape and mean presences of each series, and the effects by group."""
        kinds, members = self._members.kinds, self._members
        log_level, log_shape, areas, sizes = np.split(
            parameters, np.cumsum([len(KINDS), len(KINDS), members.groups[0]])
        )
        mean = np.exp(log_level[kinds] + areas[members.areas] + sizes[members.sizes]) * self._hours
        return np.exp(log_shape[kinds]), mean, [areas, sizes]

    def _by_group(self, values: Floats) -> list[Floats]:
        rows = (self._members.areas, self._members.sizes)
        return [_summed(values, row, n) for row, n in zip(rows, self._members.groups, strict=True)]


def _summed(values: Floats, row: NDArray[np.integer], rows: int) -> Floats:
    return np.asarray(np.bincount(row, values, rows), dtype=np.float64)
