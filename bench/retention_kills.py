"""Kills a deletion (-9) at random moments: ``python -m bench.retention_kills [--tries 20] [--seed 1]``.

Every try begins on a fresh copy of the same scored town, kills the process that deletes amid its work, lets another go
on, and looks whether all that is due is gone and the audit tells of each kind once, with all rows that there were.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

from models.city import simulate_city
from service.domain.retention import DataKind
from service.ports import Ports
from service.usecases.learning.advance import advance
from service.usecases.retention import deleting
from service.usecases.retention.deleting import delete_old
from tests.worlds import TENANT, city_points, end_of, register_city, sqlite_ports

WEEKS, STAIRWELLS = 26, 4
CITY = simulate_city(3, stairwells=STAIRWELLS, weeks=WEEKS)
NOW = end_of(CITY) + timedelta(minutes=40)
STEP_ROWS = 500
SHORT = {
    "retraining__weeks": 4,
    "advance__checkpoint_weeks": 1,
    "retention__counts_days": 143,
    "retention__verdicts_days": 143,
    "retention__superseded_days": 143,
}


def opened(folder: Path) -> Ports:
    """The town, where what is old is to be deleted."""
    return sqlite_ports(folder, now=NOW, **SHORT)


def live(folder: Path) -> None:
    """Let the town live, and be scored."""
    ports = opened(folder)
    register_city(ports, CITY)
    ports.counts.append(city_points(CITY))
    advance(ports)


def delete(folder: Path) -> None:
    """Delete, slowly, once somebody knows of it."""
    deleting.STEP_ROWS = STEP_ROWS
    ports = opened(folder)
    print("begins", flush=True)
    delete_old(ports, between=lambda: time.sleep(0.01))


def found(ports: Ports) -> tuple[object, ...]:
    """What is left, and what the audit was told."""
    told = [(one.subject, one.detail) for one in ports.audit.entries(TENANT) if one.action == "retention.delete"]
    return (*(ports.aging[kind].oldest() for kind in DataKind), sorted(told))


def main() -> int:
    """Try, and count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tries", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--delete", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.delete:
        delete(arguments.delete)
        return 0
    chance, tally = random.Random(arguments.seed), Counter[str]()  # noqa: S311
    with tempfile.TemporaryDirectory(prefix="retention-kills-") as name:
        town, undisturbed, tried = (Path(name) / one for one in ("town", "undisturbed", "try"))
        live(town)
        shutil.copytree(town, undisturbed)
        began = time.perf_counter()
        whole = opened(undisturbed)
        deleting.STEP_ROWS = STEP_ROWS
        delete_old(whole, between=lambda: time.sleep(0.01))
        longest = time.perf_counter() - began
        for number in range(arguments.tries):
            folder = tried / str(number)
            shutil.copytree(town, folder)
            command = [sys.executable, "-m", "bench.retention_kills", "--delete", str(folder)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            assert process.stdout is not None
            assert process.stdout.readline() == "begins\n"
            time.sleep(chance.uniform(0, longest))
            process.kill()
            process.wait()
            ports = opened(folder)
            first, last = (ports.state.deletion(kind) for kind in (DataKind.COUNTS, DataKind.VERDICTS))
            tally["amid"] += first is not None and not (last and last.told)
            delete_old(ports)
            tally["same"] += found(ports) == found(whole)
    print(f"{arguments.tries} kills, {tally['amid']} amid the work: {tally['same']} ended as if there had been none")
    return 0 if tally["same"] == arguments.tries else 1


if __name__ == "__main__":
    sys.exit(main())
