"""Retrainings as jobs: asked for or due, run in a process of their own, which tells how far it has come."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import msgspec

from service.domain.jobs import Job, JobStatus
from service.domain.keys import EVERY_TENANT
from service.errors import TrappvaktError
from service.ports import Ports
from service.usecases.audit import SCHEDULER, record
from service.usecases.learning.shards import manifest_in_force
from service.usecases.versions.orders import check_alone
from service.usecases.versions.retraining import FEWEST_WEEKS, check_weeks, retrain

_TELL_SECONDS = 1.0


def ask_for_retraining(ports: Ports, tenant: str, weeks: int | None, asked_by: str) -> Job:
    """Queue a retraining; the scheduler starts it.

    Raises
    ------
    Conflict
        If nothing has been scored yet, or another retraining has not ended.
    InvalidInput
        If ``weeks`` is below :data:`FEWEST_WEEKS`.
    NotPermitted
        If there are other tenants.
    """
    check_alone(ports, tenant)
    if weeks is not None:
        check_weeks(weeks)
    manifest_in_force(ports, "retraining")
    return _queue(ports, weeks, asked_by)


def queue_due_retraining(ports: Ports) -> Job | None:
    """Queue a retraining if the settings ask for one by now."""
    every, manifest, now = ports.settings.retraining.every_weeks, ports.state.manifest(), ports.clock.now()
    if not every or manifest is None or now < _latest(ports, manifest.origin) + timedelta(weeks=every):
        return None
    if manifest.watermark - manifest.origin < timedelta(weeks=FEWEST_WEEKS).total_seconds():
        return None
    return None if next_job(ports) else _queue(ports, None, SCHEDULER)


def next_job(ports: Ports) -> Job | None:
    """The retraining that has not ended, if any: it waits, or was running when its process died."""
    return next((job for job in ports.jobs.newest(1) if job.open), None)


def read_job(ports: Ports, tenant: str, number: int) -> Job:
    """What has become of a job.

    Raises
    ------
    NotFound
        If there is no such job.
    NotPermitted
        If there are other tenants.
    """
    check_alone(ports, tenant)
    return ports.jobs.get(number)


def list_jobs(ports: Ports, tenant: str) -> list[Job]:
    """Jobs, the newest first.

    Raises
    ------
    NotPermitted
        If there are other tenants.
    """
    check_alone(ports, tenant)
    return ports.jobs.newest()


def run_job(ports: Ports, number: int) -> Job:
    """Run a job to its end, and record its progress and what came of it; a fault of ours is raised for the log."""
    teller = _Teller(ports, number)
    try:
        version = retrain(ports, teller.job.weeks, teller.tell).version_id
    except TrappvaktError as error:
        return teller.end(JobStatus.FAILED, error=str(error))
    except Exception as error:
        teller.end(JobStatus.FAILED, error=f"it failed ({type(error).__name__}); the log has the details")
        raise
    return teller.end(JobStatus.DONE, version=version, done=1.0)


def give_up_job(ports: Ports, number: int, error: str) -> None:
    """Record that a job's process ended before the job did; what has ended stays as it is."""
    job = ports.jobs.get(number)
    if job.open:
        ports.jobs.put(_ended(job, ports.clock.now(), JobStatus.FAILED, error=error))


class _Teller:
    """Records how far a job has come, at most once a second."""

    def __init__(self, ports: Ports, number: int) -> None:
        self._ports = ports
        self.job = msgspec.structs.replace(
            ports.jobs.get(number), status=JobStatus.RUNNING, started=ports.clock.now(), done=0.0, seconds_left=None
        )
        self._ports.jobs.put(self.job)
        self._told = 0.0

    def tell(self, step: str, done: float, seconds_left: float | None) -> None:
        self.job = msgspec.structs.replace(self.job, step=step, done=min(done, 1.0), seconds_left=seconds_left)
        if time.monotonic() >= self._told + _TELL_SECONDS:
            self._ports.jobs.put(self.job)
            self._told = time.monotonic()

    def end(self, status: JobStatus, **found: object) -> Job:
        self.job = _ended(self.job, self._ports.clock.now(), status, **found)
        self._ports.jobs.put(self.job)
        return self.job


def _ended(job: Job, finished: datetime, status: JobStatus, **found: object) -> Job:
    return msgspec.structs.replace(job, status=status, finished=finished, step=None, seconds_left=None, **found)


def _queue(ports: Ports, weeks: int | None, asked_by: str) -> Job:
    job = ports.jobs.queue(weeks, asked_by, ports.clock.now())
    record(ports, asked_by, EVERY_TENANT, "model.retrain", str(job.job))
    return job


def _latest(ports: Ports, origin: int) -> datetime:
    """When a retraining was last asked for, or a version made; before any, when the first window began."""
    asked = [job.queued for job in ports.jobs.newest(1)]
    made = [manifest.created for manifest in ports.registry.manifests() if manifest.parent is not None]
    return max([datetime.fromtimestamp(origin, UTC), *asked, *made])
