"""What only one process does at a time in a data folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from service.domain.installation import SCHEDULER_LOCK
from service.errors import Conflict, SchedulerBusy, TrappvaktError
from service.settings import Settings

_RETRAINING_LOCK = "retraining.lock"


@contextmanager
def scheduler_lock(settings: Settings) -> Iterator[None]:
    """Be the only process that changes state.

    Raises
    ------
    SchedulerBusy
        If another process is.
    """
    busy = SchedulerBusy(
        f"a scheduler is running on {settings.data_dir}: it holds {SCHEDULER_LOCK}, and only one may change state"
    )
    with _held(settings, SCHEDULER_LOCK, busy):
        yield


@contextmanager
def retraining_lock(settings: Settings) -> Iterator[None]:
    """Be the only retraining of these data.

    Raises
    ------
    Conflict
        If another runs.
    """
    busy = Conflict(f"a retraining of {settings.data_dir} is running already; wait for it to end")
    with _held(settings, _RETRAINING_LOCK, busy):
        yield


@contextmanager
def _held(settings: Settings, name: str, busy: TrappvaktError) -> Iterator[None]:
    """Hold the lock of this name; the system frees it when its holder dies."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(settings.data_dir / name)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise busy from error
    try:
        yield
    finally:
        lock.release()
