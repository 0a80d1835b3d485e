"""What a test has started ends with the test, whatever happens to either."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import INSTALLED
from tests.e2e.programs import alive, started, wait_for
from tests.preloaded import preloaded

STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(os.path.join(sys.argv[1], str(os.getpid())), "w").close()
if sys.argv[2:]:
    subprocess.Popen([sys.executable, "-c", sys.argv[2], sys.argv[1]], start_new_session=True)
time.sleep(600)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")


@pytest.mark.parametrize("killed", [False, True])
def test_nothing_is_left_of_a_test_that_fails(tmp_path: Path, killed: bool) -> None:
    """Not the program, which does not end when asked to, nor what it started in a session of its own."""
    with pytest.raises(AssertionError if killed else subprocess.TimeoutExpired) as failed:
        fail_amid_stubborn_programs(tmp_path, killed)
    assert isinstance(failed.value if killed else failed.value.__context__, AssertionError)
    begun = [int(path.name) for path in tmp_path.iterdir()]
    assert wait_for(lambda: not any(map(alive, begun)), 10), "one that is killed takes a moment to be gone"


def fail_amid_stubborn_programs(folder: Path, killed: bool) -> None:
    with started([sys.executable, "-c", STUBBORN, folder, STUBBORN], grace_seconds=0.2) as process:
        assert wait_for(lambda: len(list(folder.iterdir())) == 2)
        if killed:
            process.kill()
        raise AssertionError("as a test does")


def test_a_command_that_is_loaded_already_ends_as_any(tmp_path: Path) -> None:
    """The same code, words and place, whether it does what it is told to or fails."""
    (tmp_path / "programs").mkdir()
    with preloaded(tmp_path / "programs") as folder:
        for words in (["--data", "empty", "keys", "list"], ["--data", "empty", "lists", "show"]):
            loaded, installed = (
                subprocess.run([Path(where) / "trappvakt", *words], cwd=tmp_path, capture_output=True, check=False)
                for where in (folder, INSTALLED)
            )
            assert (loaded.returncode, loaded.stdout, loaded.stderr) == (
                installed.returncode,
                installed.stdout,
                installed.stderr,
            )
    assert (tmp_path / "empty").is_dir()
