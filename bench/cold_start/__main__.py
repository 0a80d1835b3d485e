"""Measure the log-loss of series in their first three days beside that of their fourth month.

    python -m bench.cold_start [--seeds 600-605] [--stairwells 120] [--town NAME] [--prior NAME] [--jobs N]

In each town a fleet is counted for 20 weeks; then the other half of the stairwells gets sensors. Printed are, over all
seeds: the mean log-loss of the first three days, that of the fourth month, their ratio, the highest ratio of a seed,
and what was lost above the least there can be, which knows every rate: in the first three days, the rest of the first
week, the rest of the first four weeks and the fourth month, as shares of the least.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace

import numpy as np
from joblib import Parallel, delayed

from bench.cold_start.priors import PRIORS
from bench.cold_start.towns import FLEET_WEEKS, TOWNS, Fleet, Floats, draw_fleet
from models.detector.columns import OccupancyColumns
from models.prior import FleetPrior
from models.shipped import shipped_version

SPANS = ((0, 3), (3, 7), (7, 28), (91, 121))  # days since the sensor came; the last is the fourth month
_WINDOWS_AT_A_TIME = 24


def losses(fleet: Fleet, prior: FleetPrior) -> Floats:
    """Mean log-loss of the new series in each of `SPANS`, and the least there can be, float64[2, spans]."""
    since, new = FLEET_WEEKS * 168, fleet.new
    counts, least = fleet.counts[since:, new], fleet.least_loss[since:, new]
    version = replace(shipped_version(), prior=prior)
    columns = OccupancyColumns(
        version, 60, fleet.kinds[new], np.zeros(new.sum()), surroundings=fleet.surroundings[np.flatnonzero(new)]
    )
    slots = fleet.calendar.slots_of(fleet.starts[since:])
    loss = np.empty_like(counts)
    for first in range(0, len(slots), _WINDOWS_AT_A_TIME):
        part = range(first, min(first + _WINDOWS_AT_A_TIME, len(slots)))
        verdicts = columns.tell([columns.advance(int(slots[window]), counts[window]) for window in part])
        loss[part.start : part.stop] = -np.log(np.maximum(verdicts.p_value - verdicts.p_above, 1e-300))
    days = (np.arange(len(loss))[:, None] - np.arange(new.sum()) % 7 * 24) / 24
    known = ~np.isnan(counts)
    spans = [known & (days >= first) & (days < last) for first, last in SPANS]
    return np.array([[float(values[span].mean()) for span in spans] for values in (loss, least)])


def measure(town: str, seed: int, stairwells: int, priors: list[str]) -> Floats:
    """Losses in one town, float64[priors, 2, spans]."""
    fleet = draw_fleet(town, seed, stairwells)
    return np.array([losses(fleet, PRIORS[name](fleet)) for name in priors])


def table(measured: Floats, priors: list[str]) -> list[str]:
    """Lines of a town's table from float64[seeds, priors, 2, spans]."""
    lines = ["| | first three days | fourth month | ratio | highest | above the least |", "|---|---|---|---|---|---|"]
    for number, name in enumerate(priors):
        loss, least = measured[:, number, 0], measured[:, number, 1]
        ratio = loss[:, 0] / loss[:, -1]
        above = " / ".join(f"{part:.1%}" for part in (loss - least).mean(axis=0) / least.mean(axis=0))
        mean = loss.mean(axis=0)
        lines.append(
            f"| {name} | {mean[0]:.4f} | {mean[-1]:.4f} | {mean[0] / mean[-1]:.3f} | {ratio.max():.3f} | {above} |"
        )
    return lines


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.cold_start", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", default="600-605", help="first and last, or one")
    parser.add_argument("--stairwells", type=int, default=120, help="of a town, half of them new")
    parser.add_argument("--town", action="append", choices=TOWNS, help="may be given more than once")
    parser.add_argument("--prior", action="append", choices=PRIORS, help="may be given more than once")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    options = parser.parse_args(arguments)
    first, _, last = options.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    priors = options.prior or list(PRIORS)
    for town in options.town or TOWNS:
        run = delayed(measure)
        parts = Parallel(n_jobs=options.jobs)(run(town, seed, options.stairwells, priors) for seed in seeds)
        lines = [f"A town {town}", "", *table(np.array(parts), priors), ""]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
