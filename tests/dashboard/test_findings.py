"""Episodes, stairwells and sensors as pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from models.city import SimulatedCity
from service.dashboard.lately import KNOWN_CAUSE, MISSING, NIGHTS, first_noon, lately_in
from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.episodes import EpisodeStatus
from service.domain.keys import Role
from service.domain.places import Kind, PlaceRow
from service.domain.readings import CountRow
from service.domain.sensors import SensorFault, SensorKey, SensorState
from service.exports.wording import Language
from service.usecases.findings.episodes import EpisodeFilter, find_episodes
from service.usecases.findings.profile import normal_week
from service.usecases.findings.queries import (
    VerdictFilter,
    VerdictView,
    read_stairwell,
    read_stairwell_verdicts,
)
from service.usecases.intake.ingest import ingest_counts
from service.usecases.learning.advance import advance
from service.usecases.learning.rosters import full_roster
from service.usecases.learning.shards import open_shard, shards_by_number, shards_of
from service.usecases.sensors.check import check_sensors
from service.usecases.sensors.watched import watched_sensors
from tests.api.conftest import STORES, scored_ports
from tests.dashboard.conftest import Site
from tests.worlds import TENANT, end_of, register_city


@pytest.fixture
def loud(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The town on an evening when something goes on in its first space."""
    ports: Any = scored_ports(getattr(request, "param", "memory"), tmp_path_factory)
    end, hours = ports.clock.time, np.arange(4)
    ones = np.ones(len(hours), dtype=np.int64)
    ports.counts.append(CountPoints(ones, (int(end.timestamp()) + 3600 * hours) * NANOSECONDS, 9 * ones, 0 * ones))
    ports.clock.time = end + timedelta(hours=len(hours))
    advance(ports, ports.clock.time)
    return Site(ports)


def open_episode(site: Site) -> str:
    found, _ = find_episodes(site.ports, TENANT, EpisodeFilter(open=True))
    return next(one for one in found if one.observed >= 36).episode


@pytest.mark.parametrize("loud", STORES, indirect=True)
def test_an_episode_is_seen_and_closed(loud: Site) -> None:
    """Each step is told, and by whom; what is closed is on the page no longer."""
    episode, operator = open_episode(loud), loud.person(Role.OPERATOR)
    page = operator.read("/episodes")
    article = page.split(f'id="{episode}"')[1].split("</article>")[0]
    assert "Nobody has seen it" in article
    assert "<h2>" in article  # right below the heading of the page, for those who hear it
    assert "presences in the" in article
    assert re.search(r"<dd>[0-9]+ <small>normal", article)
    assert operator.send(f"/episodes/{episode}/acknowledge") == "/episodes?told=acknowledged"
    article = operator.read("/episodes?told=acknowledged").split(f'id="{episode}"')[1].split("</article>")[0]
    assert "by you" in article
    assert "/acknowledge" not in article
    operator.send(f"/episodes/{episode}/close")
    assert f'id="{episode}"' not in operator.read("/episodes?told=closed")
    actions = {one.action for one in loud.ports.audit.entries(TENANT)}
    assert {"episode.acknowledge", "episode.close"} <= actions


def test_a_space_is_muted_up_to_the_end_of_a_day(loud: Site) -> None:
    episode, operator = open_episode(loud), loud.person(Role.OPERATOR)
    day = (loud.ports.clock.now() + timedelta(days=3)).date()
    operator.send(f"/episodes/{episode}/mute", until=day.isoformat(), reason="handled")
    muted = operator.read("/episodes").split("<h2>Muted</h2>")[1]
    assert f'id="{episode}"' in muted
    assert "handled" in muted
    (told,) = [one for one in find_episodes(loud.ports, TENANT, EpisodeFilter())[0] if one.episode == episode]
    assert told.muted_until is not None
    assert told.muted_until.astimezone(UTC).date() == day
    assert told.status is EpisodeStatus.OPEN


@pytest.mark.parametrize("until", ["", "2001-01-01", "soon", "9999-12-31", "2026-02-30"])
def test_a_day_that_is_over_is_told_at_the_episode(loud: Site, until: str) -> None:
    episode = open_episode(loud)
    page = loud.person(Role.OPERATOR).send(f"/episodes/{episode}/mute", 400, until=until, reason="sensor")
    article = page.split(f'id="{episode}"')[1].split("</article>")[0]
    assert "<details open>" in article
    assert "Name a day" in article


def test_odd_reasons_and_unknown_episodes_are_refused(loud: Site) -> None:
    operator, day = loud.person(Role.OPERATOR), "2100-01-01"
    operator.send(f"/episodes/{open_episode(loud)}/mute", 400, until=day, reason="free text")
    for action in ("acknowledge", "close", "mute"):
        operator.send(f"/episodes/999-1/{action}", 404, until=day, reason="handled")


def test_a_reader_decides_nothing(loud: Site) -> None:
    episode, reader = open_episode(loud), loud.person(Role.READER)
    page = reader.read("/episodes")
    assert f'id="{episode}"' in page
    assert 'action="/episodes' not in page
    reader.send(f"/episodes/{episode}/close", 403)


def test_a_stairwell_shows_its_normal_week(town: Site, city: SimulatedCity) -> None:
    """The numbers of the profile: 8 rows of 24 in the chart, and 24 of 8 in the table beside it."""
    stairwell = city.places[0].stairwell
    page = town.person(Role.READER).read(f"/stairwells/{stairwell}")
    by_space = {one.space: one for one in normal_week(town.ports, TENANT, stairwell)}
    profiles = [by_space[one.space] for one in read_stairwell(town.ports, TENANT, stairwell).spaces]
    charts = page.split('<table class="heat normal">')[1:]
    tables = page.split('<table class="numbers">')[1:]
    assert len(charts) == len(tables) == len(profiles)
    for profile, chart, table in zip(profiles, charts, tables, strict=True):
        rows = chart.split("</table>")[0].split("<tbody>")[1].split("<tr>")[1:]
        assert [row.count("<td") for row in rows] == [24] * 8
        numbers = re.findall(r"<td>([\d.]+)", table.split("</table>")[0])
        shown = np.array([float(number) for number in numbers]).reshape(24, 8).T
        assert np.allclose(shown, profile.expected, atol=0.06)
        first = [float(number) for number in re.findall(r">([\d.]+)(?=<|$)", rows[0])]
        monday_noon_to_tuesday_noon = profile.expected[0][12:] + profile.expected[1][:12]
        assert np.allclose(first, monday_noon_to_tuesday_noon, atol=0.06)


def test_a_normal_week_is_what_verdicts_expect(town: Site, city: SimulatedCity) -> None:
    """To the last bit: the page asks the model for less, not for something else."""
    stairwell = city.places[0].stairwell
    ports, end = town.ports, end_of(city)
    before = normal_week(ports, TENANT, stairwell)
    manifest = ports.state.manifest()
    assert manifest is not None
    assert manifest.watermark == int(end.timestamp())
    (roster,) = shards_of(full_roster(ports), manifest.shard_series)
    (shard,) = shards_by_number(manifest).values()
    columns = open_shard(
        ports.state, shard, roster, ports.registry.load(manifest.version), manifest.window_minutes
    ).columns
    numbers = {(one.stairwell, one.space): one.number for one in ports.register.series(TENANT)}
    for profile in before:
        column = roster.numbers.tolist().index(numbers[stairwell, profile.space])
        one = columns.select([column])
        asked = [float(one.score(slot, np.full(1, np.nan)).expected[0]) for slot in range(8 * 24)]
        assert [value for day in profile.expected for value in day] == asked


def test_what_was_counted_lately_is_what_was_judged(town: Site, city: SimulatedCity) -> None:
    """The sum over the page's cells is the sum of the counts of its two weeks."""
    ports, watermark = town.ports, end_of(city)
    place = city.places[0]
    verdicts, _ = read_stairwell_verdicts(
        ports,
        TENANT,
        place.stairwell,
        place.space,
        VerdictFilter(start=watermark - timedelta(days=NIGHTS + 1), limit=9999),
    )
    page = town.person(Role.READER).read(f"/stairwells/{place.stairwell}")
    before = [one.space for one in read_stairwell(ports, TENANT, place.stairwell).spaces].index(place.space)
    table = page.split('<table class="heat lately">')[1 + before].split("</table>")[0].split("<tbody>")[1]
    shown = sum(int(number) for number in re.findall(r"<td[^>]*>(\d+)", table))
    since = first_noon(watermark, ZoneInfo(town.ports.settings.general.timezone))
    assert shown == sum(one.count for one in verdicts if one.start >= since) > 0
    assert table.count("<tr>") == NIGHTS


def test_hours_without_a_count_are_no_zeros() -> None:
    """Missing until the watermark, empty after it; anomalous hours are framed, known causes are marked."""
    zone, watermark = ZoneInfo("Europe/Stockholm"), datetime(2026, 11, 19, 22, tzinfo=UTC)

    def verdict(hour: int, count: float, **more: object) -> VerdictView:
        start = datetime(2026, 11, 19, hour, tzinfo=UTC)
        known = dict.fromkeys(("expected", "lower", "upper", "p_value", "p_above", "score", "episode_probability"), 0.5)
        known |= {"tail": 0.1, "evidence_weeks": 9.0, "anomalous": False, "warming_up": False, "version": "0"}
        known |= {"stairwell": "a", "space": "b", "kind": Kind.CELLAR, "start": start, "count": count}
        return VerdictView(**{**known, "end": start + timedelta(hours=1), **more})  # type: ignore[arg-type]

    told = lately_in(
        [verdict(19, 3, anomalous=True), verdict(20, 0), verdict(21, 2, annotation="renovation")],
        watermark,
        zone,
        Language.SV,
    )
    last = NIGHTS - 1
    assert told.nights[last] == "tor 19 nov."
    assert told.counted.presences[last][8:11] == [3, 0, 2]
    assert told.counted.framed == {(last, 8)}
    assert told.marks[last] == [MISSING] * 8 + ["", "", KNOWN_CAUSE] + [""] * 13
    assert told.marks[0] == [MISSING] * 24


@pytest.mark.parametrize(("day", "hours"), [("2026-10-25", 25), ("2026-03-29", 23)])
def test_nights_when_the_clock_is_changed_lose_nothing(day: str, hours: int) -> None:
    """The hour that autumn repeats is one cell with the presences of both; the one spring leaves out is missing."""
    zone = ZoneInfo("Europe/Stockholm")
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=zone)
    starts = [noon.astimezone(UTC) - timedelta(hours=hour) for hour in range(hours, 0, -1)]
    assert starts[0].astimezone(zone).hour in (11, 12, 13)

    class One:
        count, anomalous, annotation = 1.0, False, None

        def __init__(self, start: datetime) -> None:
            self.start = start

    first = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=zone) - timedelta(days=1)
    inside = [One(start) for start in starts if start >= first.astimezone(UTC)]
    told = lately_in(inside, noon.astimezone(UTC), zone, Language.EN)  # type: ignore[arg-type]
    assert sum(map(sum, told.counted.presences)) == len(inside) == hours
    assert told.marks[-1].count(MISSING) == (1 if hours == 23 else 0)


def test_nothing_scored_is_told(site: Site, city: SimulatedCity) -> None:
    register_city(site.ports, city)
    page = site.person(Role.READER).read(f"/stairwells/{city.places[0].stairwell}")
    assert "Nothing is scored yet" in page
    site.person(Role.READER).read("/stairwells/none", 404)


def test_stairwells_go_on_on_the_next_page(site: Site, city: SimulatedCity) -> None:
    site.ports.register.put(
        PlaceRow(tenant=TENANT, area="a", property="p", building="b", stairwell=f"s/{number:03}", space="cellar")
        for number in range(230)
    )
    reader = site.person(Role.READER)
    first = reader.read("/stairwells")
    following = first.split('href="/stairwells?after=')[1].split('"')[0]
    second = reader.read(f"/stairwells?after={following}")
    assert first.count("/stairwells/s/") == 200
    assert second.count("/stairwells/s/") == 30
    assert "s/007" in reader.read("/stairwells/s/007")


def with_sensors(site: Site, n: int, **more: object) -> list[SensorKey]:
    """Register sensors, one a space; their keys."""
    places = {"tenant": TENANT, "area": "a", "property": "p", "building": "b", "space": "cellar", **more}
    site.ports.register.put(PlaceRow(stairwell=f"s{k:03}", sensor=f"g{k:03}", **places) for k in range(n))  # type: ignore[arg-type]
    return [one.key for one in watched_sensors(site.ports, {}, TENANT).values()]


def test_the_worst_sensor_is_told_first(site: Site) -> None:
    """What is wrong, why, and what to do; a sensor with two faults stands where the worse one puts it."""
    keys = with_sensors(site, 4)
    found = [(0, "low_battery"), (1, "level_shifted"), (2, "silent"), (3, "low_battery"), (3, "deaf")]
    faults = [SensorFault(key=keys[k], state=SensorState(state), since=1, found=2, value=2.0) for k, state in found]
    with site.ports.sensors.transaction():
        site.ports.sensors.replace_faults([], faults)
    attention = site.person(Role.OPERATOR).read("/sensors").split("Need looking after")[1]
    assert re.findall(r'<a href="/stairwells/(s\d+)">', attention) == ["s002", "s003", "s001", "s000"]
    first = attention.split("</article>")[0]
    assert '<p class="where">a · Sensor g002</p>' in first  # without an address its id is above already
    assert "which is longer than usual" in first
    assert "What to do:</b> Change its battery or restart it" in first


def test_sensors_in_order_go_on_on_the_next_page(site: Site) -> None:
    """They were heard, and nothing is wrong, each at its address; the faulty ones stand on the first page."""
    with_sensors(site, 230, address="Kvarngatan 3")
    time = site.ports.clock.now() - timedelta(hours=1)
    rows = [CountRow(stairwell=f"s{k:03}", space="cellar", sensor=f"g{k:03}", time=time, count=1) for k in range(230)]
    assert ingest_counts(site.ports, TENANT, enumerate(rows, start=1)).rejected == 0
    check_sensors(site.ports)
    reader = site.person(Role.READER)
    first = reader.read("/sensors")
    assert "All sensors are heard" in first
    last = reader.read("/sensors?from=200")
    assert 'href="/sensors?from=100"' in first
    assert 'href="/sensors?from=200"' in reader.read("/sensors?from=100")
    assert [page.count('<th scope="row"') for page in (first, last)] == [100, 30]
    assert [page.count(">Kvarngatan 3</a>,") for page in (first, last)] == [100, 30]
    assert "Need looking after" not in last
    reader.read("/sensors?from=x", 400)


def test_no_sensor_is_told(site: Site) -> None:
    """And nothing stands below headings that have nothing."""
    page = site.person(Role.READER).read("/sensors")
    assert "No sensors are registered" in page
    assert "<h2>" not in page
