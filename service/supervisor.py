"""One process that keeps others running: restarts what dies, and leaves nothing behind.

The supervisor opens the API's listening socket itself and hands it down, so that a restart of the API keeps waiting
connections, and port 0 gets a number before anybody is told.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

import structlog

from service.errors import SettingsError

PARENT_VARIABLE = "TRAPPVAKT_SUPERVISOR"
STEADY_SECONDS = 30.0
"""A process that lived this long has no failures left to its name."""
LONGEST_PAUSE_SECONDS = 15.0
FIRST_PAUSE_SECONDS = 0.25
GRACE_SECONDS = 30.0
"""Between asking to end and ending by force; state stands a kill, so nothing is lost then either."""
_LOOK_SECONDS = 0.1
_PR_SET_PDEATHSIG = 1

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Program:
    """A process to keep running.

    Parameters
    ----------
    name
        Of the log lines.
    command
        Argument vector.
    descriptors
        Open file descriptors it inherits, by number.
    """

    name: str
    command: Sequence[str]
    descriptors: Sequence[int] = ()


class Supervisor:
    """Keeps programs running until it is told to stop.

    Each program leads a process group of its own: a key pressed on the terminal reaches the supervisor alone, and what
    a dead program has left running is ended with its group.

    Parameters
    ----------
    programs
        What to run.
    environment
        Of the programs, in addition to the supervisor's own.
    """

    def __init__(self, programs: Sequence[Program], environment: Mapping[str, str] | None = None) -> None:
        self._environment = {**os.environ, **(environment or {}), PARENT_VARIABLE: str(os.getpid())}
        self._children = [_Child(program, self._environment) for program in programs]
        self._stop = threading.Event()

    def run(self, started: Callable[[], None] | None = None) -> None:
        """Start everything, call ``started``, and watch until SIGTERM, SIGINT or SIGHUP; then stop everything."""
        stop_on_signals(self._stop)
        try:
            for child in self._children:
                child.start()
            if started:
                started()
            while not self._stop.wait(_LOOK_SECONDS):
                for child in self._children:
                    child.look(time.monotonic())
        finally:
            self._end()

    def _end(self) -> None:
        _log.info("stopping")
        deadline = time.monotonic() + GRACE_SECONDS
        for child in self._children:
            child.terminate()
        for child in self._children:
            child.finish(deadline)
        _log.info("stopped")


class _Child:
    def __init__(self, program: Program, environment: Mapping[str, str]) -> None:
        self._program = program
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = 0.0
        self._since = 0.0
        self._due = 0.0

    def start(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            self._program.command,
            env=self._environment,
            pass_fds=self._program.descriptors,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._since = time.monotonic()
        _log.info("started", program=self._program.name, pid=self._process.pid)

    def look(self, now: float) -> None:
        """Restart the process if it has died and its pause is over."""
        if self._process is None:
            if now >= self._due:
                self.start()
            return
        if (code := self._process.poll()) is None:
            return
        self._kill_group(self._process)
        self._pause = pause = pause_before_restart(self._pause, now - self._since)
        self._due = now + pause
        self._process = None
        _log.warning("died", program=self._program.name, exit_code=code, restart_in_seconds=pause)

    def terminate(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def finish(self, deadline: float) -> None:
        """Wait for the process until the deadline, then end it and whatever it started by force."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _log.warning("killed", program=self._program.name, after_seconds=GRACE_SECONDS)
        self._kill_group(self._process)
        self._process.wait()

    @staticmethod
    def _kill_group(process: subprocess.Popen[bytes]) -> None:
        with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
            os.killpg(process.pid, signal.SIGKILL)


def pause_before_restart(last_pause: float, lived: float) -> float:
    """How long a program that has died waits to be started again, in seconds; twice as long each time.

    Parameters
    ----------
    last_pause
        What it waited before it was started, 0 the first time.
    lived
        For how long it ran since.
    """
    if lived > STEADY_SECONDS:
        return FIRST_PAUSE_SECONDS
    return min(LONGEST_PAUSE_SECONDS, max(FIRST_PAUSE_SECONDS, 2 * last_pause))


def stop_on_signals(stop: threading.Event) -> None:
    """Set ``stop`` when this process is asked to end."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, ask)


def follow_supervisor() -> None:
    """Called by a supervised process at its start: when the supervisor is killed, end as if asked to.

    On Linux the kernel sends SIGTERM when the parent dies; elsewhere a killed supervisor leaves its processes to the
    operator.
    """
    if parent := os.environ.get(PARENT_VARIABLE):
        die_with_parent(int(parent))


def die_with_parent(parent: int) -> None:
    """Ask the kernel for SIGTERM on the death of the parent process, which may already have happened."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)


def listen(host: str, port: int) -> socket.socket:
    """Open a listening TCP socket; port 0 takes a free one.

    Raises
    ------
    SettingsError
        If the address cannot be listened on.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        opened = socket.socket(family, kind, protocol)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(2048)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {host}:{port}: {error.strerror or error}; "
            "choose another with --port, api.port or api.host"
        ) from error
    return opened
