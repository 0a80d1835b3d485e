"""The contracts of the stores of what people decided about episodes and found at listed places."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from service.domain.episodes import EpisodeAction, EpisodeDecision, MuteReason
from service.domain.outcomes import Finding, Outcome
from tests.contract.stores import TENANT, Stores, learn

NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)
SECOND = int(NOW.timestamp())


def decision(series: int, start: int, **said: object) -> EpisodeDecision:
    stated = {
        "tenant": TENANT,
        "series": series,
        "start": SECOND + start,
        "end": SECOND + start + 7200,
        "action": EpisodeAction.ACKNOWLEDGE,
        "decided_by": "key-1",
        "decided": NOW + timedelta(microseconds=7),
    }
    return EpisodeDecision(**(stated | said))


def test_decisions_come_back_in_the_order_they_were_made(embedded: Stores) -> None:
    """All of them, also contradicting ones; another tenant's are its own."""
    one, two = learn(embedded, 2)
    mute = {"action": EpisodeAction.MUTE, "until": NOW + timedelta(days=7), "reason": MuteReason.HANDLED}
    made = [decision(two, 3600), decision(one, 0, **mute), decision(two, 3600, action=EpisodeAction.CLOSE)]
    for each in made:
        embedded.episodes.add(each)
    embedded.episodes.add(decision(one, 0, tenant="annat bolag"))
    assert embedded.episodes.find(TENANT, 0) == made


def test_decisions_that_no_longer_matter_are_left_out(embedded: Stores) -> None:
    """Those whose episode and mute are over."""
    [series] = learn(embedded, 1)
    over = decision(series, -7200)
    muted = decision(series, -7200, action=EpisodeAction.MUTE, until=NOW + timedelta(seconds=1))
    running = decision(series, -7199)
    for each in (over, muted, running):
        embedded.episodes.add(each)
    assert embedded.episodes.find(TENANT, SECOND) == [muted, running]
    assert embedded.episodes.find(TENANT, SECOND + 1) == []


def test_every_decision_grows_the_revision(embedded: Stores) -> None:
    """Also one that says the same again."""
    [series] = learn(embedded, 1)
    seen = [embedded.episodes.revision()]
    for _ in range(2):
        embedded.episodes.add(decision(series, 0))
        seen.append(embedded.episodes.revision())
    assert seen == sorted(set(seen))


def outcome(rank: int, day: int = 0, **said: object) -> Outcome:
    stated = {
        "tenant": TENANT,
        "list_id": "2026-11-01-001",
        "rank": rank,
        "stairwell": "kvarnen-3a",
        "visited": NOW + timedelta(days=day),
        "found": [Finding.TRACES, Finding.DRUGS],
        "reported_by": "key-1",
        "reported": NOW,
    }
    return Outcome(**(stated | said))


def test_outcomes_come_back_by_rank_and_visit(embedded: Stores) -> None:
    """Of one list of one tenant."""
    for each in (outcome(10), outcome(2, 1), outcome(2), outcome(1, list_id="other"), outcome(1, tenant="annat bolag")):
        embedded.outcomes.put(each)
    assert embedded.outcomes.find(TENANT, "2026-11-01-001") == [outcome(2), outcome(2, 1), outcome(10)]
    assert embedded.outcomes.find("tredje bolaget", "2026-11-01-001") == []


def test_a_visit_has_one_outcome(embedded: Stores) -> None:
    """Reported again, it is corrected."""
    corrected = msgspec.structs.replace(outcome(1), found=[Finding.NOTHING], reported_by="key-2")
    for each in (outcome(1), corrected):
        embedded.outcomes.put(each)
    assert embedded.outcomes.find(TENANT, "2026-11-01-001") == [corrected]
