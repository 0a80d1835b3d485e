"""What anybody may ask costs the stores one look in a while, however often it is asked."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from service.api.recent import Recent
from service.errors import StoreError
from tests.api.conftest import Town, body
from tests.worlds import StandingClock, sqlite_ports

NOW = datetime(2026, 11, 1, tzinfo=UTC)


class Asked:
    """Counts how often it is asked, and fails when told to."""

    def __init__(self) -> None:
        self.times = 0
        self.failing = False

    def __call__(self) -> int:
        self.times += 1
        if self.failing:
            raise StoreError("away")
        return self.times


def test_an_answer_is_good_for_a_while():
    """Then it is asked for again; also when the clock was put back."""
    asked, clock = Asked(), StandingClock(NOW)
    recent = Recent(asked, clock, 5)
    answers = []
    for seconds in (0, 4.9, 0.1, 4, 2, -60, 1):
        clock.time += timedelta(seconds=seconds)
        answers.append(recent())
    assert answers == [1, 1, 2, 2, 3, 4, 4]


def test_a_failure_is_told_as_long_as_an_answer_is():
    asked, clock = Asked(), StandingClock(NOW)
    recent = Recent(asked, clock, 5)
    asked.failing = True
    for _ in range(3):
        with pytest.raises(StoreError, match="away"):
            recent()
    assert asked.times == 1
    asked.failing, clock.time = False, NOW + timedelta(seconds=5)
    assert recent() == 2


def test_without_a_while_it_is_asked_every_time():
    recent = Recent(Asked(), StandingClock(NOW), 0)
    assert [recent(), recent()] == [1, 2]


def test_many_at_once_ask_once():
    """The others wait for the one who asks."""
    begun, go_on = threading.Event(), threading.Event()
    asked = Asked()

    def ask() -> int:
        begun.set()
        go_on.wait(5)
        return asked()

    recent, answers = Recent(ask, StandingClock(NOW), 5), []
    threads = [threading.Thread(target=lambda: answers.append(recent())) for _ in range(4)]
    for thread in threads:
        thread.start()
    begun.wait(5)
    go_on.set()
    for thread in threads:
        thread.join(5)
    assert (answers, asked.times) == ([1] * 4, 1)


@pytest.mark.parametrize("path", ["/health/ready", "/metrics"])
def test_health_and_metrics_ask_the_stores_now_and_then(tmp_path, monkeypatch, path):
    """A store that comes back is seen after api.health_seconds."""
    town = Town(sqlite_ports(tmp_path, api__health_seconds=5))
    client, asked = town.app.test_client(), Asked()
    monkeypatch.setattr(town.ports.lists, "records", lambda *_given, **_named: asked() and [])
    first = client.get(path)
    for _ in range(3):
        assert client.get(path).data == first.data
    assert asked.times == 1
    town.ports.clock.time += timedelta(seconds=5)
    client.get(path)
    assert asked.times == 2


def test_a_store_that_fails_is_told_to_all(tmp_path, monkeypatch):
    town = Town(sqlite_ports(tmp_path, api__health_seconds=5))
    asked = Asked()
    asked.failing = True
    monkeypatch.setattr(town.ports.lists, "records", lambda *_given, **_named: asked())
    client = town.app.test_client()
    for _ in range(2):
        response = client.get("/health/ready")
        assert (response.status_code, asked.times) == (503, 1)
        assert body(response)["detail"].startswith("hot-spot lists: away")
