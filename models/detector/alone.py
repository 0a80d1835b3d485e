"""The state of a series alone, as the kernels read and write it in floats."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from models.detector.state import OccupancyState


class AloneState:
    """Views of the arrays of a state of width 1: a field is read as a float, and rounded to float32 when it is written.

    Parameters
    ----------
    state
        Of one series; what is written is written there.

    Examples
    --------
    >>> state = OccupancyState.new(24, 1)
    >>> AloneState(state).head[3] = 0.1
    >>> round(float(state.head[3, 0]) - 0.1, 10), AloneState(state).head[3] == float(state.head[3, 0])
    (1.5e-09, True)
    """

    def __init__(self, state: OccupancyState) -> None:
        self._state = state
        self.slots = [_floats(fields) for fields in state.slots[..., 0]]
        self.bins = [_floats(fields) for fields in state.bins[..., 0]]
        self.head = _floats(state.head[..., 0])

    def __reduce__(self) -> tuple[type[AloneState], tuple[OccupancyState]]:
        """Copied and pickled as the state; views are of one process."""
        return type(self), (self._state,)


def _floats(fields: NDArray[np.float32]) -> memoryview[float]:
    view: Any = memoryview(cast(Any, fields))
    return view  # type: ignore[no-any-return]


def alone(state: OccupancyState) -> OccupancyState:
    """A state of one series as the kernels take it: like the arrays, but for its fields, which are floats."""
    return cast(OccupancyState, AloneState(state))
