"""The port of jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from service.domain.jobs import Job


class JobStore(Protocol):
    """Retrainings that were asked for. What is told of their progress is worth a minute, and may be lost."""

    def queue(self, weeks: int | None, asked_by: str, queued: datetime) -> Job:
        """Record a job that waits, under a number above all before; raises Conflict while another has not ended."""

    def put(self, job: Job) -> None:
        """Record what has become of a job."""

    def get(self, number: int) -> Job:
        """A job; raises NotFound."""

    def newest(self, limit: int | None = None) -> list[Job]:
        """Jobs, the newest first, at most so many of them."""
