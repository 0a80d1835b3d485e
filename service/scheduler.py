"""The one scheduler: it ticks.

There is one however many processes serve the API, because the lock on ``scheduler.lock`` decides; the system releases
it when its holder dies. The job reads the stored watermark itself, so a tick missed is a tick made up for.

APScheduler tells by the clock on the wall when the job is due. Where that is set back, as one that is ahead of the time
is by NTP, the job would not be due for as long as the clock was ahead; the wait for the end looks after it meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

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
        _log.info("scheduling", interval_seconds=ports.settings.advance.interval_seconds)
        run_every(ports.settings.advance.interval_seconds, Tick(ports, stop, trainer).run, stop)
        if trainer:
            trainer.end()


def run_every(seconds: float, tick: Callable[[], None], stop: threading.Event) -> None:
    """Run now and every so many seconds until ``stop``; what comes due while a tick runs is counted and left out.

    An error of the tick is logged, and the next one comes in time. A clock that is set back delays it by at most two
    intervals; one that is set forward makes one tick due, not all that lie between.
    """
    interval = timedelta(seconds=seconds)
    jobs = BackgroundScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(1)})
    jobs.add_listener(_count_missed, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
    job = jobs.add_job(
        tick,
        IntervalTrigger(seconds=seconds, timezone=UTC),
        next_run_time=datetime.now(UTC),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    jobs.start()
    while not stop.wait(seconds):  # by the monotonic clock
        now = datetime.now(UTC)
        if job.next_run_time > now + interval:  # the clock was set back
            job.modify(next_run_time=now)
    jobs.shutdown(wait=True)


def _count_missed(_event: JobEvent) -> None:
    metrics.TICKS_MISSED.inc()
