"""What hang-outs are drawn from: the hypotheses of a Bayes detector and how likely each of them is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import roots_genlaguerre, roots_legendre

from models.city import CityParameters
from models.city.happenings import EVENING_PREFERENCE

_Array = NDArray[np.float64]
_SIZE_NODES, _STRENGTH_NODES = 4, 4
_VAGUE_SIZES, _VAGUE_ATTENDANCE = (0.25, 2.0), 0.7


@dataclass(frozen=True)
class HangOuts:
    """A prior over hang-outs: evenings, first hours, lengths and sizes are independent of each other.

    Parameters
    ----------
    evenings, evening_weights
        bool[sets, 7], Monday first, and float64[sets]: sets of weekdays and their probabilities.
    first_hours, lengths
        Local hours and numbers of hours, equally likely.
    sizes, size_weights
        float64[sizes]: presences an hour that a hang-out adds on an average evening, and their weights.
    attendance
        Chance that an evening of the set takes place.
    strengths, strength_weights
        float64[strengths]: multiples of the size on one evening, mean 1, and their weights.
    """

    evenings: NDArray[np.bool_]
    evening_weights: _Array
    first_hours: Sequence[int]
    lengths: Sequence[int]
    sizes: _Array
    size_weights: _Array
    attendance: float
    strengths: _Array
    strength_weights: _Array


def simulated_hang_outs(parameters: CityParameters) -> HangOuts:
    """What `models.city.happenings` draws hang-outs from."""
    low, high = parameters.loitering_evenings
    chance = _chances_of_sets(np.array(EVENING_PREFERENCE))
    sets = [days for number in range(low, high + 1) for days in combinations(range(7), number)]
    weights = np.array([chance[frozenset(days)] for days in sets]) / (high - low + 1)
    return HangOuts(
        *(_table(sets), weights),
        first_hours=_range(parameters.loitering_from_hour),
        lengths=_range(parameters.loitering_hours),
        **_sizes(np.array(parameters.loitering_rate), logarithmic=False),
        attendance=parameters.loitering_attendance,
        **_strengths(parameters),
    )


def vague_hang_outs(parameters: CityParameters) -> HangOuts:
    """What can be assumed of any town: two to seven evenings, at any hour, of any size within a factor of eight."""
    numbers = range(2, 8)
    sets = [days for number in numbers for days in combinations(range(7), number)]
    alike = np.bincount([len(days) for days in sets])
    weights = np.array([1.0 / (len(numbers) * alike[len(days)]) for days in sets])
    return HangOuts(
        *(_table(sets), weights),
        first_hours=range(24),
        lengths=range(2, 7),
        **_sizes(np.array(_VAGUE_SIZES), logarithmic=True),
        attendance=_VAGUE_ATTENDANCE,
        **_strengths(parameters),
    )


def gamma_nodes(shape: float, nodes: int) -> tuple[_Array, _Array]:
    """Nodes and weights of a gamma variable of mean 1, by Gauss and Laguerre."""
    places, weights = roots_genlaguerre(nodes, shape - 1.0)
    return places / shape, weights / weights.sum()


def _chances_of_sets(preference: _Array) -> dict[frozenset[int], float]:
    """Chance of each set of weekdays when as many are drawn one after the other without replacement."""
    share = preference / preference.sum()
    chance = {frozenset[int](): 1.0}
    for number in range(1, 8):
        for days in map(frozenset, combinations(range(7), number)):
            before = ((day, days - {day}) for day in days)
            chance[days] = sum(chance[rest] * share[day] / (1.0 - share[list(rest)].sum()) for day, rest in before)
    return chance


def _table(sets: Sequence[tuple[int, ...]]) -> NDArray[np.bool_]:
    return np.array([[day in days for day in range(7)] for days in sets])


def _range(ends: tuple[int, int]) -> range:
    return range(ends[0], ends[1] + 1)


def _sizes(ends: _Array, *, logarithmic: bool) -> dict[str, _Array]:
    low, high = np.log(ends) if logarithmic else ends
    places, weights = roots_legendre(_SIZE_NODES)
    sizes = low + (high - low) * (places + 1.0) / 2.0
    return {"sizes": np.exp(sizes) if logarithmic else sizes, "size_weights": weights / weights.sum()}


def _strengths(parameters: CityParameters) -> dict[str, _Array]:
    strengths, weights = gamma_nodes(parameters.loitering_shape, _STRENGTH_NODES)
    return {"strengths": strengths, "strength_weights": weights}
