"""Jobs: retrainings that were asked for, and what has become of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta


class JobStatus(StrEnum):
    """A job waits for the scheduler, runs in a process of its own, and ends one way or the other."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A retraining that was asked for, and how far it has come."""

    job: Annotated[int, Meta(description="Its number.")]
    status: JobStatus
    asked_by: str
    queued: datetime
    weeks: Annotated[int | None, Meta(description="Of counts to learn from; null: as the settings say.")] = None
    step: Annotated[str | None, Meta(description="What is being done.")] = None
    done: Annotated[float, Meta(ge=0, le=1, description="How much of it is done.")] = 0.0
    seconds_left: Annotated[float | None, Meta(description="By its pace; null before that can be told.")] = None
    started: datetime | None = None
    finished: datetime | None = None
    version: Annotated[str | None, Meta(description="The model version it made.")] = None
    error: str | None = None

    @property
    def open(self) -> bool:
        """Whether it has not ended."""
        return self.status in (JobStatus.WAITING, JobStatus.RUNNING)
