"""Backs up a service that counts and scores, restores every backup, and compares with a run that nobody disturbed.

Counts of a small town are posted a week at a time, in no order, so that much of it comes late; meanwhile the scheduler
scores and `trappvakt backup` runs. Every backup is restored by `trappvakt restore`, all counts are taken in again, as
senders would repeat what they are unsure of, and scored. Every verdict is then compared with the undisturbed run, bit
by bit.

    python -m bench.backups --tries 20 --seed 1
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bench.disturbed import PROGRAM, Scene, read_verdicts, same, windows_done
from models.city import SimulatedCity
from service.domain.keys import Role
from service.ports import Ports
from service.usecases.keys import create_key
from service.usecases.learning.advance import advance
from tests.worlds import TENANT

SETTINGS = "[advance]\ncommit_windows = 24\ninterval_seconds = 3\n\n[api]\nworkers = 1\nwrites_per_minute = 0\n"
_HOURS = 168


@dataclass(frozen=True)
class Try:
    """One backup: how much it had scored, of how many windows, of how many series late counts were still to be replayed
    or not yet looked at, and the end of it.
    """

    windows_done: int
    windows: int
    pending: int
    equal: bool

    @property
    def amid(self) -> bool:
        """Whether something that was counted was still to be scored, or to be replayed."""
        return self.windows_done < self.windows or self.pending > 0


class BackupBench:
    """Counts of a small town, and what an undisturbed scheduler makes of them.

    Parameters
    ----------
    folder
        For the data folders and the backups.
    stairwells, weeks
        Size of the town; its last day is yesterday.
    """

    def __init__(self, folder: Path, stairwells: int = 10, weeks: int = 5) -> None:
        self._scene = Scene(folder, SETTINGS, stairwells=stairwells, weeks=weeks)
        self._weeks = [_body(self._scene.city, slice(k * _HOURS, (k + 1) * _HOURS)) for k in range(weeks)]
        ports = self._scene.ports("undisturbed")
        self._scene.register(ports)
        self._token = create_key(ports, Role.INGEST, TENANT, "bench")[1]
        shutil.copytree(self._scene.path("undisturbed"), self._scene.path("served"))
        self._finish(ports)
        self.verdicts = read_verdicts(ports)
        self.windows = windows_done(ports)

    def run(self, tries: int, seed: int) -> list[Try]:
        """Post, score and back up at random moments; then restore one backup after the other."""
        draw = random.Random(seed)  # noqa: S311 - moments, not secrets
        weeks, targets = draw.sample(self._weeks, len(self._weeks)), [f"backup-{k}" for k in range(tries)]
        targets = [name + (".tar" if k % 2 else "") for k, name in enumerate(targets)]
        with self._serving("served") as address:
            for number, name in enumerate(targets):
                self._post(address, weeks[number * len(weeks) // tries])
                time.sleep(draw.random())
                command = self._scene.command("served", "backup", str(self._scene.path(name)))
                with subprocess.Popen(command, stdout=subprocess.DEVNULL) as backup:
                    for week in weeks[number * len(weeks) // tries + 1 : (number + 1) * len(weeks) // tries]:
                        self._post(address, week)
                if backup.returncode:
                    raise RuntimeError(f"the backup ended with {backup.returncode}")
        return [self._restore(name) for name in targets]

    def _restore(self, name: str) -> Try:
        into = f"restored-{name}"
        restore = [*PROGRAM, "restore", str(self._scene.path(name)), "--into", str(self._scene.path(into))]
        subprocess.run(restore, check=True, stdout=subprocess.DEVNULL)
        ports = self._scene.ports(into)
        done, pending = windows_done(ports), len(_pending(ports))
        self._finish(ports)
        equal = same(read_verdicts(ports), self.verdicts)
        shutil.rmtree(self._scene.path(into))
        return Try(done, self.windows, pending, equal)

    def _finish(self, ports: Ports) -> None:
        """Take in all counts and score all windows."""
        self._scene.count(ports)
        advance(ports)

    def _post(self, address: str, body: bytes) -> None:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{address}/v1/counts", body, headers)  # noqa: S310 - our own address
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            response.read()

    @contextmanager
    def _serving(self, name: str) -> Iterator[str]:
        command = self._scene.command(name, "serve", "--port", "0")
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            try:
                yield process.stdout.readline().split()[-1] if process.stdout else ""
            finally:
                process.terminate()


def _pending(ports: Ports) -> set[int]:
    """Series with counts behind the watermark that are not in the verdicts yet."""
    manifest = ports.state.manifest()
    late = ports.counts.changes(manifest.cursor).earliest if manifest else {}
    return {*ports.state.ledger().pending, *late}


def _body(city: SimulatedCity, rows: slice) -> bytes:
    """The counts of some windows as the API takes them."""
    times = [datetime.fromtimestamp(int(start), UTC).isoformat() for start in city.starts[rows]]
    counts = [
        {
            "time": times[window],
            "stairwell": city.places[column].stairwell,
            "space": city.places[column].space,
            "count": int(city.counts[rows][window, column]),
        }
        for window, column in zip(*np.nonzero(~np.isnan(city.counts[rows])), strict=True)
    ]
    return json.dumps({"counts": counts}).encode()


def main() -> int:
    """Run the tries and report; the exit code is 1 if any differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tries", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="backups-") as folder:
        bench = BackupBench(Path(folder))
        tries = bench.run(arguments.tries, arguments.seed)
    for number, one in enumerate(tries):
        print(
            f"try {number}: backed up at {one.windows_done} of {one.windows} windows, {one.pending} series to be "
            f"replayed: {'same' if one.equal else 'DIFFERS'}"
        )
    print(f"{sum(one.equal for one in tries)} of {len(tries)} the same; {sum(one.amid for one in tries)} amid the run")
    return 0 if all(one.equal for one in tries) else 1


if __name__ == "__main__":
    sys.exit(main())
