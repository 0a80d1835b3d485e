"""How far long work has come, and how long it will still take."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

Progress = Callable[[str, float, float | None], None]
"""Called with the step at work, how much of all is done (0 to 1), and the seconds left if they can be told."""

_TELLING = 0.02  # of the work; before that, its pace says little


class Pace:
    """Steps, one after the other, and what each is expected to cost; the pace so far tells how long the rest takes.

    Parameters
    ----------
    costs
        Of each step, in their order; in any unit.
    tell
        Told of everything.
    now
        A clock in seconds.

    Examples
    --------
    >>> told = []
    >>> clock = iter([0.0, 2.0, 5.0]).__next__
    >>> pace = Pace({"reading": 1.0, "fitting": 3.0}, lambda *said: told.append(said), clock)
    >>> pace.report("reading", 1.0)
    >>> pace.report("fitting", 0.5)
    >>> told
    [('reading', 0.25, 6.0), ('fitting', 0.625, 3.0)]
    >>> pace.seconds
    {'reading': 2.0, 'fitting': 3.0}
    """

    def __init__(self, costs: Mapping[str, float], tell: Progress, now: Callable[[], float] = time.monotonic) -> None:
        self._costs = dict(costs)
        self._tell = tell
        self._now = now
        self._began = now()
        self._ended: dict[str, float] = {}

    @property
    def seconds(self) -> dict[str, float]:
        """What each step took so far; one that was returned to is told as a whole."""
        before, told = self._began, {}
        for step, end in self._ended.items():
            told[step] = end - before
            before = end
        return told

    def report(self, step: str, share: float) -> None:
        """So much of a step is done, and all before it; a step that was not foreseen costs nothing."""
        names = list(self._costs)
        before = names[: names.index(step)] if step in names else names
        done = sum(self._costs[name] for name in before) + share * self._costs.get(step, 0.0)
        part = done / sum(self._costs.values())
        now = self._now()
        self._ended.pop(step, None)
        self._ended[step] = now
        elapsed = now - self._began
        self._tell(step, part, elapsed * (1.0 - part) / part if part >= _TELLING else None)
