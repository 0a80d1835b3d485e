"""The program as its users run it: real processes, a real address."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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


def get(address: str, path: str, token: str) -> Any:
    """The JSON of one page."""
    request = urllib.request.Request(address + path, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


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


def written(path: Path, text: str) -> Path:
    """A file with this text."""
    path.write_text(text, "utf-8")
    return path
