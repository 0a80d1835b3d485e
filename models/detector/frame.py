"""What the kernels share for a set of series: the week, the hyper-parameters and the fleet prior of each series."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detector.elementwise import Floats, log
from models.detector.week import Week
from models.hyperparameters import Hyperparameters
from models.surroundings import Surroundings
from models.version import ModelVersion


@dataclass(frozen=True)
class Frame:
    """Everything but the state; arrays float64[n] but for ``rates``, or floats where a series is alone."""

    week: Week
    hyper: Hyperparameters
    rates: NDArray[np.float64]  # [8, 24, n]: the fleet's presences per window
    level_shape: Floats
    time_variance: Floats  # of the ratios by time of day around 1
    slot_variance: Floats  # of a slot's ratio around its time of day's
    dispersion: Floats
    dispersion_strength: Floats

    @classmethod
    def of(
        cls, version: ModelVersion, week: Week, kinds: NDArray[np.int64], surroundings: Surroundings | None = None
    ) -> Frame:
        """The frame of series of these kinds and surroundings."""
        prior = version.prior
        rates, level_shape = prior.series(kinds, surroundings)
        return cls(
            week=week,
            hyper=version.hyperparameters,
            rates=np.ascontiguousarray(np.moveaxis(rates * week.hours, 0, -1)),
            level_shape=level_shape,
            time_variance=1.0 / prior.time_shape[kinds],
            slot_variance=1.0 / prior.slot_shape[kinds],
            dispersion=prior.dispersion[kinds],
            dispersion_strength=prior.dispersion_strength[kinds],
        )

    @cached_property
    def calm_log_odds(self) -> float:
        """Log odds that loitering starts in a window of a series without a history of it."""
        return float(log(self.hyper.loitering_odds * self.week.hours))

    def alone(self) -> Frame:
        """The frame of the one series there is, in floats."""
        values: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        return Frame(**{k: v[..., 0].tolist() if isinstance(v, np.ndarray) else v for k, v in values.items()})
