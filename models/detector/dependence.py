r"""Presences bring presences: how far a count depends on those of the latest hours and days.

Somebody who stays, a party, a week of rain: counts that follow each other stray together. Taken for independent, they
would seem to speak for loitering again and again. So they are held to share a factor of mean 1 and variance :math:`c`,
one for the latest hours and one for the latest days, as in Harvey and Fernandes (J. Bus. Econ. Stat. 7, 1989). With
:math:`O` presences counted and :math:`E` expected lately, both forgotten exponentially, a mean :math:`\mu` becomes

.. math:: \mu \, \frac{1 + \sum c O}{1 + \sum c E}

but never less than it was, for an empty hour promises no other, nor by more than the factor is likely to be. Each
:math:`c` is learnt by the method of moments from :math:`E[(y - \mu)(O - E)] = c \mu E`, as far as chance does not
explain it. It is summed by part of the day, and the two parts that speak most for it are left out: loitering keeps to
its hours, and would be explained by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detector.distribution import Floats
from models.detector.elementwise import clip, maximum, sqrt, where
from models.detector.frame import Frame
from models.detector.occupancy import Expectation, Lesson
from models.detector.state import DAY_PARTS, Head
from models.detector.step import Step

_KEPT_PARTS = DAY_PARTS - 2  # a hang-out has two to six hours, so it lies mostly in two parts of four
_SCALES = range(2)
_MOST_SDS = 3.0  # of the factor: what strays further is another thing, and is told


def raised(head: NDArray[np.float64]) -> Floats:
    """By what factor presences of the latest hours and days raise what is expected, at least 1."""
    counted: Any = 1.0
    expected: Any = 1.0
    variance: Any = 0.0
    for scale in _SCALES:
        share = head[Head.DEPENDENCE + scale]
        counted = counted + share * head[Head.NEAR_SUM + scale]
        expected = expected + share * head[Head.NEAR_EXPOSURE + scale]
        variance = variance + share
    return clip(counted / expected, 1.0, 1.0 + _MOST_SDS * sqrt(variance))


def learn_dependence(
    step: Step, frame: Frame, expectation: Expectation, lesson: Lesson, *, settled: Floats, seen: Floats
) -> None:
    """Learn how a count strays with those before it, and add it to them; writes the head.

    ``settled`` is the `settled_share`; ``seen`` is 1 where observed, else 0.
    """
    mean, excess, credible = expectation.mean, expectation.excess, lesson.credible
    head, new_head, constants = step.head, step.new_head, frame.constants
    keep = 1.0 - seen / constants.dependence_memory
    strays, certain = credible - mean, settled * seen / (1.0 + excess * mean)
    # What nobody counted cuts the thread: nothing is known of a gap, and a state without counts is soon as new.
    of_days = where(seen > 0.0, constants.kept_of_days, constants.kept_of_hours)
    for scale, kept in zip(_SCALES, (constants.kept_of_hours, of_days), strict=True):
        total, expected = head[Head.NEAR_SUM + scale], head[Head.NEAR_EXPOSURE + scale]
        certainty = certain / (1.0 + excess * expected)
        first = _first_sum(scale)
        for field, gain in ((first, strays * (total - expected)), (first + DAY_PARTS, mean * expected)):
            of_part = field + step.moment.part
            new_head[of_part] = head[of_part] * keep + certainty * gain
        new_head[Head.NEAR_SUM + scale] = total * kept + seen * credible
        new_head[Head.NEAR_EXPOSURE + scale] = expected * kept + seen * mean
        if step.moment.ends_part:
            new_head[Head.DEPENDENCE + scale] = _estimate(new_head, first, frame)


def _first_sum(scale: int) -> int:
    return Head.DEPENDENCE_SUM + 2 * DAY_PARTS * scale


def _estimate(head: NDArray[np.float32], first: int, frame: Frame) -> Floats:
    """The variance of the factor by all parts of the day but those that speak most for it."""
    total, weight = _least(head[first : first + DAY_PARTS], head[first + DAY_PARTS : first + 2 * DAY_PARTS])
    constants = frame.constants
    surplus: Floats = maximum(total - constants.dependence_sds * sqrt(weight), 0.0)
    return surplus / (weight + constants.dependence_strength)


def _least(sums: Any, weights: Any) -> tuple[Floats, Floats]:
    """The least sums of all parts of the day together, and their weights."""
    if type(sums) is np.ndarray:
        least = sums.argsort(axis=0, kind="stable")[:_KEPT_PARTS]
        kept = [np.take_along_axis(each, least, axis=0).astype(np.float64) for each in (sums, weights)]
        return np.add.reduce(kept[0], axis=0), np.add.reduce(kept[1], axis=0)
    parts = sorted(range(DAY_PARTS), key=sums.__getitem__)[:_KEPT_PARTS]
    return sum(sums[part] for part in parts), sum(weights[part] for part in parts)
