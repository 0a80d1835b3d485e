"""What is measured: every experiment with its rivals, and its small brother for a first look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.quality.alarming import LevelShifts, Sizes, TownAlarms
from bench.quality.crowds import COPIES, CROWDS, read_crowds
from bench.quality.datasets import read_calit2, read_nyc_taxi
from bench.quality.dependent import DependentTowns
from bench.quality.experiment import Experiment, Table
from bench.quality.known import KnownEventRecall, text_for
from bench.quality.long_run import LongRun
from bench.quality.melbourne import MelbourneEvents, MelbourneOrdinary
from bench.quality.melbourne_towns import MelbourneTowns
from bench.quality.neighbours import Neighbours
from bench.quality.panel import Rival
from bench.quality.rivals import ADWIN, BOUNDS, OURS, OURS_AT_THRESHOLD, OURS_EITHER_WAY, OURS_INDEPENDENT, RIVALS
from bench.quality.unlike import UnlikeTowns

_QUICK_SIZES = Sizes(null=(16, 8), onset=(16, 14), shift=(16, 8))
_QUICK_LONG_RUN = {"stairwells": 8, "weeks": 18, "towns": 1}
_QUICK_DEPENDENT = {"stairwells": 6, "weeks": 10}
_QUICK_UNLIKE = {"stairwells": 6, "weeks": 14}
_QUICK_MELBOURNE_TOWNS = {"towns": 1, "stairwells": 4}
_QUICK_WEEKS = {"calit2-in": 6, "calit2-out": 6, "calit2-crowds": 6, "nyc-taxi": 20, "melbourne": 20}
_MANY_PEOPLE = (
    "These are events of many people in busy hours, where counts stray most by themselves, which is learnt, so that "
    "one far above its mean tells less. Who takes one spread for all hours, or none, ranks by the number of people."
)
_DROPS = (
    "Christmas and the snow storm are drops for the most part, and Trappvakt's score looks for more than usual alone; "
    "read high or low, its verdicts find them, which is the row that the promise is about."
)
_PREDICTIVE = ("poisson", "gamma-poisson", "negative-binomial", "gaussian", "seasonal")


@dataclass(frozen=True)
class Plan:
    """Experiments and neighbouring settings.

    Parameters
    ----------
    datasets
        Folder of the public counts.
    seed
        Of towns, injected events and randomised p-values.
    quick
        A slice of each data set and small towns: shows that it runs, measures nothing.
    """

    datasets: Path
    seed: int
    quick: bool = False

    @property
    def experiments(self) -> Sequence[Experiment]:
        sizes = _QUICK_SIZES if self.quick else Sizes()
        weeks = _QUICK_WEEKS["melbourne"] if self.quick else None
        everybody = (OURS, *RIVALS)
        predictive = (OURS, *(rival for rival in RIVALS if rival.name in _PREDICTIVE))
        return (
            *self._known_events((OURS, OURS_EITHER_WAY, *RIVALS)),
            MelbourneEvents(self.datasets, everybody, self.seed, weeks),
            TownAlarms((*BOUNDS, OURS, OURS_AT_THRESHOLD, *RIVALS), self.seed, sizes),
            MelbourneTowns(
                self.datasets,
                everybody,
                self.seed,
                **(_QUICK_MELBOURNE_TOWNS if self.quick else {}),
            ),
            LongRun((OURS,), self.seed, **(_QUICK_LONG_RUN if self.quick else {})),
            DependentTowns((OURS, OURS_INDEPENDENT), self.seed, **(_QUICK_DEPENDENT if self.quick else {})),
            UnlikeTowns((OURS,), self.seed, **(_QUICK_UNLIKE if self.quick else {})),
            LevelShifts((OURS, ADWIN), self.seed, sizes),
            MelbourneOrdinary(self.datasets, predictive, self.seed, weeks),
        )

    @property
    def neighbours(self) -> Neighbours:
        if self.quick:
            return Neighbours(self.datasets, self.seed, _QUICK_SIZES.null, _QUICK_SIZES.onset)
        return Neighbours(self.datasets, self.seed)

    def _known_events(self, rivals: Sequence[Rival]) -> Sequence[Experiment]:
        calit2 = text_for("30-min windows; the 17 known events after four weeks.")
        crowds = text_for(
            f"{COPIES} copies of each flow, in each {CROWDS} crowds of 20 to 70 people more within half an hour to two "
            "hours of a weekday, after the warm-up: what the known events of the first four weeks are like, of "
            f"{2 * COPIES * CROWDS} in all; budgets are of each copy. All that CalIt2's counts hold of their own uses "
            "them up for everybody alike."
        )
        taxi = text_for("30-min windows; the five windows of the benchmark, all after four weeks.")
        return tuple(
            KnownEventRecall(table, read, rivals, weeks=_QUICK_WEEKS[table.name] if self.quick else None)
            for table, read in (
                (
                    Table("calit2-in", "CalIt2, flow 9 (in)", calit2, _MANY_PEOPLE),
                    partial(read_calit2, self.datasets, 9),
                ),
                (
                    Table("calit2-out", "CalIt2, flow 7 (out)", calit2, _MANY_PEOPLE),
                    partial(read_calit2, self.datasets, 7),
                ),
                (
                    Table("calit2-crowds", "CalIt2 with crowds of our own", crowds, _MANY_PEOPLE),
                    partial(read_crowds, self.datasets, self.seed),
                ),
                (Table("nyc-taxi", "nyc_taxi", taxi, _DROPS), partial(read_nyc_taxi, self.datasets)),
            )
        )
