"""How far the results move when the detector's hyper-parameters are moved: reported, nothing to choose from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from bench.quality.alarming import onset_shares
from bench.quality.alarms import flag_at_own_budget, stairwell_weeks
from bench.quality.datasets import read_calit2, read_nyc_taxi
from bench.quality.known import sweep_known
from bench.quality.rivals.ours import judge_ours
from bench.quality.towns import null_town, onset_town
from models.evaluation import opened
from models.shipped import shipped_version
from models.version import ModelVersion

FACTORS = (0.7, 1.4)
MAIN = (
    "level_memory_weeks",
    "time_memory_weeks",
    "slot_memory_weeks",
    "dispersion_memory_weeks",
    "unlikely_z",
    "most_distrust",
    "loitering_presences_per_hour",
    "loitering_sds",
    "loitering_hours",
    "loitering_odds",
    "starting_gain",
    "block_hours",
    "memory_gain",
)


@dataclass(frozen=True)
class Neighbours:
    """The detector under neighbouring settings, on the data sets with known events and on smaller towns.

    Parameters
    ----------
    datasets
        Folder of the public counts.
    seed
        Of the towns.
    null, onset
        Stairwells and weeks of the towns.
    """

    datasets: Path
    seed: int
    null: tuple[int, int] = (120, 16)
    onset: tuple[int, int] = (150, 16)

    def measure(self, version: ModelVersion) -> dict[str, float]:
        """Every figure whose spread is reported, by its name."""
        figures: dict[str, float] = {}
        for title, read, budgets in (
            ("CalIt2 flow 9", partial(read_calit2, self.datasets, 9), (20, 30, 50)),
            ("CalIt2 flow 7", partial(read_calit2, self.datasets, 7), (20, 30, 50)),
            ("nyc_taxi", partial(read_nyc_taxi, self.datasets), (30,)),
        ):
            known = read()
            (swept,) = sweep_known(known, judge_ours(known.panel, version))
            figures |= {f"{title}, events at {budget}": float(swept.first(budget).found.sum()) for budget in budgets}
        return figures | self._in_towns(version)

    def _in_towns(self, version: ModelVersion) -> dict[str, float]:
        town, null = onset_town(self.seed + 2, *self.onset), null_town(self.seed, *self.null)
        shares = onset_shares(flag_at_own_budget(judge_ours(town, version), town), town)
        false = opened(flag_at_own_budget(judge_ours(null, version), null)).sum()
        weeks = stairwell_weeks(null, np.ones(null.counts.shape, dtype=bool))
        return {f"onsets found, {title}, %": 100.0 * float(np.mean(found)) for title, found in shares.items()} | {
            "false episodes per 100 stairwell-weeks": 100.0 * float(false) / weeks
        }


def settings() -> Iterator[tuple[str, ModelVersion]]:
    """The shipped version, and each main hyper-parameter of it moved down and up."""
    shipped = shipped_version()
    yield "shipped", shipped
    for name in MAIN:
        for factor in FACTORS:
            moved = replace(shipped.hyperparameters, **{name: factor * getattr(shipped.hyperparameters, name)})
            yield f"{name} x {factor:g}", replace(shipped, hyperparameters=moved)


def write_spread(measured: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Lines of the section: least, median and most over the settings, and which moved a figure furthest."""
    factors = " or ".join(f"{factor:g}" for factor in FACTORS)
    yield "### Neighbouring settings"
    yield ""
    yield (
        f"Each of {len(MAIN)} main hyper-parameters alone times {factors}, the version's calibration left as it is: "
        f"{len(measured) - 1} settings. Reported, not chosen from."
    )
    yield ""
    yield "| | shipped | least | median | most | least with | most with |"
    yield "|---|---|---|---|---|---|---|"
    for figure, shipped in measured["shipped"].items():
        moved = {setting: row[figure] for setting, row in measured.items() if setting != "shipped"}
        least, most = min(moved, key=moved.__getitem__), max(moved, key=moved.__getitem__)
        cells = (shipped, moved[least], float(np.median(list(moved.values()))), moved[most])
        culprits = (least if moved[least] < shipped else "", most if moved[most] > shipped else "")
        yield f"| {figure} | {' | '.join([*map(_number, cells), *culprits])} |"
    yield ""


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
