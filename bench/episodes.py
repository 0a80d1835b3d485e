"""What a page of episodes costs in a simulated town over New Year's Eve: ``python -m bench.episodes``.

``[--stairwells 670] [--weeks 18] [--eve 5] [--seed 5] [--repeat 20]``. The town is scored into SQLite. Told are the
milliseconds of a processor for pages of 100 episodes from some days on, and how much of it goes to looking whether the
whole town was out; then how many of the episodes are marked that open from 20 to 04 on New Year's Eve, with ``--eve``
times the usual presences, and how many of all others.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from models.city import CityParameters, simulate_city
from service.ports import Ports
from service.usecases.findings.common_cause import have_common_cause
from service.usecases.findings.episode_runs import run_around
from service.usecases.findings.episodes import EpisodeFilter, EpisodeView, find_episodes
from service.usecases.learning.advance import advance
from tests.worlds import TENANT, city_points, end_of, register_city, sqlite_ports

_FROM = [datetime(2025, *day, tzinfo=UTC) for day in ((10, 15), (12, 1), (12, 30))]
_EVE, _PARTY = datetime(2025, 12, 31, 19, tzinfo=UTC), timedelta(hours=8)


def score_town(folder: Path, *, stairwells: int, weeks: int, eve: float, seed: int) -> Ports:
    parameters = CityParameters(new_years_eve_factor=eve)
    city = simulate_city(seed, stairwells=stairwells, weeks=weeks, parameters=parameters)
    ports = sqlite_ports(folder, now=end_of(city) + timedelta(hours=1))
    register_city(ports, city)
    ports.counts.append(city_points(city))
    advance(ports)
    return ports


def milliseconds(repeat: int, task: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(repeat):
        task()
    return (time.process_time() - began) / repeat * 1000


def marking(ports: Ports, page: list[EpisodeView]) -> Callable[[], object]:
    """Looking for the common cause of a page's episodes, and nothing else."""
    town = [one.number for one in ports.register.series(TENANT)]
    found = (run_around(ports, *map(int, one.episode.split("-"))) for one in page)
    runs = [run for run in found if run]
    return lambda: have_common_cause(ports, town, runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stairwells", type=int, default=670)
    parser.add_argument("--weeks", type=int, default=18)
    parser.add_argument("--eve", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        town = {"stairwells": asked.stairwells, "weeks": asked.weeks, "seed": asked.seed}
        ports = score_town(Path(folder), eve=asked.eve, **town)
        series = ports.register.series(TENANT)
        sys.stdout.write(f"{len(series)} series\n")
        for name, wanted in [
            *((f"from {since:%d %B}", EpisodeFilter(start=since)) for since in _FROM),
            (f"of {series[7].stairwell}", EpisodeFilter(stairwell=series[7].stairwell)),
        ]:
            page, _ = find_episodes(ports, TENANT, wanted)
            whole = milliseconds(asked.repeat, lambda wanted=wanted: find_episodes(ports, TENANT, wanted))
            marks = milliseconds(asked.repeat, marking(ports, page))
            marked = sum(one.common_cause for one in page)
            sys.stdout.write(f"{name}: {len(page)} episodes, {marked} marked; {whole:.1f} ms, {marks:.1f} for marks\n")
        everything, _ = find_episodes(ports, TENANT, EpisodeFilter(limit=1_000_000))
        for name, eve in (("on New Year's Eve", True), ("at all other times", False)):
            marks = [one.common_cause for one in everything if eve == (_EVE <= one.start < _EVE + _PARTY)]
            sys.stdout.write(f"{name}: {sum(marks)} of {len(marks)} marked\n")


if __name__ == "__main__":
    main()
