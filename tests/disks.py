"""A disk of a few megabytes that really is full when it is full."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

_RIGHTS = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]


@contextmanager
def small_disk(folder: Path, megabytes: float) -> Iterator[Path]:
    """Mount a file system in memory of so many megabytes on a folder; skip the test where nobody may mount."""
    folder.mkdir()
    size = f"size={int(megabytes * 2**20)},mode=1777"
    try:
        mounting = [*_RIGHTS, "mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)]
        subprocess.run(mounting, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk is mounted as root, or by sudo without a password")
    try:
        yield folder
    finally:
        subprocess.run([*_RIGHTS, "umount", "--lazy", str(folder)], check=True)


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    """Let nobody write to a small disk for a while, as a file system does by itself whose device fails."""
    subprocess.run([*_RIGHTS, "mount", "-o", "remount,ro", str(disk)], check=True)
    try:
        yield
    finally:
        subprocess.run([*_RIGHTS, "mount", "-o", "remount,rw", str(disk)], check=True)


def fill(disk: Path, leave_bytes: int = 0) -> Path:
    """Fill a disk with one file, but for some bytes."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    os.truncate(ballast, max(0, ballast.stat().st_size - leave_bytes))
    return ballast
