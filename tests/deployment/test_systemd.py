"""The unit as systemd's own tools judge it, where they are installed."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from service.supervisor import GRACE_SECONDS

UNIT = Path(__file__).parents[2] / "config/systemd/trappvakt.service"


def test_the_unit_waits_longer_than_the_supervisor() -> None:
    """Which gives its children time to end the running tick."""
    (seconds,) = (
        line.partition("=")[2] for line in UNIT.read_text().splitlines() if line.startswith("TimeoutStopSec=")
    )
    assert float(seconds) > GRACE_SECONDS


def test_the_unit_lets_a_retraining_take_the_lowest_priority() -> None:
    """The group of calls that it leaves out holds this one; it is let in again, by a later line."""
    lines = [line for line in UNIT.read_text().splitlines() if line.startswith("SystemCallFilter=")]
    assert lines.index("SystemCallFilter=setpriority") > lines.index("SystemCallFilter=~@privileged @resources")


FORBID = """
import ctypes, os, struct
number = {"x86_64": 141, "aarch64": 140}[os.uname().machine]
load, equal, end = 0x20, 0x15, 0x06
steps = [(load, 0, 0, 0), (equal, 0, 1, number), (end, 0, 0, 0x00050001), (end, 0, 0, 0x7FFF0000)]
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Filter(len(steps), ctypes.addressof(program)))) == 0
from service.trainer import give_way
give_way()
"""
"""A filter of system calls, as systemd makes them: setpriority is not permitted, everything else is."""


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"), reason="needs Linux's own filter"
)
def test_a_sandbox_that_forbids_it_stops_no_retraining() -> None:
    """The log says that a tick may have to wait."""
    done = subprocess.run([sys.executable, "-c", FORBID], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "retraining without giving way" in done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")
def test_systemd_takes_the_unit_and_finds_it_closed(tmp_path: Path) -> None:
    """With the program where this test runs it; an exposure of 2 of 10 at most."""
    program = str(Path(sys.executable).parent / "trappvakt")
    copy = tmp_path / "trappvakt.service"
    copy.write_text(UNIT.read_text("utf-8").replace("/opt/trappvakt/bin/trappvakt", program), "utf-8")
    for words in (["verify"], ["security", "--offline=yes", "--threshold=20"]):
        done = subprocess.run(["systemd-analyze", *words, copy], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "trappvakt.service:" not in done.stderr, done.stderr
