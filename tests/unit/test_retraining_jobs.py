"""Jobs: a retraining that was asked for runs in a process of its own, and what becomes of it is told."""

from __future__ import annotations

import shutil
import sys
import time
from datetime import timedelta

import pytest

from models.city import simulate_city
from service.domain.jobs import Job, JobStatus
from service.errors import Conflict, InvalidInput, NotFound, NotPermitted
from service.ports import Ports
from service.trainer import Trainer
from service.usecases.learning.advance import advance
from service.usecases.versions.retraining_jobs import (
    ask_for_retraining,
    give_up_job,
    queue_due_retraining,
    read_job,
    run_job,
)
from tests.worlds import TENANT, city_points, end_of, register_city, sqlite_ports


@pytest.fixture(scope="module")
def scored(tmp_path_factory) -> Ports:
    """A scored town of two weeks: too few to retrain on."""
    city = simulate_city(4, stairwells=2, weeks=2)
    ports = sqlite_ports(tmp_path_factory.mktemp("scored"), end_of(city))
    register_city(ports, city)
    ports.counts.append(city_points(city))
    advance(ports)
    return ports


@pytest.fixture
def ports(scored, tmp_path) -> Ports:
    """A copy of it."""
    shutil.copytree(scored.settings.data_dir, tmp_path, dirs_exist_ok=True)
    return sqlite_ports(tmp_path, scored.clock.now())


def settled(trainer: Trainer, ports: Ports, number: int) -> Job:
    """The job once its process has ended and the trainer has looked."""
    deadline = time.monotonic() + 120
    while ports.jobs.get(number).open and time.monotonic() < deadline:
        trainer.tend()
        time.sleep(0.02)
    return ports.jobs.get(number)


def test_one_retraining_is_asked_for_at_a_time(ports):
    job = ask_for_retraining(ports, TENANT, 26, "key-1")
    assert (job.status, job.weeks, job.done) == (JobStatus.WAITING, 26, 0.0)
    with pytest.raises(Conflict, match="has not ended"):
        ask_for_retraining(ports, TENANT, None, "key-1")
    assert read_job(ports, TENANT, job.job) == job
    with pytest.raises(NotFound):
        read_job(ports, TENANT, 99)
    assert ports.audit.entries("*")[0].action == "model.retrain"


def test_what_cannot_be_retrained_is_refused_at_once(ports, tmp_path):
    with pytest.raises(InvalidInput, match="too few"):
        ask_for_retraining(ports, TENANT, 3, "key-1")
    with pytest.raises(Conflict, match="nothing has been scored"):
        ask_for_retraining(sqlite_ports(tmp_path / "empty"), TENANT, None, "key-1")
    with pytest.raises(NotPermitted):
        ask_for_retraining(ports, "another tenant", None, "key-1")


def test_a_retraining_that_fails_keeps_its_message(ports):
    number = ask_for_retraining(ports, TENANT, None, "key-1").job
    failed = run_job(ports, number)
    assert failed == ports.jobs.get(number)
    assert failed.status is JobStatus.FAILED
    assert "only 2.0 weeks are scored" in failed.error
    assert ask_for_retraining(ports, TENANT, None, "key-1").job == number + 1


def test_a_process_that_dies_ends_its_job(ports):
    number = ask_for_retraining(ports, TENANT, None, "key-1").job
    trainer = Trainer(ports, [sys.executable, "-c", "raise SystemExit(7)"])
    assert trainer.tend() == {"retraining": number}
    died = settled(trainer, ports, number)
    assert died.status is JobStatus.FAILED
    assert "code 7" in died.error
    assert trainer.tend() == {}
    give_up_job(ports, number, "once more")
    assert read_job(ports, TENANT, number) == died


def test_a_tick_waits_for_no_retraining_and_one_cut_short_is_begun_anew(ports):
    number = ask_for_retraining(ports, TENANT, None, "key-1").job
    asleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    trainer = Trainer(ports, asleep)
    began = time.monotonic()
    assert trainer.tend() == {"retraining": number}
    assert trainer.tend() == {}
    trainer.end()
    assert time.monotonic() - began < 30
    assert ports.jobs.get(number).open
    after = Trainer(ports, asleep)
    assert after.tend() == {"retraining": number}
    after.end()


def test_a_retraining_is_due_so_many_weeks_after_the_last(tmp_path):
    city = simulate_city(4, stairwells=2, weeks=5)
    ports = sqlite_ports(tmp_path, end_of(city), retraining__every_weeks=4)
    register_city(ports, city)
    ports.counts.append(city_points(city))
    assert queue_due_retraining(ports) is None
    advance(ports)
    due = queue_due_retraining(ports)
    assert (due.asked_by, due.weeks) == ("scheduler", None)
    assert queue_due_retraining(ports) is None
    ports.jobs.put(Job(job=due.job, status=JobStatus.FAILED, asked_by="scheduler", queued=due.queued))
    assert queue_due_retraining(ports) is None
    ports.clock.time += timedelta(weeks=4)
    assert queue_due_retraining(ports).job == due.job + 1
