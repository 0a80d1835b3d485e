"""Work on many cores: on this machine's by loky, or on a cluster by Dask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from joblib import delayed

from service.settings.sections import Advance
from service.usecases.workers import Run, many_workers

Task = TypeVar("Task")
Done = TypeVar("Done")


class Crew:
    """Runs a function over tasks; answers come in the order of the tasks, each as soon as it is there.

    Workers are told of large arrays once, however often they are named in tasks.

    Parameters
    ----------
    run
        Of `many_workers`; None works in this process.
    """

    def __init__(self, run: Run | None = None) -> None:
        self._run = run

    def run(self, act: Callable[[Task], Done], tasks: Sequence[Task]) -> Iterator[Done]:
        """What ``act`` makes of each task."""
        if self._run is None:
            yield from map(act, tasks)
        else:
            yield from self._run(delayed(act)(task) for task in tasks)


@contextmanager
def crew(workers: int, advance: Advance) -> Iterator[Crew]:
    """So many workers, who go home when the block ends; raises as `many_workers`."""
    if workers <= 1:
        yield Crew()
        return
    with many_workers(advance, workers) as run:
        yield Crew(run)
