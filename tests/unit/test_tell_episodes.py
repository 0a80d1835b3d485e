"""What has become of episodes is told once and in order, whatever moves the verdicts and wherever it is cut short."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.domain.deliveries import Told
from service.domain.places import Kind
from service.domain.state import Manifest
from service.domain.verdicts import MEASURES, VerdictColumns
from service.ports import Ports
from service.stores import memory
from service.usecases.findings.episodes import EpisodeFilter, acknowledge_episode, close_episode, find_episodes
from service.usecases.telling.episodes import TOPIC, tell_episodes
from service.usecases.telling.promotion import tell_promotion
from tests.api.conftest import memory_ports
from tests.worlds import TENANT, sqlite_ports

HOUR, WINDOWS = 3600, 12
ORIGIN = int(datetime(2026, 11, 2, tzinfo=UTC).timestamp())
TYPES = ["trappvakt.episode.opened", "trappvakt.episode.revised", "trappvakt.episode.closed"]
SUBSCRIPTION = {"name": "r1", "url": "https://hooks.example/", "tenant": TENANT, "secret_file": "none"}


def town(folder: Path, *, spaces: int = 1, **more: object) -> Ports:
    """Some spaces of one stairwell, and a subscription to their episodes."""
    told = [SUBSCRIPTION | {"events": [*TYPES, "trappvakt.model.promoted"]}]
    ports = memory_ports(folder, **({"webhooks__subscriptions": told} | more))
    ports.register.learn_all(TENANT, [("kvarnen-3a", f"space {number}", Kind.CELLAR) for number in range(spaces)])
    return ports


def judged(ports: Ports, anomalous: NDArray[np.bool_], watermark: int, version: str = "0") -> None:
    """Put verdicts, bool[series, windows], in force, up to a watermark in windows; the clock follows it."""
    series, windows = np.nonzero(np.ones_like(anomalous[:, :watermark]))
    measures = {name: np.ones(len(series)) for name in MEASURES}
    columns = VerdictColumns(
        version=version,
        series=series + 1,
        starts=ORIGIN + windows * HOUR,
        anomalous=anomalous[series, windows],
        **measures,
    )
    manifest = Manifest(
        origin=ORIGIN,
        watermark=ORIGIN + watermark * HOUR,
        version=version,
        previous=None,
        window_minutes=60,
        shard_series=10,
        cursor=0,
        digest="",
        shards=[],
    )
    with ports.state.transaction():
        ports.verdicts.write(columns)
        ports.state.publish(manifest)
    ports.clock.time = datetime.fromtimestamp(manifest.watermark, UTC) + timedelta(minutes=20)  # type: ignore[attr-defined]


def windows(*rows: str) -> NDArray[np.bool_]:
    """Rows such as ``..xx.`` as bool[series, windows]."""
    return np.array([[mark == "x" for mark in row] for row in rows])


def published(ports: Ports) -> list[dict[str, Any]]:
    return [msgspec.json.decode(one.content or b"") for one in ports.deliveries.find()]


def told(ports: Ports) -> list[tuple[str, str, int, bool]]:
    """Of each event its type, its place, how many windows, and whether it was withdrawn."""
    return [
        (one["type"].rpartition(".")[2], one["sequence"], one["data"]["windows"], one["data"]["withdrawn"])
        for one in published(ports)
    ]


def test_an_episode_opens_grows_and_ends(tmp_path: Path) -> None:
    """A change each; nothing where nothing changed."""
    ports, story = town(tmp_path), windows(".xxx..")
    for watermark in range(1, 7):
        judged(ports, story, watermark)
        tell_episodes(ports)
        assert tell_episodes(ports) == 0
    assert told(ports) == [
        ("opened", "000001", 1, False),
        ("revised", "000002", 2, False),
        ("revised", "000003", 3, False),
        ("closed", "000004", 3, False),
    ]
    assert {one["subject"] for one in published(ports)} == {f"1-{ORIGIN + HOUR}"}
    assert published(ports)[0]["data"]["reason"]["sv"].startswith("1 vistelse")


def test_one_that_came_and_went_unseen_is_opened_and_closed(tmp_path: Path) -> None:
    """After an outage, say; in that order, of two receivers' types either may be all they want."""
    ports = town(tmp_path)
    judged(ports, windows(".xx..."), 6)
    assert tell_episodes(ports) == 1
    assert told(ports) == [("opened", "000001", 2, False), ("closed", "000002", 2, False)]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("..xx..", "......", [("revised", "000003", 2, True)]),
        ("....xx", "......", [("closed", "000002", 2, True)]),
        ("..xx..", ".xxxx.", [("revised", "000003", 4, False)]),
        ("..xx..", "....xx", [("opened", "000001", 2, False), ("revised", "000003", 2, True)]),
        ("x..x..", "xxxx..", [("revised", "000003", 4, False), ("revised", "000003", 1, True)]),
        (
            "xxxx..",
            "x..x..",
            [("opened", "000001", 1, False), ("closed", "000002", 1, False), ("revised", "000003", 1, False)],
        ),
        ("..xx..", "..xxxx", [("revised", "000003", 4, False)]),
    ],
)
def test_what_a_correction_does_is_told(
    tmp_path: Path, before: str, after: str, said: Sequence[tuple[str, str, int, bool]]
) -> None:
    """Gone, moved, grown, joined, parted, going on again; the type says closed where an open one ended."""
    ports = town(tmp_path)
    judged(ports, windows(before), 6)
    tell_episodes(ports)
    seen = len(told(ports))
    judged(ports, windows(after), 6)
    tell_episodes(ports)
    assert sorted(told(ports)[seen:]) == sorted(said)


def test_one_that_was_withdrawn_and_comes_back_goes_on_counting(tmp_path: Path) -> None:
    """So that no id is used twice, and the newest word is the one with the greatest number."""
    ports = town(tmp_path)
    for story in (".xx...", "......", ".xx...", "......"):
        judged(ports, windows(story), 6)
        tell_episodes(ports)
    assert [(kind, number, gone) for kind, number, _, gone in told(ports)] == [
        ("opened", "000001", False),
        ("closed", "000002", False),
        ("revised", "000003", True),
        ("opened", "000004", False),
        ("closed", "000005", False),
        ("revised", "000006", True),
    ]
    assert len({one["id"] for one in published(ports)}) == 6


def test_what_people_decide_is_told(tmp_path: Path) -> None:
    """Acknowledged: revised. Closed by a person: closed, though it goes on."""
    ports = town(tmp_path)
    judged(ports, windows("....xx"), 6)
    tell_episodes(ports)
    [episode] = [one["data"]["episode"] for one in published(ports)]
    acknowledge_episode(ports, TENANT, episode, "anna")
    tell_episodes(ports)
    close_episode(ports, TENANT, episode, "anna")
    tell_episodes(ports)
    assert [kind for kind, *_ in told(ports)] == ["opened", "revised", "closed"]
    assert published(ports)[-1]["data"]["closed_by"] == "anna"


def test_history_that_is_imported_is_no_news(tmp_path: Path) -> None:
    """Nor is what ended long before somebody subscribed; what is corrected later than two weeks is not told either."""
    ports = town(tmp_path)
    story = np.zeros((1, 24 * 40), dtype=bool)
    story[0, [100, 24 * 40 - 24 * 8, 24 * 40 - 24 * 6]] = True
    judged(ports, story, story.shape[1])
    assert tell_episodes(ports) == 1
    ports.clock.time += timedelta(days=30)  # type: ignore[attr-defined]
    story[:] = False
    with ports.state.transaction():
        ports.verdicts.supersede(np.array([1]), ORIGIN, ORIGIN + story.shape[1] * HOUR)
    assert tell_episodes(ports) == 0
    assert ports.deliveries.told(TENANT, TOPIC) == []


def test_one_that_goes_on_for_weeks_is_not_taken_for_gone(tmp_path: Path) -> None:
    """A sensor that is stuck, say; its end is told when it comes."""
    ports = town(tmp_path)
    story = np.ones((1, 24 * 40), dtype=bool)
    story[0, -1] = False
    for watermark in range(24, story.shape[1], 96):
        judged(ports, story, watermark)
        tell_episodes(ports)
    judged(ports, story, story.shape[1])
    tell_episodes(ports)
    assert len({one["subject"] for one in published(ports)}) == 1
    assert [one["type"] for one in published(ports)].count(TYPES[2]) == 1
    assert told(ports)[-1] == ("closed", told(ports)[-1][1], 24 * 40 - 1, False)


def test_what_an_older_trappvakt_told_is_known(tmp_path: Path) -> None:
    """As it was written then: what is new in an episode has a default, or ticks would fail after an upgrade."""
    ports = town(tmp_path)
    judged(ports, windows("....xx"), 6)
    written = {
        "episode": f"1-{ORIGIN + 4 * HOUR}",
        "stairwell": "kvarnen-3a",
        "space": "space 0",
        "kind": "cellar",
        "area": "unknown",
        "start": "2026-11-02T04:00:00Z",
        "end": "2026-11-02T05:00:00Z",
        "status": "open",
        "windows": 1,
        "nights": 1,
        "observed": 1.0,
        "expected": 1.0,
        "score": 1.0,
        "episode_probability": 1.0,
        "rate_per_week": 1.0,
        "reason": {"sv": "Ja.", "en": "Yes."},
    }
    subject, document = str(written["episode"]), msgspec.json.encode(written)
    ports.deliveries.remember(Told(tenant=TENANT, topic=TOPIC, subject=subject, sequence=4, document=document))
    tell_episodes(ports)
    assert told(ports) == [("revised", "000005", 2, False)]


def test_nobody_subscribes_and_nothing_is_kept(tmp_path: Path) -> None:
    ports = town(tmp_path, webhooks__subscriptions=[SUBSCRIPTION | {"events": ["trappvakt.list.approved"]}])
    assert tell_episodes(ports) == 0, "before anything is scored"
    judged(ports, windows(".xx..."), 6)
    assert tell_episodes(ports) == 0
    assert ports.deliveries.told(TENANT, TOPIC) == []


def test_one_told_of_before_it_was_cut_short_is_not_told_again(tmp_path: Path) -> None:
    """An episode's events and what is remembered of it are one commit, over SQLite too."""
    ports = sqlite_ports(tmp_path / "data", **{"webhooks__subscriptions": [SUBSCRIPTION | {"events": TYPES}]})
    ports.register.learn_all(TENANT, [("kvarnen-3a", f"space {number}", Kind.CELLAR) for number in range(3)])
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


def test_another_champion_is_told_of_once(tmp_path: Path) -> None:
    """Also one whose promotion was killed before it could tell; the first one goes without saying."""
    ports = town(tmp_path)
    tell_promotion(ports)
    for version in ("0", "0", "1", "1", "0", "1"):
        judged(ports, windows("......"), 6, version)
        tell_promotion(ports)
    promoted = [(one["sequence"], one["data"]["replaced"], one["data"]["version"]) for one in published(ports)]
    assert promoted == [("000002", "0", "1"), ("000003", "1", "0"), ("000004", "0", "1")]
    assert len({one["id"] for one in published(ports)}) == 3


def test_a_promotion_says_what_it_replaced(tmp_path: Path) -> None:
    """If no champion was told of before; the same one anew is no news."""
    for version, replaced, events in (("1", "0", 1), ("1", "1", 0)):
        ports = town(tmp_path / replaced)
        judged(ports, windows("......"), 6, version)
        tell_promotion(ports, replaced=replaced)
        tell_promotion(ports)
        assert len(published(ports)) == events
