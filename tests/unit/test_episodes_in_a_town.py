"""Episodes while the whole town is out are marked: by the windows they are in, of the tenant whose they are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.detector.state import STATE_SCHEMA
from models.hotspots.common_cause import FEWEST_SERIES
from service.domain.places import Kind
from service.domain.state import Manifest
from service.domain.verdicts import MEASURES, PValues, VerdictColumns
from service.ports import Ports
from service.ports.verdicts import VerdictStore
from service.usecases.findings.common_cause import Begun, count_begun, windows_out
from service.usecases.findings.episodes import EpisodeFilter, EpisodeView, find_episodes, read_episode
from service.usecases.telling.episodes import tell_episodes
from tests.api.conftest import PORTS, STORES, memory_ports
from tests.worlds import TENANT

HOUR, WINDOWS, TOWN = 3600, 12, 30
EVE = int(datetime(2026, 12, 31, 19, tzinfo=UTC).timestamp())
OTHER = "grannbolaget"
TYPES = ["trappvakt.episode.opened", "trappvakt.episode.revised", "trappvakt.episode.closed"]
Cells = Collection[tuple[int, int]]


@pytest.fixture(params=STORES)
def ports(request: pytest.FixtureRequest, tmp_path: Path) -> Ports:
    return PORTS[request.param](tmp_path)


def judged(ports: Ports, out: Cells, anomalous: Cells, *, tenant: str = TENANT, series: int = TOWN) -> None:
    """Verdicts of every window and space of a town; ``out`` and ``anomalous`` are (window, space)."""
    ports.register.learn(tenant, [(f"{tenant} {number}", "cellar", Kind.CELLAR) for number in range(series)])
    numbers = [one.number for one in ports.register.series(tenant)]
    windows, spaces = (grid.ravel() for grid in np.mgrid[:WINDOWS, :series])
    keys = list(zip(windows.tolist(), spaces.tolist(), strict=True))
    rare = np.array([key in out or key in anomalous for key in keys])
    measures = {name: np.full(len(keys), 0.5) for name in MEASURES}
    measures["evidence_weeks"] = np.full(len(keys), 3.0)
    measures |= {"p_value": np.where(rare, 1e-3, 1.0), "p_above": np.where(rare, 1e-4, 0.4)}
    columns = VerdictColumns(
        version="0",
        series=np.array(numbers)[spaces],
        starts=EVE + windows * HOUR,
        anomalous=np.array([key in anomalous for key in keys]),
        **measures,
    )
    laid_out = {
        "window_minutes": 60,
        "shard_series": 99,
        "cursor": 0,
        "digest": "",
        "shards": [],
        "layout": STATE_SCHEMA,
    }
    with ports.state.transaction():
        ports.verdicts.write(columns)
        ports.state.publish(
            Manifest(origin=EVE, watermark=EVE + WINDOWS * HOUR, version="0", previous=None, **laid_out)
        )


def told(ports: Ports, tenant: str = TENANT, **wanted: object) -> list[EpisodeView]:
    return find_episodes(ports, tenant, EpisodeFilter(**wanted))[0]


def cells(windows: Collection[int], spaces: Collection[int]) -> set[tuple[int, int]]:
    return {(window, space) for window in windows for space in spaces}


def test_episodes_while_the_town_is_out_are_marked_and_say_so(ports: Ports) -> None:
    """Those of the place itself are not; each kind can be asked for alone."""
    eve, own = cells([2, 3], range(0, TOWN, 2)), cells([8], [1])
    judged(ports, out=set(), anomalous=eve | own)
    found = told(ports)
    assert [one.common_cause for one in found] == [True] * 15 + [False]
    assert found[0].reason.en.endswith(". The whole town was out at that time.")
    assert found[0].reason.sv.endswith(". Det var ovanligt mycket på gång i hela beståndet då.")
    assert "town" not in found[-1].reason.en
    assert told(ports, common_cause=True) == found[:-1]
    assert told(ports, common_cause=False) == found[-1:]
    assert read_episode(ports, TENANT, found[0].episode) == found[0]
    assert told(ports, stairwell=found[0].stairwell) == found[:1]
    assert count_begun(ports, EVE) == Begun(16, 15)
    assert count_begun(ports, EVE + 3 * HOUR) == Begun(1, 0)


@pytest.mark.parametrize(("windows", "marked"), [(range(4), True), (range(5), False), (range(1, 4), True)])
def test_half_of_the_windows_of_an_episode_decide(tmp_path: Path, windows: range, marked: bool) -> None:
    """The town is out in the third and fourth window; this one was there before."""
    ports = memory_ports(tmp_path)
    judged(ports, out=set(), anomalous=cells([2, 3], range(1, TOWN)) | cells(windows, [0]))
    [first] = told(ports, stairwell=f"{TENANT} 0")
    assert (first.windows, first.common_cause) == (len(windows), marked)


@pytest.mark.parametrize(
    ("out", "anomalous", "series", "marked"),
    [
        (range(12), range(2), TOWN, True),
        (range(12), range(1), TOWN, False),  # one episode in a lively hour is its own
        (range(4), range(4), TOWN, False),  # not three times as many as always
        (range(FEWEST_SERIES), range(FEWEST_SERIES), FEWEST_SERIES, True),
        (range(FEWEST_SERIES - 1), range(FEWEST_SERIES - 1), FEWEST_SERIES - 1, False),
    ],
)
def test_a_few_are_no_town(tmp_path: Path, out: range, anomalous: range, series: int, marked: bool) -> None:
    """Neither few episodes, nor few series that are out, nor a company of few series."""
    ports = memory_ports(tmp_path)
    judged(ports, out=cells([5], out), anomalous=cells([5], anomalous), series=series)
    assert {one.common_cause for one in told(ports)} == {marked}


def test_no_town_is_marked_by_another(ports: Ports) -> None:
    """Two companies: one is out, the other has two episodes then, and many series of its own that are calm."""
    judged(ports, out=set(), anomalous=cells([2], range(TOWN)))
    judged(ports, out=set(), anomalous=cells([2], range(2)), tenant=OTHER)
    assert {one.common_cause for one in told(ports)} == {True}
    assert [one.common_cause for one in told(ports, OTHER)] == [False, False]
    assert count_begun(ports, EVE) == Begun(TOWN + 2, TOWN)


@given(data=st.data(), page=st.integers(2, 7))
@settings(max_examples=20)
def test_pages_and_filters_mark_what_the_whole_shows(data: st.DataObject, page: int) -> None:
    """Against all p-values there are, whatever is asked for; no more windows are read than the episodes have."""
    ports = memory_ports(Path())
    anomalous: set[tuple[int, int]] = set()
    for window in range(WINDOWS):
        anomalous |= cells([window], data.draw(st.sets(st.integers(0, TOWN - 1), max_size=7)))
    judged(ports, out=set(), anomalous=anomalous)
    numbers = np.array([one.number for one in ports.register.series(TENANT)])
    everything = ports.verdicts.columns(numbers, EVE, EVE + WINDOWS * HOUR)
    rows = (everything.starts - EVE) // HOUR
    out = windows_out(everything, rows, WINDOWS) & (np.bincount(rows, everything.anomalous, WINDOWS) >= 2)
    watching = Watching(ports.verdicts)
    watched = replace(ports, verdicts=watching)
    for asked in (None, True, False):
        wanted, found, after = EpisodeFilter(common_cause=asked, limit=page), list[EpisodeView](), True
        while after:
            part, after = find_episodes(watched, TENANT, wanted)
            found += part
            wanted = msgspec.structs.replace(wanted, after=after)
        expected = [one for one in told(ports, limit=1000) if asked in (None, is_marked(one, out))]
        assert found == expected
        assert [one.common_cause for one in found] == [is_marked(one, out) for one in found]
    assert watching.windows <= {EVE + window * HOUR for window, _ in anomalous}


def is_marked(one: EpisodeView, out: np.ndarray) -> bool:
    first, end = ((int(time.timestamp()) - EVE) // HOUR for time in (one.start, one.end))
    return bool(out[first:end].mean() >= 0.5)


def test_webhooks_tell_of_the_mark_and_of_its_change(tmp_path: Path) -> None:
    """Late counts of the others may show that the whole town was out."""
    subscription = {"name": "r1", "url": "https://hooks.example/", "tenant": TENANT, "secret_file": "none"}
    ports = memory_ports(tmp_path, webhooks__subscriptions=[subscription | {"events": TYPES}])
    ports.clock.time = datetime.fromtimestamp(EVE + WINDOWS * HOUR, UTC)
    judged(ports, out=set(), anomalous=cells([2], range(2)))
    assert (tell_episodes(ports), tell_episodes(ports)) == (2, 0)
    judged(ports, out=cells([2], range(TOWN)), anomalous=cells([2], range(2)))
    assert (tell_episodes(ports), tell_episodes(ports)) == (2, 0)
    events = [msgspec.json.decode(one.content or b"") for one in ports.deliveries.find()]
    marks = [(one["type"], one["data"]["common_cause"]) for one in events if one["type"] != TYPES[2]]
    assert marks == [(TYPES[0], False)] * 2 + [(TYPES[1], True)] * 2


class Watching:
    """A store that keeps in mind of which windows p-values were read."""

    def __init__(self, verdicts: VerdictStore) -> None:
        self._verdicts = verdicts
        self.windows: set[int] = set()

    def p_values(self, series: np.ndarray, starts: np.ndarray) -> PValues:
        self.windows |= set(starts.tolist())
        return self._verdicts.p_values(series, starts)

    def __getattr__(self, name: str) -> object:
        return getattr(self._verdicts, name)
