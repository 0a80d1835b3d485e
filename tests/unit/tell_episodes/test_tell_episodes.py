"""What has become of episodes is told once and in order, whatever moves the verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from service.domain.deliveries import Told
from service.usecases.findings.episodes import acknowledge_episode, close_episode
from service.usecases.telling.episodes import TOPIC, tell_episodes
from tests.unit.tell_episodes.one_stairwell import (
    HOUR,
    ORIGIN,
    SUBSCRIPTION,
    TYPES,
    judged,
    published,
    told,
    town,
    windows,
)
from tests.worlds import TENANT


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
