"""The unit as systemd's own tools judge it, where they are installed."""

from __future__ import annotations

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
