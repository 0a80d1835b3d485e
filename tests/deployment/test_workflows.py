"""Workflows take nothing that others may exchange behind a name, may do no more than read, and come to an end."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deployment.test_compose import SERVICES

WORKFLOWS = sorted((Path(__file__).parents[2] / ".github/workflows").glob("*.yml"))


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.stem)
def workflow(request: pytest.FixtureRequest) -> Path:
    """One of them."""
    path: Path = request.param
    return path


def read(workflow: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(workflow.read_text("utf-8"))
    return document


def test_actions_are_named_by_commit_and_told_by_version(workflow: Path) -> None:
    """A tag can be moved to other code, as happened to actions that thousands used; a commit cannot."""
    used = re.findall(r"uses: (.*)", workflow.read_text("utf-8"))
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []


def test_jobs_may_read_and_end(workflow: Path) -> None:
    """A job that hangs would take six hours."""
    document = read(workflow)
    assert document["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 30 and "permissions" not in job for job in document["jobs"].values())


def test_influxdb_is_the_one_that_runs_in_containers(workflow: Path) -> None:
    """What the tests are held against is what is shipped."""
    images = {
        service["image"] for job in read(workflow)["jobs"].values() for service in job.get("services", {}).values()
    }
    assert images == {SERVICES["influxdb"]["image"]}
