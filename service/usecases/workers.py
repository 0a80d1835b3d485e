"""Where work on many cores is done: by processes of this machine, or by those of a Dask cluster."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Protocol, TypeVar

from service.errors import SettingsError
from service.settings.sections import Advance

PATIENCE_SECONDS = 900.0
"""So long a task may keep a cluster busy: joblib waits for good where all its workers are gone."""
START_SECONDS = 10.0
"""So long a cluster may be without any worker at first."""
_NO_WORKER = "it has no worker"

Task = TypeVar("Task")
Done = TypeVar("Done")


class Run(Protocol):
    """Runs a function over tasks, as ``map`` does; workers are told of arrays once, however many tasks name them."""

    def __call__(self, act: Callable[[Task], Done], tasks: Iterable[Task], /) -> Iterator[Done]:
        """What ``act`` makes of each task, in their order, each as soon as it is there."""


@contextmanager
def many_workers(advance: Advance, workers: int) -> Iterator[Run]:
    """What runs tasks within the block: this process, or so many workers of the backend that the settings name.

    Raises
    ------
    SettingsError
        If that is a Dask cluster, and it cannot be reached, has no worker, or lets a task wait for too long.
    """
    if workers <= 1:
        yield map
        return
    from joblib import Parallel, delayed, parallel_config  # noqa: PLC0415 - 0.3 s, for those with several workers

    patience = PATIENCE_SECONDS if advance.backend == "dask" else None
    with (
        _connected(advance),
        parallel_config(backend=advance.backend, n_jobs=workers),
        Parallel(return_as="generator", timeout=patience) as parallel,
    ):

        def run(act: Callable[[Task], Done], tasks: Iterable[Task], /) -> Iterator[Done]:
            try:
                yield from parallel(delayed(act)(task) for task in tasks)
            except multiprocessing.TimeoutError as error:
                why = f"a task was not done within {patience} s, nor is one that takes more memory than a worker has"
                raise _cluster_error(advance, why) from error
            except TimeoutError as error:  # joblib's, of ten seconds at the first task
                raise _cluster_error(advance, _NO_WORKER) from error
            except CancelledError as error:
                raise _cluster_error(advance, "its scheduler, or what a worker held, was lost") from error

        yield run


@contextmanager
def _connected(advance: Advance) -> Iterator[None]:
    """A connection to the cluster, if there is one, which joblib finds by itself; a new one knows a new scheduler."""
    if advance.backend != "dask":
        yield
        return
    try:
        from distributed import Client  # noqa: PLC0415 - an extra, whose import takes a second

        client = Client(advance.dask_scheduler)
    except ImportError as error:
        raise SettingsError(
            'advance.backend is "dask", which is not installed: pip install "trappvakt[dask]"'
        ) from error
    except (OSError, ValueError) as error:
        raise _cluster_error(advance, str(error)) from error
    with client:
        try:
            client.wait_for_workers(1, START_SECONDS)
        except TimeoutError as error:
            raise _cluster_error(advance, _NO_WORKER) from error
        yield


def _cluster_error(advance: Advance, why: str) -> SettingsError:
    return SettingsError(
        f"the Dask cluster that advance.dask_scheduler names, {advance.dask_scheduler}, does not work: {why}; "
        "start its scheduler and its workers, or let this machine work by advance.backend"
    )
