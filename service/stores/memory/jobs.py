"""Jobs in memory."""

from __future__ import annotations

from datetime import datetime

from service.domain.jobs import Job, JobStatus
from service.errors import Conflict, NotFound


class MemoryJobStore:
    """Jobs by number."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}

    def queue(self, weeks: int | None, asked_by: str, queued: datetime) -> Job:
        """Record a job that waits."""
        if under_way := [one for one in self._jobs.values() if one.open]:
            raise Conflict(f"retraining {under_way[0].job} has not ended; ask again when it has")
        number = len(self._jobs) + 1
        job = Job(job=number, status=JobStatus.WAITING, asked_by=asked_by, queued=queued, weeks=weeks)
        self.put(job)
        return job

    def put(self, job: Job) -> None:
        """Record what has become of a job."""
        self._jobs[job.job] = job

    def get(self, number: int) -> Job:
        """A job by its number."""
        if number not in self._jobs:
            raise NotFound(f"there is no job {number}; it was never asked for")
        return self._jobs[number]

    def newest(self, limit: int | None = None) -> list[Job]:
        """Jobs, the newest first."""
        return sorted(self._jobs.values(), key=lambda one: -one.job)[:limit]
