"""One retraining at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from service.errors import Conflict
from service.settings import Settings

LOCK_FILE = "retraining.lock"


@contextmanager
def retraining_lock(settings: Settings) -> Iterator[None]:
    """Be the only retraining of these data; the system frees the lock when its holder dies.

    Raises
    ------
    Conflict
        If another runs.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(settings.data_dir / LOCK_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise Conflict(f"a retraining of {settings.data_dir} is running already; wait for it to end") from error
    try:
        yield
    finally:
        lock.release()
