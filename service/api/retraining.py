"""Retraining: asked for as a job, which tells how far it has come."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from service.api.paging import Page, PageQuery, page_of
from service.api.routes import JSON, Reply, Routes
from service.domain.jobs import Job, JobStatus
from service.domain.keys import Key, Role
from service.errors import Conflict, NotFound
from service.ports import Ports
from service.usecases.versions.retraining import FEWEST_WEEKS
from service.usecases.versions.retraining_jobs import ask_for_retraining, list_jobs, read_job

routes = Routes("Model versions")

_QUEUED = Job(
    job=3, status=JobStatus.WAITING, asked_by="5f0c7a1e9b2d", queued=datetime(2026, 11, 22, 9, tzinfo=UTC), weeks=26
)
_RUNNING = msgspec.structs.replace(
    _QUEUED,
    status=JobStatus.RUNNING,
    started=datetime(2026, 11, 22, 9, 1, tzinfo=UTC),
    step="trying hyper-parameters",
    done=0.37,
    seconds_left=214.0,
)


class RetrainingAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to learn from; weeks that are left out are those of the settings."""

    weeks: Annotated[int, Meta(ge=FEWEST_WEEKS, le=520, description="Latest weeks of counts.")] | None = None


class JobPage(Page[Job], frozen=True):
    """Retrainings, the newest first."""


@routes.declare(
    "POST",
    "/v1/models",
    roles=(Role.OPERATOR,),
    status=202,
    raises=(Conflict,),
    produces={JSON: Job},
    headers={"Location": "Where to ask how far it has come."},
    sent=RetrainingAsked(weeks=26),
    answered=_QUEUED,
)
def retrain_model(ports: Ports, key: Key, body: RetrainingAsked | None) -> Reply:
    """Ask for a retraining: a new model version, fitted to the stored counts and judged beside the champion.

    The scheduler starts it in a process of the lowest priority; scoring goes on meanwhile, under the champion, until
    somebody promotes the version. One runs at a time. Where there are several tenants, none of their keys may do this,
    since versions are everybody's.
    """
    job = ask_for_retraining(ports, key.tenant, body.weeks if body else None, key.key_id)
    return Reply(job, {"Location": f"/v1/jobs/{job.job}"})


@routes.declare("GET", "/v1/jobs", roles=(Role.OPERATOR,), answered=JobPage([_RUNNING]))
def list_retrainings(ports: Ports, key: Key, query: PageQuery) -> JobPage:
    """List the retrainings that were asked for, the newest first."""
    return JobPage.of(*page_of(list_jobs(ports, key.tenant), _newest_first, query))


@routes.declare("GET", "/v1/jobs/{job}", roles=(Role.OPERATOR,), raises=(NotFound,), answered=_RUNNING)
def read_retraining(ports: Ports, key: Key, job: int) -> Job:
    """Tell how far a retraining has come, how long it will still take by its pace, and what became of it."""
    return read_job(ports, key.tenant, job)


def _newest_first(job: Job) -> tuple[int]:
    return (-job.job,)
