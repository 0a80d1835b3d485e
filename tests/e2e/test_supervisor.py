"""The supervisor with real processes: what dies comes back, and nothing is left behind."""

import errno
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service import server
from service.errors import SettingsError
from service.metrics import FOLDER_VARIABLE
from service.supervisor import listen, pause_before_restart
from tests.e2e.programs import alive

PATIENCE_SECONDS = 60.0

CHILD = """
import os, pathlib, sys, time
from service.supervisor import follow_supervisor
follow_supervisor()
folder = pathlib.Path(sys.argv[1])
(folder / f"{sys.argv[2]}-{os.getpid()}").touch()
time.sleep(600)
"""
PARENT = """
import sys
from service.supervisor import Program, Supervisor
folder = sys.argv[1]
programs = [Program(name, [sys.executable, "-c", sys.argv[2], folder, name]) for name in ("api", "scheduler")]
Supervisor(programs).run(lambda: print("started", flush=True))
"""


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, at most a while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def pids(folder: Path, name: str) -> list[int]:
    """Processes of a name that have started and still run."""
    return [pid for path in folder.glob(f"{name}-*") if alive(pid := int(path.name.split("-")[1]))]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A supervisor with two programs, both running."""
    process = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path), CHILD], stdout=subprocess.DEVNULL)
    try:
        until(lambda: len(pids(tmp_path, "api")) == len(pids(tmp_path, "scheduler")) == 1)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("name", ["api", "scheduler"])
def test_a_killed_program_comes_back(supervisor: subprocess.Popen[bytes], tmp_path: Path, name: str) -> None:
    """Twice in a row, and the other one is left alone."""
    other = pids(tmp_path, "scheduler" if name == "api" else "api")
    for _ in range(2):
        [first] = pids(tmp_path, name)
        os.kill(first, signal.SIGKILL)
        until(lambda first=first: pids(tmp_path, name) not in ([], [first]))
    assert pids(tmp_path, "scheduler" if name == "api" else "api") == other


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_asked_to_end_it_ends_everything(
    supervisor: subprocess.Popen[bytes], tmp_path: Path, number: signal.Signals
) -> None:
    """And ends well itself."""
    supervisor.send_signal(number)
    assert supervisor.wait(PATIENCE_SECONDS) == 0
    assert pids(tmp_path, "*") == []


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells of a parent's death on Linux only")
def test_a_killed_supervisor_leaves_no_orphans(supervisor: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """Even when it could not say good-bye."""
    supervisor.kill()
    until(lambda: pids(tmp_path, "*") == [])


HOLDER = """
import sys
from service import server
server._IN_MEMORY = sys.argv[1]
with server.metrics_folder() as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


def holder(memory: Path) -> subprocess.Popen[str]:
    """A process that holds a folder of metrics until its input ends."""
    command = [sys.executable, "-c", HOLDER, str(memory)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_the_metrics_of_a_killed_supervisor_are_cleared_by_the_next(tmp_path: Path) -> None:
    """Each kill left half a megabyte of memory taken until the machine was started anew; the living keep theirs."""
    with holder(tmp_path) as living, holder(tmp_path) as killed:
        kept, left = ((process.stdout or sys.stdin).readline().strip() for process in (living, killed))
        killed.kill()
        killed.wait()
        for folder in (kept, left):
            (Path(folder) / "counter_1.db").write_bytes(bytes(1000))
            os.utime(folder, (0, 0))
        with holder(tmp_path) as following:
            own = (following.stdout or sys.stdin).readline().strip()
            assert sorted(map(str, tmp_path.iterdir())) == sorted([kept, own])
            assert (Path(kept) / "counter_1.db").exists()
    assert list(tmp_path.iterdir()) == []


COUNTER = """
import sys
from service import metrics
print(flush=True)
sys.stdin.read()
"""


def test_metrics_that_a_living_service_had_to_make_anew_stay_with_it(tmp_path: Path) -> None:
    """The supervisor holds a folder that is gone; the next service of this user cleared the new one as a dead one's."""
    with holder(tmp_path) as living:
        folder = (living.stdout or sys.stdin).readline().strip()
        shutil.rmtree(folder)
        command, environment = [sys.executable, "-c", COUNTER], os.environ | {FOLDER_VARIABLE: folder}
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, env=environment, text=True, **streams) as counting:
            (counting.stdout or sys.stdin).readline()
            os.utime(folder, (0, 0))
            with holder(tmp_path) as following:
                (following.stdout or sys.stdin).readline()
                assert list(Path(folder).glob("*.db"))
    assert list(tmp_path.iterdir()) == []


def test_where_folders_know_no_locks_a_service_starts_and_clears_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on NFS, which locks for writing only what is open for writing; the living could not be told from the dead."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    monkeypatch.setattr(server, "_IN_MEMORY", str(tmp_path))
    monkeypatch.setattr(fcntl, "flock", refuse)
    (left := tmp_path / "trappvakt-metrics-left").mkdir()
    os.utime(left, (0, 0))
    with server.metrics_folder() as folder:
        assert sorted(tmp_path.iterdir()) == sorted([left, Path(folder)])
    assert list(tmp_path.iterdir()) == [left]


def test_a_program_that_cannot_start_is_tried_again_ever_more_slowly(tmp_path: Path) -> None:
    """A broken program neither ends the supervisor nor keeps it busy."""
    starts = tmp_path / "starts"
    command = [sys.executable, "-c", "import sys; open(sys.argv[1], 'a').write('x'); sys.exit(1)", str(starts)]
    script = "import sys; from service.supervisor import *; Supervisor([Program('broken', sys.argv[1:])]).run()"
    process = subprocess.Popen([sys.executable, "-c", script, *command], stdout=subprocess.PIPE, text=True)
    pauses: list[str] = []
    reader = threading.Thread(target=lambda: pauses.extend(line for line in process.stdout or () if "died" in line))
    reader.start()
    try:
        until(lambda: starts.exists() and starts.stat().st_size >= 3)
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        reader.join()
    assert ["restart_in_seconds=0.25" in pauses[0], "restart_in_seconds=0.5" in pauses[1]] == [True, True]


def test_a_program_that_dies_for_weeks_is_tried_again_as_after_a_minute() -> None:
    """As a scheduler on a disk that turned read-only; the supervisor ended, and the API with it, after 1,025 tries."""
    pauses = [0.0]
    for _ in range(100_000):
        pauses.append(pause_before_restart(pauses[-1], lived=2.0))
    assert pauses[1:8] == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0]
    assert pauses[-1] == 15.0
    assert pause_before_restart(15.0, lived=40.0) == 0.25


def test_port_zero_takes_a_free_port() -> None:
    """And a taken one is refused with what to do."""
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert port > 0
        with pytest.raises(SettingsError, match=rf"cannot listen on 127\.0\.0\.1:{port}.*api\.port"):
            listen("127.0.0.1", port)
        with socket.create_connection(("127.0.0.1", port)):
            pass
