"""What the embedded stores promise to several processes, and to one that is killed."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from service.domain.counts import NANOSECONDS
from service.domain.places import Kind
from tests.contract.stores import HOUR, TENANT, Stores, numbers, points, sqlite_stores
from tests.contract.writer import SERIES

REPOSITORY = Path(__file__).parents[2]


@contextmanager
def writer(what: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A writing process, killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.contract.writer", what, str(folder)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def acknowledged_before_kill(what: str, folder: Path, lines: int) -> int:
    """Kill the writer (-9) after so many acknowledgements; the number of the last one it gave."""
    with writer(what, folder) as process:
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        process.kill()
        rest = process.stdout.read().splitlines()
    return lines + len(rest) - 1


@pytest.mark.parametrize("acknowledged", [1, 2, 17, 60])
def test_killed_writer_loses_no_acknowledged_batch(tmp_path: Path, acknowledged: int) -> None:
    """Every acknowledged batch is there whole, with its change; the one it died in is there whole or not at all."""
    last = acknowledged_before_kill("counts", tmp_path, acknowledged)
    counts = sqlite_stores(tmp_path).counts
    read = counts.read(0, (last + 2) * HOUR, HOUR)
    stored = np.bincount(read.starts // HOUR, minlength=last + 1).tolist()
    assert stored[: last + 1] == [len(SERIES)] * (last + 1)
    assert stored[last + 1 :] in ([], [len(SERIES)])
    assert counts.changes(0).cursor == len(stored)


@pytest.mark.parametrize("acknowledged", [1, 2, 17, 60])
def test_killed_tick_leaves_manifest_and_verdicts_agreed(tmp_path: Path, acknowledged: int) -> None:
    """The watermark is where the verdicts end, wherever the process died."""
    last = acknowledged_before_kill("ticks", tmp_path, acknowledged)
    stores = sqlite_stores(tmp_path)
    manifest = stores.state.manifest()
    assert manifest is not None
    assert manifest.watermark >= (last + 1) * HOUR
    read = stores.verdicts.columns(numbers(SERIES), 0, manifest.watermark + 10 * HOUR)
    assert np.unique(read.starts).tolist() == list(range(0, manifest.watermark, HOUR))
    assert len(read) == manifest.watermark // HOUR * len(SERIES)


def test_reader_in_another_process_sees_only_what_is_committed(tmp_path: Path) -> None:
    """And it does not wait for the writer."""
    stores = sqlite_stores(tmp_path)
    with writer("pending", tmp_path) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "0\n"
        assert stores.state.manifest() is None
        assert len(stores.verdicts.columns(numbers(SERIES), 0, HOUR)) == 0
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "1\n"
        manifest = stores.state.manifest()
        assert manifest is not None
        assert manifest.watermark == HOUR
        assert len(stores.verdicts.columns(numbers(SERIES), 0, HOUR)) == len(SERIES)


def append_hours(stores: Stores, series: int, hours: int) -> None:
    for hour in range(hours):
        stores.counts.append(points([(series, hour * HOUR * NANOSECONDS, 1, 0)]))


def test_store_goes_on_in_a_forked_child(tmp_path: Path) -> None:
    """Parent and child, both with the store open before the fork, write beside each other and lose nothing."""
    stores = sqlite_stores(tmp_path)
    append_hours(stores, series=1, hours=1)
    child = multiprocessing.get_context("fork").Process(target=append_hours, args=(stores, 2, 50))
    child.start()
    append_hours(stores, series=3, hours=50)
    child.join()
    assert child.exitcode == 0
    assert stores.counts.read(0, 50 * HOUR, HOUR).counts.sum() == 101
    assert stores.counts.changes(0).cursor == 101


def test_fork_inside_a_transaction_leaves_it_to_the_parent(tmp_path: Path) -> None:
    """The child has a connection of its own; what the parent has not committed does not show there."""
    stores = sqlite_stores(tmp_path)
    stores.state.enqueue("promote", "1", "before")
    with stores.state.transaction():
        stores.state.enqueue("promote", "2", "inside")
        child = os.fork()
        if child == 0:
            os._exit(len(stores.state.commands()))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert [command.argument for command in stores.state.commands()] == ["1", "2"]


def test_processes_may_all_be_the_first(tmp_path: Path) -> None:
    """Several processes, sent the stores, create and migrate the same files at once."""
    stores = sqlite_stores(tmp_path)
    processes = [
        multiprocessing.get_context("spawn").Process(target=register_places, args=(stores, number))
        for number in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert len(stores.register.series()) == 40


def register_places(stores: Stores, number: int) -> None:
    for stairwell in range(10):
        stores.register.learn(TENANT, [(f"{number}-{stairwell}", "källare", Kind.CELLAR)])


def test_threads_have_a_connection_each(tmp_path: Path) -> None:
    """Several threads of one process append to one store."""
    stores = sqlite_stores(tmp_path)
    threads = [threading.Thread(target=append_hours, args=(stores, series, 20)) for series in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stores.counts.read(0, 20 * HOUR, HOUR).counts.sum() == 80
