"""Kills the scheduler (-9) at random points and compares its verdicts with those of an undisturbed run.

Every try starts a scheduler process on a fresh copy of the same counts, kills it at a random moment after a share of
the windows is committed, lets a new one finish, and compares every verdict, bit by bit. The shares spread over the run.

    python -m bench.kills --tries 50 --seed 1
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.disturbed import Scene, read_verdicts, same, windows_done
from service.ports import Ports

COMMIT_WINDOWS = 24
SETTINGS = f"[advance]\ncommit_windows = {COMMIT_WINDOWS}\ninterval_seconds = 1\n"
_COUNTED = "counted"
_LOOK_SECONDS = 0.005


@dataclass(frozen=True)
class Try:
    """One kill: how much was scored by then, of how many windows, and whether the verdicts are the same in the end."""

    windows_done: int
    windows: int
    equal: bool

    @property
    def amid(self) -> bool:
        """Whether some windows were committed and some were not."""
        return 0 < self.windows_done < self.windows


class KillBench:
    """Counts of a small town, and what an undisturbed scheduler makes of them.

    Parameters
    ----------
    folder
        For the town and a copy of it for every try.
    stairwells, weeks
        Size of the town; its last day is yesterday.
    """

    def __init__(self, folder: Path, stairwells: int = 20, weeks: int = 5) -> None:
        self._scene = Scene(folder, SETTINGS, stairwells=stairwells, weeks=weeks)
        counted = self._scene.ports(_COUNTED)
        self._scene.register(counted)
        self._scene.count(counted)
        undisturbed = self._copy("undisturbed")
        self.seconds = self._finish("undisturbed")
        self.verdicts, self.windows = read_verdicts(undisturbed), windows_done(undisturbed)

    def kill(self, tries: int, seed: int) -> list[Try]:
        """Kill once in each of ``tries`` equal parts of the run, at a random moment of it."""
        draw = random.Random(seed)  # noqa: S311 - moments, not secrets
        return [self.kill_once(number, (number + draw.random()) / tries, draw.random()) for number in range(tries)]

    def kill_once(self, number: int, share: float, moment: float) -> Try:
        """Kill a scheduler, let another finish, and compare.

        Parameters
        ----------
        number
            Of the try.
        share
            Of the windows that are committed before the kill, 0 to 1.
        moment
            Of the next commit's time that is waited for after them, 0 to 1.
        """
        name = f"try-{number}"
        ports = self._copy(name)
        with self._scheduler(name) as process:
            _read_until(process, "scheduling")
            while windows_done(ports) < share * self.windows and process.poll() is None:
                time.sleep(_LOOK_SECONDS)
            time.sleep(moment * self.seconds * COMMIT_WINDOWS / self.windows)
            process.kill()
        done = windows_done(ports)
        self._finish(name)
        equal = same(read_verdicts(ports), self.verdicts)
        shutil.rmtree(self._scene.path(name))
        return Try(done, self.windows, equal)

    def _copy(self, name: str) -> Ports:
        """The service on a folder of that name, to which everything is counted and of which nothing is scored."""
        shutil.copytree(self._scene.path(_COUNTED), self._scene.path(name))
        return self._scene.ports(name)

    @contextmanager
    def _scheduler(self, name: str) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(self._scene.command(name, "scheduler"), stderr=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.terminate()

    def _finish(self, name: str) -> float:
        """Run a scheduler until its first tick is over; returns the seconds the tick took."""
        with self._scheduler(name) as process:
            tick = _read_until(process, "tick")
        if "failed" in tick:
            raise RuntimeError(f"the tick failed: {tick}")
        return float(str(tick["seconds"]))


def _read_until(process: subprocess.Popen[str], event: str) -> dict[str, object]:
    said = []
    for line in process.stderr or ():
        said.append(line)
        if line.startswith("{") and json.loads(line)["event"] == event:
            return dict(json.loads(line))
    raise RuntimeError(f"the scheduler ended without {event!r}: {''.join(said)}")


def main() -> int:
    """Run the tries and report; the exit code is 1 if any differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tries", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        bench = KillBench(Path(folder))
        print(f"undisturbed: {len(bench.verdicts)} verdicts in {bench.seconds:.2f} s")
        tries = bench.kill(arguments.tries, arguments.seed)
    for number, one in enumerate(tries):
        print(
            f"try {number}: killed at {one.windows_done} of {one.windows} windows: {'same' if one.equal else 'DIFFERS'}"
        )
    amid = sum(one.amid for one in tries)
    print(f"{sum(one.equal for one in tries)} of {len(tries)} the same; {amid} killed amid the run")
    return 0 if all(one.equal for one in tries) else 1


if __name__ == "__main__":
    sys.exit(main())
