"""The whole service in real processes: counts in, verdicts out, and every one of them may be killed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path

import pytest

from bench.disturbed import LISTS_LATE
from service.supervisor import listen
from tests.disks import fill, small_disk
from tests.e2e.programs import TRAPPVAKT, get, key, last_scored_hour, post_counts, run, started, wait_for, written

SETTINGS = "[advance]\ninterval_seconds = 1\n\n[api]\nworkers = 2\n" + LISTS_LATE
TENANT = "norrbo"
HOURS = 14 * 24

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")


class Service:
    """A service that runs, its address, and a token for each role that counts are sent and verdicts read with."""

    def __init__(self, process: subprocess.Popen[str], options: list[object], log: Path) -> None:
        self.process, self.options, self.log = process, options, log
        line = process.stdout.readline() if process.stdout else ""
        assert "http://" in line, log.read_text()
        self.address = line.split()[-1]

    @cached_property
    def tokens(self) -> dict[str, str]:
        """Created while the service runs, as far as anybody asks; one of them by the program."""
        made = run(*self.options, "keys", "create", "--role", "ingest", "--tenant", TENANT).stdout.strip()
        return {"ingest": made, "reader": key(self.log.parent / "data", "reader", TENANT)}

    def post(self, stairwell: str, counts: list[int], end: datetime) -> None:
        """Send hourly counts whose last window ends at ``end``."""
        post_counts(self.address, self.tokens["ingest"], stairwell, counts, end)

    def verdicts(self, stairwell: str) -> list[dict[str, object]]:
        """All verdicts of a stairwell, or none while it is unknown."""
        page = get(self.address, f"/v1/stairwells/{stairwell}/verdicts?limit=1000", self.tokens["reader"])
        return list(page["items"])

    def processes(self) -> dict[str, list[int]]:
        """Process ids: the API's master and workers, and the scheduler."""
        found: dict[str, list[int]] = {"api": [], "worker": [], "scheduler": []}
        for child in children(self.process.pid):
            kind = "scheduler" if "scheduler" in Path(f"/proc/{child}/cmdline").read_text().split("\0") else "api"
            found[kind].append(child)
            if kind == "api":
                found["worker"] += children(child)
        return found

    def all_processes(self) -> dict[str, list[int]]:
        """The same, once master, two workers and scheduler are there; the API answers with its first worker."""
        return wait_for(lambda: (found := self.processes()) and sum(map(len, found.values())) == 4 and found)

    def alive(self) -> bool:
        """Whether the API answers."""
        with urllib.request.urlopen(f"{self.address}/health/live", timeout=30) as response:
            return bool(response.status == 200)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def service_in(folder: Path) -> Iterator[Service]:
    """A service on the data of a folder."""
    options = ["--config", written(folder / "trappvakt.toml", SETTINGS), "--data", folder / "data"]
    command = [*TRAPPVAKT, *options, "serve", "--port", "0"]
    with (folder / "log").open("w") as log, started(command, stdout=subprocess.PIPE, stderr=log) as process:
        yield Service(process, options, folder / "log")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service on data of its own."""
    with service_in(tmp_path_factory.mktemp("service")) as running:
        yield running
    assert running.process.returncode == 0


def test_counts_that_are_posted_come_back_as_verdicts(service: Service) -> None:
    """One verdict a window, in order, each on the count that was sent."""
    counts = [hour % 24 // 12 for hour in range(HOURS)]
    end = last_scored_hour()
    service.post("A", counts, end)
    found = wait_for(lambda: (got := service.verdicts("A")) and len(got) == HOURS and got)
    assert [verdict["count"] for verdict in found] == counts
    assert found[-1]["end"] == end.isoformat().replace("+00:00", "Z")
    assert {verdict["version"] for verdict in found} == {"0"}


def test_score_by_hand_is_done_by_the_scheduler_that_runs(service: Service) -> None:
    """And a time of its own is refused, for two may not change state."""
    assert "The scheduler has scored" in run(*service.options, "score").stdout
    refused = run(*service.options, "score", "--to", "2026-01-01", check=False)
    assert refused.returncode == 1
    assert "a scheduler is running" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_second_scheduler_is_refused(service: Service) -> None:
    """There is one for each data folder."""
    refused = run(*service.options, "scheduler", check=False)
    assert refused.returncode == 1
    assert "only one may change state" in refused.stderr


@pytest.mark.parametrize("command", ["serve", "api", "scheduler"])
def test_nothing_starts_on_the_data_of_a_newer_program(tmp_path: Path, command: str) -> None:
    """One line says so, instead of a service that answers errors and ticks in vain."""
    with closing(sqlite3.connect(tmp_path / "register.db")) as database:
        database.execute("PRAGMA user_version = 999")
    before = (tmp_path / "register.db").read_bytes()
    ended = subprocess.run(
        [*TRAPPVAKT, "--data", tmp_path, command], capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 1
    assert re.fullmatch(r"Error: \S+register\.db has schema 999, but this .*; start the newer .*\n", ended.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["register.db"]
    assert (tmp_path / "register.db").read_bytes() == before


@pytest.mark.parametrize("command", ["serve", "api"])
def test_a_port_that_is_taken_is_told_at_once(tmp_path: Path, command: str) -> None:
    """In one line that names the settings."""
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        ended = run("--data", tmp_path, command, "--port", port, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith(
        f"Error: cannot listen on 127.0.0.1:{port}: Address already in use; choose another with --port"
    )
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("kind", ["worker", "api", "scheduler"])
def test_a_killed_process_comes_back(service: Service, kind: str) -> None:
    """A worker by its master, master and scheduler by the supervisor; the API answers and windows are scored."""
    service.alive()
    before = service.all_processes()[kind]
    os.kill(before[0], signal.SIGKILL)
    assert wait_for(lambda: len(after := service.processes()[kind]) == len(before) and before[0] not in after)
    assert service.alive()
    service.post(f"after-{kind}", [1] * 48, last_scored_hour())
    assert wait_for(lambda: len(service.verdicts(f"after-{kind}")) == 48)


def test_a_worker_is_there_at_once(service: Service) -> None:
    """It shares what its master has loaded: it answers after a third of the processor time that the master took."""
    found = service.all_processes()
    for pid in found["worker"]:
        os.kill(pid, signal.SIGKILL)
    again = wait_for(lambda: (new := [*{*service.processes()["worker"]} - {*found["worker"]}])[1:] and new)
    assert [service.alive() for _ in range(8)] == [True] * 8
    master = next(pid for pid in found["api"] if pid not in again)
    assert max(map(processor_ticks, again)) < processor_ticks(master) / 3


def processor_ticks(pid: int) -> int:
    """What a process has taken of the processor, in ticks of the system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_metrics_of_all_processes_are_read_at_one_address(service: Service) -> None:
    """Ticks are the scheduler's, requests those of any worker."""
    with urllib.request.urlopen(f"{service.address}/metrics", timeout=30) as response:
        lines = response.read().decode().splitlines()
    ticks = next(float(line.split()[-1]) for line in lines if line.startswith("trappvakt_ticks_total"))
    assert ticks > 0
    assert any(line.startswith("trappvakt_http_requests_total") and "post_counts" in line for line in lines)


def metrics_of(service: Service) -> Path:
    """The folder in memory where its processes lay their metrics together."""
    environment = Path(f"/proc/{service.processes()['scheduler'][0]}/environ").read_text()
    told = dict(line.split("=", 1) for line in environment.split("\0") if "=" in line)
    return Path(told["PROMETHEUS_MULTIPROC_DIR"])


def test_a_worker_whose_metrics_go_before_its_first_request_answers(service: Service) -> None:
    """Its files are open by then, and stay with it; it answered every request with 500."""
    before = service.all_processes()["worker"]
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert wait_for(lambda: len(after := service.processes()["worker"]) == len(before) and not {*before} & {*after})
    folder, workers = metrics_of(service), service.processes()["worker"]
    assert wait_for(lambda: all([*folder.glob(f"*_{pid}.db")] for pid in workers))
    shutil.rmtree(folder)
    assert [service.alive() for _ in range(8)] == [True] * 8


@pytest.mark.parametrize("kind", ["worker", "api", "scheduler"])
def test_a_process_comes_back_where_its_metrics_are_gone(service: Service, kind: str) -> None:
    """systemd empties /dev/shm of a user who logs out; a process that starts after that counts anew."""
    before = service.all_processes()[kind]
    shutil.rmtree(metrics_of(service), ignore_errors=True)  # it may be gone already
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert wait_for(lambda: len(after := service.processes()[kind]) == len(before) and not {*before} & {*after})
    assert [service.alive() for _ in range(8)] == [True] * 8
    service.post(f"emptied-{kind}", [1] * 48, last_scored_hour())
    assert wait_for(lambda: len(service.verdicts(f"emptied-{kind}")) == 48)


def test_a_service_whose_disk_is_full_says_so(tmp_path: Path) -> None:
    """Every process lives on, whatever it counts for Prometheus; counts are taken again once there is room."""
    with small_disk(tmp_path / "data", megabytes=4) as disk, service_in(tmp_path) as service:
        service.post("A", [1], last_scored_hour())
        processes = service.processes()
        ballast = fill(disk)
        with pytest.raises(urllib.error.HTTPError) as refused:
            service.post("A", [2] * HOURS * 26, last_scored_hour())  # more than is left within files
        assert refused.value.code == 503
        assert b"free some space on the disk" in refused.value.read()
        assert [service.alive() for _ in range(8)] == [True] * 8
        with urllib.request.urlopen(f"{service.address}/metrics", timeout=30) as response:
            assert b'trappvakt_store_errors_total{process="api"} 1.0' in response.read()
        assert service.processes() == processes
        ballast.unlink()
        service.post("A", [3], last_scored_hour())


def test_a_killed_supervisor_leaves_no_orphans(tmp_path: Path) -> None:
    """Scheduler, master and workers end with it."""
    with service_in(tmp_path) as service:
        assert service.alive()
        everybody = [pid for pids in service.all_processes().values() for pid in pids]
        service.process.kill()
        service.process.wait()
        assert wait_for(lambda: not [pid for pid in everybody if Path(f"/proc/{pid}").exists()], 30)


def test_no_secret_is_logged(service: Service) -> None:
    """Tokens are read from every request and written nowhere."""
    logged = service.log.read_text()
    assert '"event": "tick"' in logged
    assert not any(token in logged for token in service.tokens.values())
