"""Loitering injected into the real counts, so that it is known what is to be found in them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY
from models.evaluation import found_within, inject
from service.usecases.versions.retraining.panels import Panel, evenly

DAYS = 14
"""Days from its first evening on in which loitering is to be found."""
_HOSTS = 4  # series for each hang-out that it is drawn among


@dataclass(frozen=True)
class InjectedPanel:
    """A panel whose last m series are copies of some of the others with loitering in them; T windows.

    Attributes
    ----------
    panel
        The series as they were, then the copies.
    series
        int64[m]: which series the copies are of.
    hours
        bool[T, m]: windows of the evenings and hours that loitering keeps to.
    onsets
        int64[m]: first window with loitering.
    """

    panel: Panel
    series: NDArray[np.int64]
    hours: NDArray[np.bool_]
    onsets: NDArray[np.int64]

    @property
    def as_they_were(self) -> int:
        """How many series come before the copies."""
        return len(self.panel.roster) - len(self.series)

    def found(self, flagged: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether each hang-out was found in time, bool[m], by the windows flagged, bool[T, n + m].

        What was flagged anyway is not found, so that all versions are asked for the same hang-outs.
        """
        added = flagged[:, self.as_they_were :] & ~flagged[:, self.series]
        reach = DAYS * self.panel.calendar.windows_per_day
        spans = [(onset, onset + reach) for onset in self.onsets.tolist()]
        return np.array(
            [found_within(added[:, k], self.hours[:, k], *span) for k, span in enumerate(spans)], dtype=bool
        )


def injected(panel: Panel, stairwells: NDArray[np.int64], hangouts: int, seed: int) -> InjectedPanel:
    """Let people loiter from some day on in about so many stairwells of a panel, while it is judged.

    Parameters
    ----------
    panel
        Series as they were.
    stairwells
        int64[n]: number of the stairwell of each.
    hangouts
        About how many; none where fewer days are judged than they are to be found in.
    seed
        Of the random generator.
    """
    first = int(panel.starts[panel.judged])
    last = int(panel.starts[-1]) + panel.calendar.window_seconds - DAYS * SECONDS_PER_DAY
    hosts = evenly(len(panel.roster), _HOSTS * hangouts)
    drawn = inject(
        panel.calendar,
        panel.starts,
        panel.counts[hosts].T.astype(np.float64),
        stairwells[hosts],
        seed,
        between=(first, max(first, last)),
        share=min(1.0, hangouts / max(len(np.unique(stairwells[hosts])), 1)),
    )
    reach = DAYS * panel.calendar.windows_per_day
    kept = np.flatnonzero((drawn.onsets >= panel.judged) & (drawn.onsets + reach <= len(panel.starts)))
    series = hosts[drawn.series[kept]]
    copies = drawn.counts[:, kept].T.astype(np.float32)
    both = replace(panel, roster=panel.roster.with_copies(series), counts=np.concatenate([panel.counts, copies]))
    return InjectedPanel(both, series, drawn.hours[:, kept], drawn.onsets[kept])
