"""The scheduler on a clock that is set while it runs, as one that is ahead of the time or behind it is by NTP."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.e2e.programs import TRAPPVAKT, started, wait_for, written

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


@pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed (Debian: faketime)")
@pytest.mark.parametrize("wrong", ["+2h", "-2h"])
def test_ticks_go_on_when_the_clock_is_set(tmp_path: Path, wrong: str) -> None:
    """By the clock on the wall, the next one would be due in two hours, or 7200 at once."""
    settings = written(tmp_path / "settings.toml", "[advance]\ninterval_seconds = 1\n")
    shown, log = written(tmp_path / "shown", wrong), tmp_path / "log"
    faked = {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(shown),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    command = [*TRAPPVAKT, "--config", settings, "--data", tmp_path / "data", "scheduler"]
    with log.open("w") as file, started(command, stderr=file, env=os.environ | faked) as process:
        assert wait_for(lambda: ticks(log) > 1, 60)
        written(shown, "+0")
        before, began = ticks(log), time.monotonic()
        assert wait_for(lambda: ticks(log) > before + 4, 20)
        assert ticks(log) - before < time.monotonic() - began + 3
    assert process.returncode == 0


def ticks(log: Path) -> int:
    return log.read_text("utf-8").count('"event": "tick"')
