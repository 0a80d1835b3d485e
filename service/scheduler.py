"""The one scheduler: it ticks.

There is one however many processes serve the API, because the lock on ``scheduler.lock`` decides; the system releases
it when its holder dies. The job reads the stored watermark itself, so a tick missed is a tick made up for.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import structlog
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from filelock import FileLock, Timeout

from service import metrics
from service.domain.installation import SCHEDULER_LOCK
from service.errors import SchedulerBusy
from service.ports import Ports
from service.settings import Settings
from service.supervisor import stop_on_signals
from service.tick import Tick
from service.trainer import Trainer

_log = structlog.get_logger(__name__)


@contextmanager
def scheduler_lock(settings: Settings) -> Iterator[None]:
    """Be the only process that changes state.

    Raises
    ------
    SchedulerBusy
        If another process is.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(settings.data_dir / SCHEDULER_LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise SchedulerBusy(
            f"a scheduler is running on {settings.data_dir}: it holds {SCHEDULER_LOCK}, and only one may change state"
        ) from error
    try:
        yield
    finally:
        lock.release()


def run_scheduler(ports: Ports, trainer: Trainer | None = None) -> None:
    """Tick until SIGTERM, SIGINT or SIGHUP; a running tick ends first, a long catch-up at its next commit.

    Parameters
    ----------
    ports
        The service's ports.
    trainer
        Who starts retrainings; without one they wait.

    Raises
    ------
    SchedulerBusy
        If another scheduler runs on the same data.
    """
    with scheduler_lock(ports.settings):
        stop = threading.Event()
        stop_on_signals(stop)
        jobs = BackgroundScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(1)})
        jobs.add_listener(_count_missed, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
        jobs.add_job(
            Tick(ports, stop, trainer).run,
            IntervalTrigger(seconds=ports.settings.advance.interval_seconds, timezone=UTC),
            next_run_time=datetime.now(UTC),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        jobs.start()
        _log.info("scheduling", interval_seconds=ports.settings.advance.interval_seconds)
        stop.wait()
        jobs.shutdown(wait=True)
        if trainer:
            trainer.end()


def _count_missed(_event: JobEvent) -> None:
    metrics.TICKS_MISSED.inc()
