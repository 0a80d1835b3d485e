"""A version is put in force and taken back while counts arrive, windows end and are scored, and readers read."""

from __future__ import annotations

import json
import random
import socket
import sys
import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from models.city import simulate_city
from service.domain.keys import Role
from service.domain.places import Kind, PlaceRow
from service.usecases.keys import create_key
from service.usecases.learning.advance import advance
from tests.challengers import add_challenger
from tests.e2e.fast_scheduler import FastClock
from tests.e2e.programs import TRAPPVAKT, get, started, wait_for, written
from tests.worlds import TENANT, city_points, end_of, register_city, sqlite_ports

REPOSITORY = Path(__file__).parents[2]
SETTINGS = """
[advance]
interval_seconds = 1

[hotspots]
schedule = "weekly"

[api]
workers = 2
requests_per_minute = 0
writes_per_minute = 0
"""
HOUR = timedelta(hours=1)
STEADY, CORRECTED, EMPTY = "steady", "corrected", "empty"
SPACES = ("cellar", "attic")


@dataclass
class Load:
    """Processes and threads that work on one service until they are told to stop, and what they found."""

    address: str
    tokens: dict[Role, str]
    clock: FastClock
    sent: dict[tuple[str, str, datetime], int] = field(default_factory=dict)
    champions: list[str] = field(default_factory=list)
    profiles: list[Any] = field(default_factory=list)
    pages: list[list[dict[str, Any]]] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def get(self, path: str, role: Role = Role.OPERATOR) -> Any:
        return get(self.address, path, self.tokens[role])

    def post(self, path: str, role: Role = Role.OPERATOR, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[role]}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}{path}", content, headers, method="POST")
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def send_counts(self) -> None:
        """Each hour that ended, and now and then another number for an hour that was scored long ago."""
        chance = random.Random(7)  # noqa: S311
        due = self.clock.base
        while not self.stop.wait(0.05):
            while due + HOUR <= self.clock.now():
                self._send({(stairwell, due): chance.randrange(3) for stairwell in (STEADY, CORRECTED)})
                due += HOUR
            if chance.random() < 0.02:
                self._send({(CORRECTED, due - chance.randrange(2, 60) * HOUR): chance.randrange(5)})

    def read_models(self) -> None:
        items = self.get("/v1/models")["items"]
        (champion,) = [one["version"] for one in items if one["champion"]]
        self.champions.append(champion)

    def read_profile(self) -> None:
        self.profiles.append(
            [one["expected"] for one in self.get(f"/v1/stairwells/{EMPTY}/profile", Role.READER)["spaces"]]
        )

    def read_verdicts(self) -> None:
        self.pages.append(self.verdicts(STEADY))

    def verdicts(self, stairwell: str) -> list[dict[str, Any]]:
        path = f"/v1/stairwells/{stairwell}/verdicts?limit=1000&from={self.clock.base:%Y-%m-%dT%H:%M:%SZ}"
        page = self.get(path, Role.READER)
        items = list(page["items"])
        while page["next"]:
            page = self.get(f"{path}&cursor={page['next']}", Role.READER)
            items += page["items"]
        return items

    def order(self, path: str) -> None:
        """Order a promotion and wait until it is in force, a few windows are scored under it, and all have read it."""
        command = self.post(path)["command"]
        assert wait_for(lambda: self.get(f"/v1/commands/{command}")["finished"])
        assert self.get(f"/v1/commands/{command}")["error"] is None
        (champion,) = [one["version"] for one in self.get("/v1/models")["items"] if one["champion"]]
        assert wait_for(lambda: [one["version"] for one in self.verdicts(STEADY)][-4:] == [champion] * 4)
        answers = (self.champions, self.profiles, self.pages)
        before = [len(one) for one in answers]
        assert wait_for(lambda: all(len(one) > few + 1 for one, few in zip(answers, before, strict=True)))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Counts sent, and every answer read in a loop, each by a thread of its own."""
        reading = [self._again(read) for read in (self.read_models, self.read_profile, self.read_verdicts)]
        threads = [threading.Thread(target=self._kept(work)) for work in (self.send_counts, *reading)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in threads:
                thread.join()

    def _send(self, counts: dict[tuple[str, datetime], int]) -> None:
        rows = [
            {"stairwell": stairwell, "space": space, "time": start.isoformat(), "count": count}
            for (stairwell, start), count in counts.items()
            for space in SPACES
        ]
        self.post("/v1/counts", Role.INGEST, {"counts": rows})
        self.sent |= {(name, space, start): count for (name, start), count in counts.items() for space in SPACES}

    def _again(self, read: Callable[[], None]) -> Callable[[], None]:
        def loop() -> None:
            while not self.stop.wait(0.1):
                read()

        return loop

    def _kept(self, work: Callable[[], None]) -> Callable[[], None]:
        def kept() -> None:
            try:
                work()
            except BaseException as error:
                self.failures.append(error)

        return kept


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """gunicorn and a scheduler on a scored town with a challenger; the scheduler's clock runs fast, from days ago."""
    town = simulate_city(3, stairwells=1, weeks=2, start=(datetime.now(UTC) - timedelta(weeks=2, days=90)).date())
    base = end_of(town)
    ports = sqlite_ports(tmp_path / "data", now=base)
    register_city(ports, town)
    ports.register.put(places(STEADY, CORRECTED, EMPTY))
    ports.counts.append(city_points(town))
    advance(ports, base)
    add_challenger(ports)
    tokens = {role: create_key(ports, role, TENANT, "test")[1] for role in Role}
    with ExitStack() as processes:
        settings = written(tmp_path / "settings.toml", SETTINGS)
        port = free_port()
        data = str(tmp_path / "data")
        api = [*TRAPPVAKT, "--config", str(settings), "--data", data, "api", "--port", str(port)]
        processes.enter_context(running(api, tmp_path / "api.log"))
        address = f"http://127.0.0.1:{port}"
        assert wait_for(lambda: answers(address), 60)
        clock = FastClock(base, time.time())
        scheduler = [
            sys.executable,
            "-m",
            "tests.e2e.fast_scheduler",
            str(settings),
            data,
            base.isoformat(),
            str(clock.real),
        ]
        processes.enter_context(running(scheduler, tmp_path / "scheduler.log"))
        yield Load(address, tokens, clock)
    assert '"failed"' not in (tmp_path / "scheduler.log").read_text()


def test_a_version_is_put_in_force_and_taken_back_under_load(load: Load) -> None:
    """No window is left out, none is judged twice, and every answer is of one version."""
    with load.running():
        load.order("/v1/models/1/promote")
        load.order("/v1/models/rollback")
    assert load.failures == []
    assert wait_for(lambda: is_judged(load)), (load.sent.keys(), len(load.verdicts(CORRECTED)))
    runs = [version for version, _ in groupby(load.champions)]
    assert runs == ["0", "1", "0"]
    assert len(load.champions) > 20
    assert_profiles_are_of_one_version(load)
    assert_verdicts_stand(load)


def is_judged(load: Load) -> bool:
    """Every count sent since the beginning has one verdict, on what was sent last."""
    for stairwell in (STEADY, CORRECTED):
        judged = [
            (one["space"], datetime.fromisoformat(one["start"]), one["count"]) for one in load.verdicts(stairwell)
        ]
        sent = [
            (space, start, count)
            for (name, space, start), count in load.sent.items()
            if name == stairwell and start >= load.clock.base
        ]
        if sorted(judged) != sorted(sent):
            return False
    return True


def assert_profiles_are_of_one_version(load: Load) -> None:
    """A place that was never heard has the profile of its version and nothing else, in all its spaces alike."""
    seen = [json.dumps(spaces) for spaces in load.profiles]
    runs = [profile for profile, _ in groupby(seen)]
    assert len(set(seen)) == 2
    assert len(runs) == 3


def assert_verdicts_stand(load: Load) -> None:
    """In every answer a window has one verdict, versions follow each other, and what was told once stands."""
    told: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for page in load.pages:
        keys = [(one["space"], one["start"]) for one in page]
        assert len(set(keys)) == len(keys)
        for one in page:
            told[one["space"], one["start"]].add(json.dumps(one, sort_keys=True))
    assert {len(verdicts) for verdicts in told.values()} == {1}
    versions = [json.loads(min(verdicts))["version"] for _, verdicts in sorted(told.items(), key=lambda one: one[0][1])]
    assert [version for version, _ in groupby(versions)] == ["0", "1", "0"]


def places(*stairwells: str) -> Iterator[PlaceRow]:
    """Stairwells with two spaces each."""
    for stairwell in stairwells:
        for space in SPACES:
            yield PlaceRow(
                tenant=TENANT,
                area="Norra",
                property="P",
                building="B",
                stairwell=stairwell,
                space=space,
                kind=Kind(space),
            )


@contextmanager
def running(command: list[str], log: Path) -> Iterator[None]:
    """A process that is asked to end at the end."""
    with log.open("w") as file, started(command, cwd=REPOSITORY, stdout=file, stderr=file):
        yield


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health/live", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])
