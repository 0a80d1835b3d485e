"""A Dask cluster of real processes that are killed: what waits for them is given up in time, and done with the next."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

import pytest
from distributed import Client

from bench.disturbed import read_verdicts, same
from models.city import simulate_city
from service.errors import SettingsError
from service.ports import Ports
from service.usecases import workers
from service.usecases.learning.advance import advance
from tests.e2e.programs import started, wait_for
from tests.worlds import city_points, end_of, register_city, sqlite_ports

CITY = simulate_city(11, stairwells=6, weeks=2)
QUIET = ["--no-dashboard", "--host", "127.0.0.1"]


class Cluster:
    """A scheduler without workers; all of them end with ``processes``."""

    def __init__(self, folder: Path, processes: ExitStack) -> None:
        self._folder, self._processes = folder, processes
        named = folder / "address.json"
        self._start("dask_scheduler", "--port", "0", "--scheduler-file", str(named))
        assert wait_for(lambda: named.exists() and named.stat().st_size)
        self.address = str(json.loads(named.read_text("utf-8"))["address"])

    def hire(self, number: int = 2) -> list[subprocess.Popen[str]]:
        """Start workers, and wait until they have come, with what a first task would wait for in a loaded machine."""
        words = ["--no-nanny", "--nthreads", "1", "--local-directory", str(self._folder)]
        hired = [self._start("dask_worker", self.address, *words) for _ in range(number)]
        with Client(self.address) as client:
            client.wait_for_workers(number, 60)
            client.run(import_module, "service.usecases.learning.shard_work")
        return hired

    def town(self, name: str) -> Ports:
        """The counts of a town, of which nothing is scored, to be scored by the cluster."""
        ports = sqlite_ports(
            self._folder / name,
            advance__shard_series=4,
            advance__workers=2,
            advance__commit_windows=24,
            advance__backend="dask",
            advance__dask_scheduler=self.address,
        )
        register_city(ports, CITY)
        ports.counts.append(city_points(CITY))
        return ports

    def _start(self, program: str, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", f"distributed.cli.{program}", *QUIET, *words]
        return self._processes.enter_context(started(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """One scheduler, and nobody who works."""
    with ExitStack() as processes:
        yield Cluster(tmp_path, processes)


def test_workers_killed_amid_a_tick_end_it_and_the_next_goes_on(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waited for good, and the scheduler could not even be asked to end."""
    ports, alone = cluster.town("data"), sqlite_ports(tmp_path / "alone")
    hired = cluster.hire()

    def kill() -> None:
        wait_for(lambda: any((tmp_path / "data" / "state").glob("*.npz")))
        for worker in hired:
            worker.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    given_up = r"tcp://127.0.0.1.*does not work: (a task was not done within 3\.0 s|it has no worker|.* was lost)"
    with monkeypatch.context() as impatient:
        impatient.setattr(workers, "PATIENCE_SECONDS", 3.0)
        with pytest.raises(SettingsError, match=given_up):
            advance(ports, end_of(CITY))
    killer.join()
    cluster.hire()
    advance(ports, end_of(CITY))
    register_city(alone, CITY)
    alone.counts.append(city_points(CITY))
    advance(alone, end_of(CITY))
    assert same(read_verdicts(ports), read_verdicts(alone))


def test_a_cluster_without_workers_is_told(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as it is clear that none comes; joblib's own words told to set an option that nobody can set."""
    monkeypatch.setattr(workers, "START_SECONDS", 1.0)
    with pytest.raises(SettingsError, match="does not work: it has no worker; start its scheduler and its workers"):
        advance(cluster.town("data"), end_of(CITY))


def test_a_retraining_whose_workers_die_of_it_fails(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those do whose memory a task takes: it waited for good, and no other could begin."""
    monkeypatch.setattr(workers, "PATIENCE_SECONDS", 6.0)
    settings = cluster.town("data").settings
    cluster.hire()
    with workers.many_workers(settings.advance, 2) as run:
        assert list(run(abs, [-1, -2])) == [1, 2]
        with pytest.raises(SettingsError, match="a task was not done within"):
            list(run(os._exit, [1, 1]))
