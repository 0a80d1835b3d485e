"""The trainer: starts retrainings for the scheduler, one at a time, in a process that gives way to all others."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import NoReturn

import structlog

from service.domain.jobs import Job
from service.ports import Ports
from service.supervisor import PARENT_VARIABLE, follow_supervisor
from service.usecases.versions.retraining_jobs import give_up_job, next_job, queue_due_retraining, run_job

LOWEST_PRIORITY = 19
GRACE_SECONDS = 10.0

_log = structlog.get_logger(__name__)


class Trainer:
    """Looked after once a tick; a retraining costs a tick no more than starting its process.

    Parameters
    ----------
    ports
        The service's ports.
    command
        Argument vector that runs a job whose number is added to it.
    """

    def __init__(self, ports: Ports, command: Sequence[str]) -> None:
        self._ports = ports
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._number = 0

    def tend(self) -> dict[str, object]:
        """Settle what has ended, start what waits; what a tick's log line tells of it."""
        told: dict[str, object] = {}
        if self._process is not None and (code := self._process.poll()) is not None:
            self._process = None
            give_up_job(self._ports, self._number, f"its process ended with code {code}; the log may tell why")
            told["retrained"] = self._number
        queue_due_retraining(self._ports)
        if self._process is None and (job := next_job(self._ports)):
            self._start(job)
            told["retraining"] = job.job
        return told

    def end(self) -> None:
        """End the process; its job is started anew with the next scheduler."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self, job: Job) -> None:
        environment: Mapping[str, str] = {**os.environ, PARENT_VARIABLE: str(os.getpid())}
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [*self._command, str(job.job)], env=environment, stdin=subprocess.DEVNULL
        )
        self._number = job.job
        _log.info("retraining", job=job.job, pid=self._process.pid, weeks=job.weeks)


def run_job_process(ports: Ports, number: int) -> Job:
    """Be the process of a job: of the lowest priority, and ended with the scheduler, its workers with it."""
    follow_supervisor()
    signal.signal(signal.SIGTERM, _leave)
    give_way()
    return run_job(ports, number)


def give_way() -> None:
    """Take the lowest priority; where a sandbox forbids it, say so, since a slow tick is better than no retraining."""
    try:
        os.nice(LOWEST_PRIORITY)
    except OSError as error:
        _log.warning("retraining without giving way", reason=error.strerror)


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """End by the usual way out, on which workers are told to go."""
    raise SystemExit(128 + signal.SIGTERM)
