"""How far a count is learnt from: less the less likely it is and the more loitering explains it.

Noufaily et al. (Stat. Med. 32, 2013) weigh past counts down by their residual. Here distrust is rationed as well:
loitering keeps to its hours, so a series that seems unlikely all day long was not known well enough, and is learnt.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.detector.distribution import Floats, normal_score
from models.detector.elementwise import Bools, expm1, maximum, minimum, sqrt, square, where
from models.detector.frame import Frame
from models.detector.occupancy import Expectation, Lesson
from models.detector.state import Head
from models.detector.step import Step, accumulate

_MOST_DOUBT = 0.5  # what is normal and was not known would otherwise never be learnt
_CREDIBLE, _CREDIBLE_AT_FIRST = 10.0, 100.0  # the level is unknown in the first hours only


def settled_share(head: NDArray[np.float64], frame: Frame) -> Floats:
    """How far a series is known, 0 to 1: what it does in its first weeks is its normal, and nothing else is known."""
    return minimum(1.0, head[Head.SEEN] / frame.constants.settling)


def lesson_of(
    head: NDArray[np.float64],
    frame: Frame,
    expectation: Expectation,
    *,
    count: Floats,
    p_value: Floats,
    p_above: Floats,
    loitering: Floats,
    hang_out: Floats,
    settled: Floats,
    trusted: Bools | bool,
    observed: Bools,
) -> Lesson:
    """What is learnt of a window; ``trusted`` counts are vouched for by a person, ``settled`` is the `settled_share`.

    ``loitering`` is its probability, ``hang_out`` the log odds of a hang-out in these hours by earlier nights alone.
    """
    constants = frame.constants
    surprise = maximum(abs(normal_score(p_value, p_above)), 1e-9)
    likely = minimum(1.0, square(constants.unlikely_z / surprise)) * (1.0 - _doubt(hang_out))
    distrust = settled * (1.0 - where(trusted, 1.0, likely) * (1.0 - loitering))
    ration = minimum(1.0, constants.most_distrust / maximum(head[Head.DISTRUST], 1e-9))
    credible = minimum(count, _most_credible(expectation, head[Head.SEEN]))
    surplus = square(credible - expectation.mean) - credible
    return Lesson(
        credible=credible,
        trust=where(observed, 1.0 - distrust * ration, 0.0),
        distrust=where(observed & (count > expectation.mean), distrust, 0.0),
        surplus=surplus * minimum(1.0, square(constants.dispersion_z / surprise)),
    )


def learn_distrust(step: Step, frame: Frame, lesson: Lesson, seen: Floats) -> None:
    """Keep count of the windows that were not believed; ``seen`` is 1 where observed, else 0."""
    forget = seen / frame.constants.distrust_memory
    accumulate(step.head, step.new_head, Head.DISTRUST, (forget * lesson.distrust,), forget)


def _doubt(hang_out: Floats) -> Floats:
    """How far hours of a hang-out are left unlearnt, whatever they count, or they would seem too empty."""
    return -_MOST_DOUBT * expm1(minimum(-hang_out, 0.0))


def _most_credible(expectation: Expectation, seen: Floats) -> Floats:
    """The most a count is learnt as: a level wrong by orders of magnitude is found, a broken count does little harm."""
    mean = expectation.mean
    spread = sqrt(mean + expectation.excess * square(mean))
    return _CREDIBLE * (1.0 + _CREDIBLE_AT_FIRST / (1.0 + seen)) * (1.0 + mean + spread)
