"""Wherever telling is cut short, a receiver knows what there is in the end."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.places import Kind
from service.ports import Ports
from service.stores import memory
from service.usecases.findings.episodes import EpisodeFilter, find_episodes
from service.usecases.telling.episodes import tell_episodes
from tests.unit.tell_episodes.one_stairwell import (
    SUBSCRIPTION,
    TYPES,
    WINDOWS,
    judged,
    published,
    town,
    windows,
)
from tests.worlds import TENANT, sqlite_ports


def test_one_told_of_before_it_was_cut_short_is_not_told_again(tmp_path: Path) -> None:
    """An episode's events and what is remembered of it are one commit, over SQLite too."""
    ports = sqlite_ports(tmp_path / "data", **{"webhooks__subscriptions": [SUBSCRIPTION | {"events": TYPES}]})
    ports.register.learn(TENANT, [("kvarnen-3a", f"space {number}", Kind.CELLAR) for number in range(3)])
    story = windows(".xx...", "..xx..", "...xx.")
    judged(ports, story, 6)
    for cut in (2, 4, 5):
        with pytest.raises(InterruptedError):
            tell_episodes(cut_short(ports, cut))
    assert [one["sequence"] for one in published(ports)] == ["000001", "000002"] * 2
    tell_episodes(ports)
    assert len(published(ports)) == 6
    assert len({one["id"] for one in published(ports)}) == 6


def cut_short(ports: Ports, calls: int) -> Ports:
    """Ports whose outbox fails after so many writes."""
    store = ports.deliveries

    class CutShort:
        left = calls

        def __getattr__(self, name: str) -> Any:
            if name in ("put", "remember"):
                self.left -= 1
                if self.left < 0:
                    raise InterruptedError
            return getattr(store, name)

    return replace(ports, deliveries=CutShort())


FLAGS = st.lists(st.lists(st.booleans(), min_size=WINDOWS, max_size=WINDOWS), min_size=2, max_size=2)
STEPS = st.lists(st.tuples(FLAGS, st.integers(0, 3), st.none() | st.integers(0, 6)), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Ports:
    return town(tmp_path_factory.mktemp("town"), spaces=2)


@given(steps=STEPS)
def test_a_receiver_knows_what_there_is(place: Ports, steps: list[tuple[list[list[bool]], int, int | None]]) -> None:
    """Whatever verdicts become and wherever it is cut short: from the events alone, each subject in order."""
    tables, watermark = memory.MemoryTables(), 1
    ports = replace(
        place,
        verdicts=memory.MemoryVerdictStore(tables),
        state=memory.MemoryStateStore(tables),
        deliveries=memory.MemoryDeliveryStore(),
    )
    for flags, further, cut in steps:
        watermark = min(watermark + further, WINDOWS)
        judged(ports, np.array(flags), watermark)
        with suppress(InterruptedError):
            tell_episodes(ports if cut is None else cut_short(ports, cut))
        tell_episodes(ports)
        assert tell_episodes(ports) == 0
        check(ports)


def check(ports: Ports) -> None:
    """Events lead to what there is now, say something each, and count from one."""
    by_subject: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in published(ports):
        by_subject[event["subject"]].append(event)
    for events in by_subject.values():
        assert [int(event["sequence"]) for event in events] == list(range(1, len(events) + 1))
        assert events[0]["type"] == TYPES[0]
        for before, after in pairwise(events):
            assert before["data"] != after["data"] or (before["type"], after["type"]) == (TYPES[0], TYPES[2])
            assert after["type"] != TYPES[0] or before["data"]["withdrawn"]
    last = [events[-1]["data"] for events in by_subject.values()]
    known = {one["episode"]: (one["end"], one["status"], one["windows"]) for one in last if not one["withdrawn"]}
    there, _ = find_episodes(ports, TENANT, EpisodeFilter(limit=1000))
    assert known == {
        one.episode: (one.end.isoformat().replace("+00:00", "Z"), one.status.value, one.windows) for one in there
    }
