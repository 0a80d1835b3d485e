"""What every store of jobs keeps to."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from service.domain.jobs import JobStatus
from service.errors import Conflict, NotFound
from service.ports.jobs import JobStore
from service.stores.memory import MemoryJobStore
from service.stores.sqlite.connection import Database
from service.stores.sqlite.jobs import SqliteJobStore
from service.stores.sqlite.schema import JOBS

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "memory"])
def jobs(request, tmp_path) -> JobStore:
    return SqliteJobStore(Database(tmp_path / "jobs.db", JOBS)) if request.param == "sqlite" else MemoryJobStore()


def test_a_job_is_kept_as_it_was_put(jobs):
    job = jobs.queue(26, "key-1", NOW)
    assert jobs.get(job.job) == job
    done = msgspec.structs.replace(job, status=JobStatus.DONE, done=1.0, version="4", finished=NOW)
    jobs.put(done)
    assert jobs.get(job.job) == done
    with pytest.raises(NotFound):
        jobs.get(job.job + 1)


def test_another_job_waits_until_the_last_has_ended(jobs):
    job = jobs.queue(None, "key-1", NOW)
    with pytest.raises(Conflict):
        jobs.queue(None, "key-1", NOW)
    jobs.put(msgspec.structs.replace(job, status=JobStatus.RUNNING))
    with pytest.raises(Conflict):
        jobs.queue(None, "key-1", NOW)
    jobs.put(msgspec.structs.replace(job, status=JobStatus.FAILED, error="why"))
    second = jobs.queue(None, "key-1", NOW)
    assert second.job > job.job
    assert [one.job for one in jobs.newest()] == [second.job, job.job]
    assert [one.job for one in jobs.newest(1)] == [second.job]
