"""Where work on many cores is done: by processes of this machine, or by those of a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from joblib import parallel_config

from service.errors import SettingsError
from service.settings.sections import Advance


@contextmanager
def many_workers(advance: Advance, workers: int) -> Iterator[None]:
    """Let what joblib runs within the block run on so many workers of the backend that the settings name.

    Raises
    ------
    SettingsError
        If that is a Dask cluster, and it cannot be reached.
    """
    with _connected(advance), parallel_config(backend=advance.backend, n_jobs=workers):
        yield


def _connected(advance: Advance) -> AbstractContextManager[object]:
    """A connection to the cluster, if there is one, which joblib finds by itself; a new one knows a new scheduler."""
    if advance.backend != "dask":
        return nullcontext()
    try:
        from distributed import Client  # noqa: PLC0415 - an extra, whose import takes a second

        client: AbstractContextManager[object] = Client(advance.dask_scheduler)
    except ImportError as error:
        raise SettingsError(
            'advance.backend is "dask", which is not installed: pip install "trappvakt[dask]"'
        ) from error
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"the Dask scheduler that advance.dask_scheduler names, {advance.dask_scheduler}, cannot be reached: "
            f"{error}; start it, or let this machine work by advance.backend"
        ) from error
    return client
