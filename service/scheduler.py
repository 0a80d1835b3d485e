"""The one scheduler: it ticks.

There is one however many processes serve the API, because the lock on ``scheduler.lock`` decides; the system releases
it when its holder dies. The job reads the stored watermark itself, so a tick missed is a tick made up for.

APScheduler tells by the clock on the wall when the job is due. Where that is set back, as one that is ahead of the time
is by NTP, the job would not be due for as long as the clock was ahead; the wait for the end looks after it meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from service import metrics
from service.ports import Ports
from service.supervisor import stop_on_signals
from service.tick import Tick
from service.trainer import Trainer
from service.usecases.locks import scheduler_lock

_log = structlog.get_logger(__name__)


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
