"""Jobs in jobs.db, a file of their own: a slow process that tells of its progress must not hold up a tick's commit."""

from __future__ import annotations

from datetime import datetime

import msgspec

from service.domain.jobs import Job, JobStatus
from service.errors import Conflict, NotFound
from service.stores.sqlite.connection import SqliteStore


class SqliteJobStore(SqliteStore):
    """A row a job.

    Parameters
    ----------
    database
        A file whose commits need not be synced.
    """

    def queue(self, weeks: int | None, asked_by: str, queued: datetime) -> Job:
        """Record a job that waits."""
        with self._database.transaction() as connection:
            if under_way := [one for one in self.newest(1) if one.open]:
                raise Conflict(f"retraining {under_way[0].job} has not ended; ask again when it has")
            number: int = connection.execute("INSERT INTO job (document) VALUES (x'') RETURNING number").fetchone()[0]
            job = Job(job=number, status=JobStatus.WAITING, asked_by=asked_by, queued=queued, weeks=weeks)
            self.put(job)
        return job

    def put(self, job: Job) -> None:
        """Record what has become of a job."""
        self._database.execute("UPDATE job SET document = ? WHERE number = ?", (msgspec.json.encode(job), job.job))

    def get(self, number: int) -> Job:
        """A job by its number."""
        rows = self._database.rows("SELECT document FROM job WHERE number = ?", (number,))
        if not rows:
            raise NotFound(f"there is no job {number}; it was never asked for")
        return msgspec.json.decode(rows[0][0], type=Job)

    def newest(self, limit: int | None = None) -> list[Job]:
        """Jobs, the newest first."""
        most = -1 if limit is None else limit
        rows = self._database.rows("SELECT document FROM job ORDER BY number DESC LIMIT ?", (most,))
        return [msgspec.json.decode(document, type=Job) for (document,) in rows]
