"""The program as its users run it: real processes, a real address."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from service.cli import main
from service.demo import SETTINGS_FILE

_HURRY = """[advance]
interval_seconds = 1

[retraining]
candidates = 0
simulated_share = 0.02
workers = 1
"""
_MARK = "TRAPPVAKT_STARTED_BY_A_TEST"
TRAPPVAKT = [sys.executable, "-m", "service.cli"]


def run(*words: object, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    command = [*TRAPPVAKT, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if check and done.returncode:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done


@contextmanager
def started(command: Iterable[object], *, grace_seconds: float = 60, **how: Any) -> Iterator[subprocess.Popen[str]]:
    """A process for a while. However that ends, nothing is left of it and of what it started, in whatever session.

    ``how`` it is started is as `subprocess.Popen` takes it.

    Raises
    ------
    subprocess.TimeoutExpired
        If it is asked to end and does not within ``grace_seconds``; then it is killed.
    """
    mark = uuid.uuid4().hex
    environment = {**how.pop("env", os.environ), _MARK: mark}
    with subprocess.Popen([*map(str, command)], text=True, env=environment, **how) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(grace_seconds)
            finally:
                process.kill()
                while left := _marked(mark):
                    for one in left:
                        with suppress(ProcessLookupError):
                            os.kill(one, signal.SIGKILL)


def run_here(*words: object, check: bool = True) -> Result:
    """Run one command to its end in this process, where it is not what a process does that is looked at."""
    done = CliRunner().invoke(main, [*map(str, words)])
    if check and done.exit_code:
        raise AssertionError(f"{words} ended with {done.exit_code}:\n{done.output}") from done.exception
    return done


def key(data: Path, role: str, tenant: str = "norrbo") -> str:
    """A key on a data folder."""
    return run_here("--data", data, "keys", "create", "--role", role, "--tenant", tenant).stdout.strip()


@contextmanager
def serving(*words: object) -> Iterator[str]:
    """Run a command that serves; gives the address it prints, and stops it at the end."""
    with started([*TRAPPVAKT, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        yield _address(process)


@dataclass(frozen=True)
class Demo:
    """A demo that is served: where, on what data, and a key for each role."""

    address: str
    folder: Path
    keys: dict[str, str]

    @property
    def config(self) -> Path:
        """The settings the demo has written for itself."""
        return self.folder / SETTINGS_FILE


@contextmanager
def demo_served(folder: Path) -> Iterator[Demo]:
    """Bring up the demo on a free port, and stop it at the end; it ticks often and retrains without candidates."""
    config = written(folder.with_suffix(".toml"), _HURRY)
    command = [*TRAPPVAKT, "--config", config, "--data", folder, "demo", "--port", "0"]
    with started(command, stdout=subprocess.PIPE) as process:
        address = _address(process)
        keys = _keys(process.stdout or ())
        yield Demo(address, folder, keys)


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def get(address: str, path: str, token: str) -> Any:
    """The JSON of one page."""
    request = urllib.request.Request(address + path, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def request(address: str, path: str, token: str, body: object) -> Any:
    """The JSON that a POST is answered with."""
    sent = urllib.request.Request(
        address + path,
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(sent, timeout=30) as response:
        return json.loads(response.read())


def post_counts(address: str, token: str, stairwell: str, counts: list[int], end: datetime) -> None:
    """Send hourly counts of one stairwell whose last window ends at ``end``."""
    start = end - timedelta(hours=len(counts))
    times = [(start + timedelta(hours=hour)).isoformat() for hour in range(len(counts))]
    rows = [{"stairwell": stairwell, "time": time, "count": n} for time, n in zip(times, counts, strict=True)]
    request = urllib.request.Request(
        f"{address}/v1/counts",
        data=json.dumps({"counts": rows}).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.status == 200


def last_scored_hour() -> datetime:
    """The last full hour that has been over for longer than the lateness."""
    return (datetime.now(UTC) - timedelta(minutes=20)).replace(minute=0, second=0, microsecond=0)


def wait_for(what: Callable[[], Any], seconds: float = 120) -> Any:
    """Try until the answer is true; the last answer if it never is."""
    deadline = time.monotonic() + seconds
    while not (answer := what()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return answer


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        for word in line.split():
            if word.startswith("http://"):
                return word
    raise AssertionError(f"the program ended with {process.wait()} and printed no address")


def _keys(lines: Iterable[str]) -> dict[str, str]:
    """The keys that the demo prints, by role; they come before its example of a request."""
    keys: dict[str, str] = {}
    for line in lines:
        if found := re.match(r"(\w+)\s+(tv_\S+)$", line):
            keys[found[1]] = found[2]
        if "curl" in line:
            return keys
    raise AssertionError("the demo ended before it had printed its keys")


def written(path: Path, text: str) -> Path:
    """A file with this text."""
    path.write_text(text, "utf-8")
    return path


def _marked(mark: str) -> list[int]:
    """Processes that have the mark in the environment they were started with, as Linux tells."""
    found, own = [], f"{_MARK}={mark}".encode()
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if own in environment.read_bytes().split(b"\0"):
                found.append(int(environment.parent.name))
    return found
