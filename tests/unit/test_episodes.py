"""Episodes are the runs of anomalous verdicts, whatever the page, and decisions follow them through corrections."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import groupby

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.domain.episodes import EpisodeStatus, MuteReason
from service.domain.places import Kind
from service.domain.state import Manifest
from service.domain.verdicts import MEASURES, VerdictColumns
from service.errors import InvalidInput, NotFound
from service.ports import Ports
from service.usecases.findings import episode_runs
from service.usecases.findings.episodes import (
    EpisodeFilter,
    EpisodeView,
    acknowledge_episode,
    close_episode,
    find_episodes,
    mute_episode,
    read_episode,
)
from tests.api.conftest import PORTS, STORES
from tests.worlds import TENANT

HOUR = 3600
FRIDAY = int(datetime(2026, 10, 23, 19, tzinfo=UTC).timestamp())  # 21:00 in Stockholm
SPACES = 3


@pytest.fixture(params=STORES)
def ports(request, tmp_path) -> Ports:
    return started(PORTS[request.param](tmp_path))


def started(ports: Ports) -> Ports:
    """Three spaces that nothing is scored of yet."""
    ports.register.learn(TENANT, [(f"s{number}", "cellar", Kind.CELLAR) for number in range(SPACES)])
    return ports


def scored(ports: Ports, anomalous: set[tuple[int, int]], until: int, since: int = 0) -> None:
    """Verdicts of every hour and series; ``anomalous`` are (hour, series), hours counted from Friday."""
    hours, series = np.meshgrid(np.arange(since, until), np.arange(1, SPACES + 1), indexing="ij")
    hours, series = hours.ravel(), series.ravel()
    marked = np.array(
        [(hour, number) in anomalous for hour, number in zip(hours.tolist(), series.tolist(), strict=True)]
    )
    measures = {name: np.where(marked, 2.0, 0.1) for name in MEASURES}
    rarest = hours % 5 == 2
    measures |= {"count": np.where(marked, 3.0, 0.0), "tail": np.where(marked, np.where(rarest, 0.0005, 0.001), 1.0)}
    measures["score"] = np.where(marked, np.where(rarest, 2.0, 1.5), 0.1)
    measures |= {name: np.full(len(hours), 0.5) for name in ("episode_probability", "p_value", "p_above")}
    starts = FRIDAY + hours * HOUR
    with ports.state.transaction():
        ports.verdicts.write(
            VerdictColumns(version="0", series=series, starts=starts, anomalous=marked.astype(bool), **measures)
        )
        ports.state.publish(manifest(FRIDAY + until * HOUR))


def manifest(watermark: int) -> Manifest:
    numbers = {"window_minutes": 60, "shard_series": 9, "cursor": 0}
    return Manifest(origin=FRIDAY, watermark=watermark, version="0", previous=None, digest="", shards=[], **numbers)


def told(ports: Ports, **wanted: object) -> list[EpisodeView]:
    return find_episodes(ports, TENANT, EpisodeFilter(**wanted))[0]


def spans(found: list[EpisodeView]) -> list[tuple[int, int, int]]:
    """(series, first hour, last hour exclusive)."""
    return [
        (int(one.episode.split("-")[0]), *(int(time.timestamp() - FRIDAY) // HOUR for time in (one.start, one.end)))
        for one in found
    ]


@given(
    anomalous=st.sets(st.tuples(st.integers(0, 15), st.integers(1, SPACES))),
    page=st.integers(1, 5),
    since=st.integers(0, 15),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_episodes_are_maximal_runs_on_every_page(anomalous, page, since, tmp_path_factory):
    """By start, then series; none twice, none left out, none begun before what is asked for."""
    ports = started(PORTS["memory"](tmp_path_factory.mktemp("runs")))
    scored(ports, anomalous, until=16)
    expected = []
    for number in range(1, SPACES + 1):
        hours = [hour for hour, series in sorted(anomalous) if series == number]
        for _, run in groupby(enumerate(hours), lambda item: item[1] - item[0]):
            held = [hour for _, hour in run]
            expected.append((number, held[0], held[-1] + 1))
    expected = sorted((one for one in expected if one[1] >= since), key=lambda one: (one[1], one[0]))
    wanted = EpisodeFilter(start=datetime.fromtimestamp(FRIDAY + since * HOUR, UTC), limit=page)
    found: list[EpisodeView] = []
    for _ in range(50):
        part, after = find_episodes(ports, TENANT, wanted)
        found += part
        if after is None:
            break
        wanted = msgspec.structs.replace(wanted, after=after)
    assert spans(found) == expected


def test_pages_of_the_store_change_nothing(ports, monkeypatch):
    """Runs that reach over several pages of verdicts, side by side and interrupted."""
    anomalous = {(hour, 1) for hour in range(20)} | {(hour, 2) for hour in range(2, 30) if hour % 5} | {(7, 3)}
    scored(ports, anomalous, until=40)
    at_once = told(ports)
    monkeypatch.setattr(episode_runs, "_PAGE_VERDICTS", 3)
    assert told(ports) == at_once
    assert spans(at_once)[:3] == [(1, 0, 20), (2, 2, 5), (2, 6, 10)]
    assert read_episode(ports, TENANT, f"1-{FRIDAY + 19 * HOUR}") == at_once[0]


def test_an_episode_tells_its_numbers(ports):
    """Observed against expected, how long, on how many nights, how rare; in both languages."""
    scored(ports, {(hour, 1) for hour in range(5)}, until=6)
    [one] = told(ports)
    assert (one.stairwell, one.space, one.kind, one.windows, one.nights) == ("s0", "cellar", "cellar", 5, 1)
    assert (one.observed, one.expected, one.score, one.rate_per_week) == (15, 10, 2, 0.0005)
    assert one.reason.sv == (
        "15 vistelser i källaren under 5 timmar från fredag kl. 21:00, där 10,0 är normalt; "
        "av en slump en gång på 38 år."
    )
    assert one.reason.en == (
        "15 presences in the cellar in 5 hours from Friday 21:00, where 10.0 are normal; by chance once in 38 years."
    )
    scored(ports, {(hour, 2) for hour in range(7, 33)}, until=34, since=6)
    assert "26 hours (2 nights)" in told(ports)[-1].reason.en


def test_an_episode_is_open_while_it_reaches_the_newest_window(ports):
    """The next calm window closes it; asked for alone, open ones are found from their beginning."""
    scored(ports, {(0, 2), *((hour, 1) for hour in range(3, 6))}, until=6)
    assert [one.status for one in told(ports)] == [EpisodeStatus.CLOSED, EpisodeStatus.OPEN]
    assert spans(told(ports, open=True)) == [(1, 3, 6)]
    assert spans(told(ports, open=False)) == [(2, 0, 1)]
    scored(ports, {(6, 1)}, until=7, since=6)
    assert spans(told(ports, open=True)) == [(1, 3, 7)]
    scored(ports, set(), until=8, since=7)
    assert told(ports, open=True) == []
    assert told(ports, stairwell="s0", open=False) == told(ports)[1:]


def test_decisions_are_told_and_audited(ports):
    """Who and when; the verdicts stay as they are."""
    scored(ports, {(hour, 1) for hour in range(3)}, until=3)
    [open_one] = told(ports)
    before = ports.verdicts.columns(np.array([1]), 0, 2**40)
    seen = acknowledge_episode(ports, TENANT, open_one.episode, "anna")
    assert (seen.acknowledged_by, seen.acknowledged, seen.status) == ("anna", ports.clock.now(), EpisodeStatus.OPEN)
    closed = close_episode(ports, TENANT, open_one.episode, "bo")
    assert (closed.closed_by, closed.status, closed.acknowledged_by) == ("bo", EpisodeStatus.CLOSED, "anna")
    assert told(ports, open=True) == []
    assert told(ports, acknowledged=True) == [closed]
    assert told(ports, acknowledged=False) == []
    actions = [(entry.actor, entry.action) for entry in ports.audit.entries(TENANT)]
    assert actions == [("bo", "episode.close"), ("anna", "episode.acknowledge")]
    np.testing.assert_array_equal(before.score, ports.verdicts.columns(np.array([1]), 0, 2**40).score)


def test_a_mute_holds_for_the_space_until_its_time(ports):
    """For this episode and every later one that begins before; no other space, and none after."""
    until = datetime.fromtimestamp(FRIDAY + 400 * HOUR, UTC)
    scored(ports, {(0, 1), (5, 1), (5, 2), (399, 1), (401, 1)}, until=402)
    first = told(ports)[0]
    assert ports.clock.now() < until
    muted = mute_episode(ports, TENANT, first.episode, "anna", until=until, reason=MuteReason.HANDLED)
    assert (muted.muted_until, muted.mute_reason) == (until, MuteReason.HANDLED)
    marks = [one.mute_reason is not None for one in told(ports)]
    assert list(zip(spans(told(ports)), marks, strict=True)) == [
        ((1, 0, 1), True),
        ((1, 5, 6), True),
        ((2, 5, 6), False),
        ((1, 399, 400), True),
        ((1, 401, 402), False),
    ]
    with pytest.raises(InvalidInput, match="which is over"):
        mute_episode(ports, TENANT, first.episode, "anna", until=ports.clock.now(), reason=MuteReason.HANDLED)


def test_decisions_follow_an_episode_through_corrections(ports):
    """It begins earlier, grows, or loses its first hours: what somebody has seen stays seen."""
    scored(ports, {(4, 1), (5, 1)}, until=8)
    name = told(ports)[0].episode
    acknowledge_episode(ports, TENANT, name, "anna")
    scored(ports, {(hour, 1) for hour in range(2, 7)}, until=8)
    [grown] = told(ports)
    assert (spans([grown]), grown.acknowledged_by) == ([(1, 2, 7)], "anna")
    assert read_episode(ports, TENANT, name) == grown
    scored(ports, {(5, 1), (7, 1)}, until=8)
    assert [one.acknowledged_by for one in told(ports)] == ["anna", None]
    for gone in (name, f"1-{FRIDAY + 6 * HOUR}"):
        with pytest.raises(NotFound):
            read_episode(ports, TENANT, gone)


@pytest.mark.parametrize("name", ["", "1", "1-2-3", "x-1", "9-1", f"1-{FRIDAY}", "1-" + "9" * 40, "1--5", "１-１"])
def test_what_is_no_episode_is_not_found(ports, name):
    scored(ports, {(1, 1)}, until=2)
    with pytest.raises(NotFound, match="no episode"):
        read_episode(ports, TENANT, name)


def test_nothing_scored_no_episode(ports):
    assert told(ports) == []
    with pytest.raises(NotFound):
        read_episode(ports, TENANT, f"1-{FRIDAY}")
    scored(ports, {(0, 1)}, until=1)
    assert find_episodes(ports, "annat bolag", EpisodeFilter()) == ([], None)
    assert told(ports, end=datetime.fromtimestamp(FRIDAY, UTC)) == []
    assert len(told(ports, end=datetime.fromtimestamp(FRIDAY, UTC) + timedelta(seconds=1))) == 1
