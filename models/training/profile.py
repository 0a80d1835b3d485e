"""The shape of a week by kind of space: a ridge Poisson regression with the parent's profile as offset."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from warnings import catch_warnings

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.calendar import DAY_TYPES, HOLIDAY
from models.kinds import KINDS

if TYPE_CHECKING:
    from sklearn.linear_model import PoissonRegressor

_HARMONICS = 6  # a rush hour is about two hours wide
_DAY_GROUPS = np.array([0, 0, 0, 0, 1, 2, 3, 4])  # Mon-Thu, Fri, Sat, Sun, holiday


@dataclass(frozen=True)
class ProfileFit:
    """A fitted profile, float64[kinds, 8, 24] with mean 1 over the ordinary week, and the regression behind it.

    ``regressor`` is None where there was not a single presence to fit to; the profile is then the parent's.
    """

    profile: NDArray[np.float64]
    regressor: PoissonRegressor | None


def fit_profile(
    presences: NDArray[np.float64], expected: NDArray[np.float64], parent: NDArray[np.float64]
) -> ProfileFit:
    """Fit the ratio of presences to what the parent's profile expects.

    Parameters
    ----------
    presences, expected
        float64[kinds, 192]: totals by kind and hourly slot; where nothing is expected, nothing was listened to.
    parent
        float64[kinds, 8, 24]: profile that the ridge holds the fit to.
    """
    if presences.sum() == 0:
        return ProfileFit(parent, None)
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415 - 0.8 s, for those who fit
    from sklearn.linear_model import PoissonRegressor  # noqa: PLC0415

    weight, seen = expected.ravel(), expected.ravel() > 0
    features = _features()
    # Columns that are nothing in the rows that were listened to: the ridge would leave them at nothing.
    features = features[:, features[seen].count_nonzero(axis=0) > 0]
    regressor = PoissonRegressor(alpha=1 / weight.sum(), solver="newton-cholesky", max_iter=50)
    # Small products: threads only wait for each other, and change the last bits. A handful of presences leaves the fit
    # where it stops, which the ridge keeps near the parent.
    with threadpool_limits(1), catch_warnings(category=ConvergenceWarning, action="ignore"):
        regressor.fit(features[seen], presences.ravel()[seen] / weight[seen], sample_weight=weight[seen])
    ratio = regressor.predict(features)
    profile = parent * ratio.reshape(len(KINDS), DAY_TYPES, 24)
    return ProfileFit(profile / profile[:, :HOLIDAY].mean(axis=(1, 2), keepdims=True), regressor)


@cache  # asked for by every round of every fit
def _features() -> csc_array:
    """Rows (kind, day type, hour); ridge columns: the hour, by day type, by kind, by kind and group of days.

    A column's scale is the prior standard deviation of its effect on the log rate: high harmonics and interactions are
    expected to be small. Holidays start out from Sunday.
    """
    angle = 2 * np.pi * np.outer(np.arange(24) + 0.5, np.arange(1, _HARMONICS + 1)) / 24
    scale = 1 / np.arange(1, _HARMONICS + 1)
    hour = np.hstack([np.ones((24, 1)), np.cos(angle) * scale, np.sin(angle) * scale])
    day = np.eye(DAY_TYPES)
    day[HOLIDAY, HOLIDAY - 1] = 1.0
    group = np.eye(5)[_DAY_GROUPS]
    group[HOLIDAY, 3] = 1.0
    kind, one = np.eye(len(KINDS)), np.ones
    blocks = [
        _interaction(one((len(KINDS), 1)), one((DAY_TYPES, 1)), hour),
        _interaction(one((len(KINDS), 1)), 0.5 * day, hour),
        _interaction(kind, one((DAY_TYPES, 1)), hour),
        _interaction(kind, 0.5 * group, hour),
    ]
    return csc_array(np.hstack(blocks))


def _interaction(kind: NDArray[np.float64], day: NDArray[np.float64], hour: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.kron(np.kron(kind, day), hour)
