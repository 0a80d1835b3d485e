"""A retraining is asked for over the API as a job, and read until it has ended."""

from __future__ import annotations

import msgspec

from service.domain.jobs import JobStatus
from service.domain.keys import Role
from tests.api.conftest import body


def test_a_retraining_is_a_job(own_town):
    operator = own_town.client(Role.OPERATOR)
    asked = operator.post("/v1/models", json={"weeks": 26})
    assert asked.status_code == 202
    assert (body(asked)["status"], body(asked)["weeks"]) == ("waiting", 26)
    where = asked.headers["Location"]
    assert body(operator.post("/v1/models"))["type"] == "/problems/conflict"
    job = own_town.ports.jobs.get(body(asked)["job"])
    running = msgspec.structs.replace(job, status=JobStatus.RUNNING, step="calibrating", done=0.7, seconds_left=60.0)
    own_town.ports.jobs.put(running)
    told = body(operator.get(where))
    assert (told["step"], told["done"], told["seconds_left"]) == ("calibrating", 0.7, 60.0)
    own_town.ports.jobs.put(msgspec.structs.replace(job, status=JobStatus.DONE, version="1", done=1.0))
    assert operator.post("/v1/models").status_code == 202
    first, second = (one["job"] for one in body(operator.get("/v1/jobs"))["items"])
    assert first > second == job.job
    page = body(operator.get("/v1/jobs?limit=1"))
    assert [one["job"] for one in body(operator.get(f"/v1/jobs?limit=1&cursor={page['next']}"))["items"]] == [second]


def test_what_cannot_be_asked_for(town):
    operator = town.client(Role.OPERATOR)
    assert operator.post("/v1/models", json={"weeks": 3}).status_code == 422
    assert operator.post("/v1/models", json={"months": 3}).status_code == 422
    assert operator.get("/v1/jobs/99").status_code == 404
