"""From the readings of one sensor to the presences of windows: a pure function, whatever order the readings came in.

A window has presences, zero among them, as far as the readings prove that the sensor was alive; other windows have no
entry. All times are nanoseconds since 1970-01-01 UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from service.domain.counts import NANOSECONDS
from service.domain.places import Semantics
from service.domain.readings import LONGEST_STAY_SECONDS

COVERED_SECONDS = 900
"""A presence counts in a later window of which it covers this much, or all of a shorter window."""

COUNTER_BITS = (8, 16, 24, 32)
"""Widths at which counters roll over."""

MOST_ROLLED_OVER = 16
"""Presences from reading to reading when a counter rolls over; with more of them it is taken to have started anew."""

Readings = Sequence[tuple[int, int]]
"""(time, value), by time."""

Stay = tuple[int, int]


@dataclass(frozen=True)
class Derivation:
    """What the readings of a sensor mean.

    Parameters
    ----------
    semantics
        Of the sensor. The value of a presence is its duration in seconds, that of a sensor of occupancy 0 or 1.
    assumed
        Whether the sensor speaks only when something happens, so that its silence says nothing.
    window_seconds
        Length of a window.
    longest_gap_seconds
        Of a sensor that is not assumed to be alive, what happened in a longer silence is unknown.
    shortest_stay_seconds
        Somebody who stays shorter is passing by.

    Examples
    --------
    Somebody comes at 00:50 and leaves at 02:10: the third hour holds ten minutes of it, and is not counted.

    >>> minutes = 60 * NANOSECONDS
    >>> rules = Derivation(Semantics.PRESENCE, assumed=True)
    >>> counts = rules.counts([(50 * minutes, 80 * 60)])
    >>> {start // (60 * minutes): presences for start, presences in counts.items()}
    {0: 1, 1: 1}
    """

    semantics: Semantics
    assumed: bool
    window_seconds: int = 3600
    longest_gap_seconds: int = 7200
    shortest_stay_seconds: int = 0

    @property
    def reach(self) -> int:
        """Nanoseconds: no window further from a reading depends on it, but for what :attr:`looks_back` tells."""
        gap = max(self.longest_gap_seconds, LONGEST_STAY_SECONDS if self.assumed else 0)
        match self.semantics:
            case Semantics.OCCUPIED:
                return (gap + self.shortest_stay_seconds) * NANOSECONDS
            case Semantics.PRESENCE:
                return max(gap, LONGEST_STAY_SECONDS) * NANOSECONDS
        return gap * NANOSECONDS

    @property
    def looks_back(self) -> bool:
        """Whether a reading means something only beside the one before it, however long ago that was."""
        return self.semantics is Semantics.CUMULATIVE and self.assumed

    def counts(self, readings: Readings) -> dict[int, int]:
        """Presences by the start of their window, of readings by time, no two at the same."""
        if self.semantics is Semantics.CUMULATIVE:
            counts = self._rises(readings)
        else:
            counts = Counter(dict.fromkeys(self._alive(readings), 0))
            for stay in self._stays(readings):
                counts.update(self._windows_of(stay))
        return dict(sorted(counts.items()))

    def window(self, time: int) -> int:
        """Start of the window that holds a time."""
        return time - time % (self.window_seconds * NANOSECONDS)

    def _alive(self, readings: Readings) -> Iterator[int]:
        """Windows in which the sensor is known to have been alive."""
        yield from (self.window(time) for time, _ in readings)
        if not self.assumed:
            for (before, _), (after, _) in pairwise(readings):
                if self._is_short(before, after):
                    yield from self._touched(before, after)

    def _is_short(self, before: int, after: int) -> bool:
        return after - before <= self.longest_gap_seconds * NANOSECONDS

    def _touched(self, start: int, end: int) -> range:
        """Starts of the windows that [start, end) touches."""
        return range(self.window(start), end, self.window_seconds * NANOSECONDS)

    def _rises(self, readings: Readings) -> Counter[int]:
        """What a counter counted from reading to reading; what it did before the first is unknown.

        After a long silence only a sensor that speaks when something happens tells when it did.
        """
        counts: Counter[int] = Counter()
        for before, after in pairwise(readings):
            rise = counted_between(before, after)
            if rise is None:
                continue
            if self._is_short(before[0], after[0]):
                counts.update(self._spread(rise, before[0], after[0]))
            elif self.assumed:
                counts[self.window(after[0])] += rise
        return counts

    def _spread(self, rise: int, start: int, end: int) -> dict[int, int]:
        """Whole presences over the windows of [start, end) by their share of it: largest remainders, earliest first."""
        if not rise:
            return dict.fromkeys(self._touched(start, end), 0)
        length = self.window_seconds * NANOSECONDS
        shares = {
            w: divmod(rise * (min(end, w + length) - max(start, w)), end - start) for w in self._touched(start, end)
        }
        missing = rise - sum(whole for whole, _ in shares.values())
        favoured = sorted(shares, key=lambda w: (-shares[w][1], w))[:missing]
        return {w: whole + (w in favoured) for w, (whole, _) in shares.items()}

    def _stays(self, readings: Readings) -> Iterator[Stay]:
        shortest = self.shortest_stay_seconds * NANOSECONDS
        if self.semantics is Semantics.PRESENCE:
            stays: Iterable[Stay] = ((time, time + value * NANOSECONDS) for time, value in readings if value)
        else:
            stays = self._occupied(readings)
        return (stay for stay in stays if stay[1] - stay[0] >= shortest)

    def _occupied(self, readings: Readings) -> Iterator[Stay]:
        """From the first message that somebody is there to the first that nobody is, as far as it is in sight."""
        start: int | None = None
        for position, (time, value) in enumerate(readings):
            following = readings[position + 1] if position + 1 < len(readings) else None
            if not value:
                continue
            start = time if start is None else start
            if following is None or not self._follows(time, *following):
                yield start, time
                start = None
            elif not following[1]:
                yield start, following[0]
                start = None

    def _follows(self, time: int, after: int, value: int) -> bool:
        """Whether somebody was there from one message to the next."""
        left = self.assumed and not value and after - time <= LONGEST_STAY_SECONDS * NANOSECONDS
        return left or self._is_short(time, after)

    def _windows_of(self, stay: Stay) -> Iterator[int]:
        start, end = stay
        yield self.window(start)
        length = self.window_seconds * NANOSECONDS
        least = min(COVERED_SECONDS * NANOSECONDS, length)
        for window in range(self.window(start) + length, end, length):
            if min(end, window + length) - window >= least:
                yield window


def counted_between(before: tuple[int, int], after: tuple[int, int]) -> int | None:
    """What a counter counted between two readings, None if it cannot be known.

    A counter that falls has rolled over if the way over the end of its width is short, and started anew otherwise. No
    sensor sees more than a presence a second: a greater rise comes from another device, or a clock that was wrong.

    Examples
    --------
    >>> minute = 60 * NANOSECONDS
    >>> counted_between((0, 7), (minute, 9)), counted_between((0, 65_530), (minute, 4))
    (2, 10)
    >>> counted_between((0, 900), (minute, 4))
    4
    >>> counted_between((0, 900), (minute, 899)) is None
    True
    """
    (start, old), (end, new) = before, after
    most = (end - start) // NANOSECONDS
    rise = new - old
    if rise < 0:
        top = next((1 << bits for bits in COUNTER_BITS if old < 1 << bits), None)
        over = top - old + new if top else most + 1
        rise = over if over <= min(most, MOST_ROLLED_OVER) else new
    return rise if rise <= most else None
