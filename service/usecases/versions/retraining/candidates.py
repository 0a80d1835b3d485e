"""Candidates: hyper-parameters beside the champion's, tried on the same series, and what it takes to replace them.

The design is a star: one choice at a time, a step below and a step above the champion's, so that it can be told in
words what made the difference. What is clearly better alone is tried together, on all series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.hyperparameters import Hyperparameters
from service.usecases.versions.retraining.trials import Trial

CLEARLY = 3.0
"""Standard errors: among a dozen candidates chance alone reaches so far once in sixty retrainings."""
_LEAST_LOSS = 1e-12
_FURTHEST = 16.0  # times what Trappvakt comes with
_WORTH = 0.001  # of the log-loss: less is no gain that anybody would notice, however sure


@dataclass(frozen=True)
class Choice:
    """Numbers that are chosen together, and by how much a candidate changes them.

    Parameters
    ----------
    name
        In words: ``memory of the level``.
    parameters
        Fields of :class:`Hyperparameters`.
    step
        Factor of the candidate above; the one below has its reciprocal.
    """

    name: str
    parameters: tuple[str, ...]
    step: float


CHOICES = (
    Choice("memory of the level", ("level_memory_weeks",), 2.0),
    Choice("memory of the hours", ("time_memory_weeks", "slot_memory_weeks"), 2.0),
    Choice("memory of the unevenness", ("dispersion_memory_weeks",), 2.0),
    Choice("distrust of unlikely counts", ("unlikely_z",), 1.25),
    Choice("first odds of loitering", ("loitering_odds",), 4.0),
    Choice("weight of earlier nights", ("memory_gain",), 1.3),
)
"""What fleets differ in, by the log-loss and the recall that changing it gains or costs on simulated towns."""


@dataclass(frozen=True)
class Candidate:
    """Hyper-parameters, and the choices they change, each with its factor; none for the champion's own."""

    changes: tuple[tuple[Choice, float], ...]
    hyperparameters: Hyperparameters

    @property
    def name(self) -> str:
        """In words."""
        return ", ".join(f"{choice.name} x {factor:g}" for choice, factor in self.changes) or "as the champion"


def star(centre: Hyperparameters, number: int) -> list[Candidate]:
    """The champion's own, and so many candidates around it, the first choices first.

    Examples
    --------
    >>> [one.name for one in star(Hyperparameters(), 2)]
    ['as the champion', 'memory of the level x 0.5', 'memory of the level x 2']
    """
    points = [(choice, factor) for choice in CHOICES for factor in (1 / choice.step, choice.step)]
    tried = [changed(centre, [point]) for point in points[:number]]
    return [Candidate((), centre), *(one for one in tried if _is_near(one.hyperparameters))]


def changed(centre: Hyperparameters, changes: Sequence[tuple[Choice, float]]) -> Candidate:
    """The candidate with some choices changed."""
    values = {name: getattr(centre, name) * factor for choice, factor in changes for name in choice.parameters}
    return Candidate(tuple(changes), replace(centre, **values))


def _is_near(hyperparameters: Hyperparameters) -> bool:
    """Whether no number has wandered off, retraining by retraining, from what Trappvakt comes with."""
    pairs = zip(hyperparameters.to_settings().values(), Hyperparameters().to_settings().values(), strict=True)
    return all(1 / _FURTHEST <= value / own <= _FURTHEST for value, own in pairs)


@dataclass(frozen=True)
class Comparison:
    """A trial beside another of the same series: what was gained, and how sure that is.

    Parameters
    ----------
    loss_gain
        Log-loss less than the other's, as a share of it.
    loss_z
        The gain in its standard errors, paired over series.
    recall_gain
        Share of injected loitering found more; 0 where none was injected.
    recall_z
        The same in standard errors, paired over what was injected.
    """

    loss_gain: float
    loss_z: float
    recall_gain: float
    recall_z: float

    @property
    def clearly_better(self) -> bool:
        """One of the two is clearly better, and the other not worse."""
        foresees = self.loss_gain >= _WORTH and self.loss_z >= CLEARLY and self.recall_gain >= 0
        finds = self.recall_z >= CLEARLY and self.loss_gain >= 0
        return foresees or finds


def compare(one: Trial, other: Trial) -> Comparison:
    """One trial beside another of the same panels."""
    windows = max(other.windows.sum(), 1.0)
    less = other.loss - one.loss
    mean = float(less.sum() / windows)
    error = float(np.sqrt(((less - mean * other.windows) ** 2).sum()) / windows)
    more = one.found.astype(np.float64) - other.found
    recall_gain, deviation = (float(more.mean()), float(more.std())) if more.size else (0.0, 0.0)
    return Comparison(
        loss_gain=mean / max(other.log_loss, _LEAST_LOSS),
        loss_z=mean / error if error else 0.0,
        recall_gain=recall_gain,
        recall_z=recall_gain / deviation * more.size**0.5 if deviation else 0.0,
    )
