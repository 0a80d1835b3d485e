"""What the kernels share for a set of series: the week, the hyper-parameters and the fleet prior of each series."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detector.constants import Constants
from models.detector.elementwise import Floats, maximum, square
from models.detector.moment import Beside, Moments, moments_of
from models.detector.week import Week
from models.hyperparameters import Hyperparameters
from models.surroundings import Surroundings
from models.version import ModelVersion

_LEAST_DOUBT = 0.3  # the fleet's variances are never held for surer than this


@dataclass(frozen=True)
class Frame:
    """Everything but the state. Arrays are float64[n] but for ``rates``, or floats where a series is alone."""

    week: Week
    hyper: Hyperparameters
    rates: NDArray[np.float64]  # [8, 24, n]: the fleet's presences per window
    level_shape: Floats
    time_variance: Floats  # of the ratios by time of day around 1
    time_weight: Floats  # of that variance, beside what a series tells of its own
    slot_variance: Floats  # of a slot's ratio around its time of day's
    slot_weight: Floats
    dispersion: Floats
    dispersion_strength: Floats
    constants: Constants
    moments: Moments

    @classmethod
    def of(
        cls, version: ModelVersion, week: Week, kinds: NDArray[np.int64], surroundings: Surroundings | None = None
    ) -> Frame:
        """The frame of series of these kinds and surroundings."""
        prior = version.prior
        rates, level_shape = prior.series(kinds, surroundings)
        hyper, time_variance, slot_variance = version.hyperparameters, 1.0 / prior.time_shape, 1.0 / prior.slot_shape
        return cls(
            week=week,
            hyper=hyper,
            rates=np.ascontiguousarray(np.moveaxis(rates * week.hours, 0, -1)),
            level_shape=level_shape,
            time_variance=time_variance[kinds],
            time_weight=_misfit_weight(time_variance[kinds], hyper),
            slot_variance=slot_variance[kinds],
            slot_weight=_misfit_weight(slot_variance[kinds], hyper),
            dispersion=prior.dispersion[kinds],
            dispersion_strength=prior.dispersion_strength[kinds],
            constants=Constants.of(hyper, week),
            moments=moments_of(week, Beside.of(hyper)),
        )

    def alone(self) -> Frame:
        """The frame of the one series there is, in floats."""
        values: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        floats = {k: v[..., 0].tolist() if isinstance(v, np.ndarray) else v for k, v in values.items()}
        return Frame(**floats | {"constants": self.constants.alone()})


def _misfit_weight(variance: Floats, hyper: Hyperparameters) -> Floats:
    return hyper.misfit_strength / square(maximum(variance, _LEAST_DOUBT))
