"""The program as its users run it: real processes, a real address."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from service.demo import SETTINGS_FILE

_HURRY = """[advance]
interval_seconds = 1

[retraining]
candidates = 0
simulated_share = 0.02
workers = 1
"""
TRAPPVAKT = [sys.executable, "-m", "service.cli"]


def run(*words: object, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    command = [*TRAPPVAKT, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if check and done.returncode:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done


@contextmanager
def serving(*words: object) -> Iterator[str]:
    """Run a command that serves; gives the address it prints, and stops it at the end."""
    process = subprocess.Popen(
        [*TRAPPVAKT, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield _address(process)
    finally:
        process.terminate()
        process.wait(60)


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
    command = [*TRAPPVAKT, "--config", str(config), "--data", str(folder), "demo", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        address = _address(process)
        keys = _keys(process.stdout or ())
        yield Demo(address, folder, keys)
        process.terminate()


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
