"""Before and after through real stores: what is left out, what is refused, and that a real change is told."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import click.testing
import numpy as np
import pytest

from models.city import SimulatedCity, simulate_city
from service.api.application import create_app
from service.cli import main
from service.domain.annotations import Annotation, AnnotationKind
from service.domain.keys import Role
from service.errors import Conflict, NotFound, TooLittleData
from service.ports import Ports
from service.settings import load_settings
from service.usecases.keys import create_key
from service.usecases.trials.before_after import before_after
from tests.worlds import TENANT, end_of, judge_city, register_city, sqlite_ports

STOCKHOLM = ZoneInfo("Europe/Stockholm")
WEEKS = 8
DAY = date(2025, 9, 29)  # four weeks after the town's first Monday


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    """A calm town; in its busiest stairwell three presences in four are gone from the date on."""
    city = simulate_city(44, stairwells=45, weeks=WEEKS, null=True)
    series = city.stairwell_of_series == busiest(city)
    after = city.starts >= datetime(2025, 9, 29, tzinfo=STOCKHOLM).timestamp()
    there = np.ix_(after, series)
    heard = ~np.isnan(city.counts[there])
    thinned = np.random.default_rng(1).binomial(np.where(heard, city.counts[there], 0).astype(int), 0.25)
    city.counts[there] = np.where(heard, thinned, np.nan)
    return city


@pytest.fixture(scope="module")
def ports(city: SimulatedCity, tmp_path_factory: pytest.TempPathFactory) -> Ports:
    """The town, scored; tests read it."""
    ports = sqlite_ports(tmp_path_factory.mktemp("before-after"), now=end_of(city) + timedelta(hours=1))
    register_city(ports, city)
    judge_city(ports, city)
    return ports


def busiest(city: SimulatedCity) -> int:
    return int(np.argmax(np.bincount(city.stairwell_of_series, np.nan_to_num(city.rate).sum(axis=0))))


@pytest.fixture(scope="module")
def stairwell(city: SimulatedCity) -> str:
    return city.stairwells[busiest(city)]


def test_a_change_is_told_with_its_numbers(ports: Ports, city: SimulatedCity, stairwell: str) -> None:
    found = before_after(ports, TENANT, stairwell, DAY)
    assert found.low < 0.25 < found.high < 1.0
    assert found.ratio == pytest.approx(0.25, abs=0.1)
    assert found.reason.en.startswith("Fewer presences: from 29 Sept 2025 on 0.")
    assert found.reason.sv.startswith("Färre vistelser: från den 29 sep. 2025 0,")
    assert (found.before.start, found.before.end, found.before.weeks) == (date(2025, 9, 1), DAY, 4)
    assert (found.after.start, found.after.end, found.after.weeks) == (DAY, date(2025, 10, 27), 4)
    counts = city.counts[:, city.stairwell_of_series == busiest(city)]
    counts = counts[:, (~np.isnan(counts)).mean(axis=0) > 0.75]
    before = city.starts < datetime(2025, 9, 29, tzinfo=STOCKHOLM).timestamp()
    assert found.before.presences == np.nansum(counts[before])
    assert found.after.presences == np.nansum(counts[~before])
    assert found.before.hours_heard == (~np.isnan(counts[before])).sum()


def test_it_is_held_against_other_buildings_alone(ports: Ports, city: SimulatedCity, stairwell: str) -> None:
    buildings = {place.stairwell: place.building for place in city.places}
    found = before_after(ports, TENANT, stairwell, DAY)
    assert len(found.compared) == 20
    assert buildings[stairwell] not in {buildings[one] for one in found.compared}
    largest = Counter(buildings.values())[buildings[stairwell]]
    assert found.placebos <= 45 - largest


def test_weeks_are_as_many_as_asked_for_and_scored(ports: Ports, stairwell: str) -> None:
    found = before_after(ports, TENANT, stairwell, date(2025, 10, 1), weeks_before=2)
    assert (found.before.weeks, found.after.weeks) == (2, 3)
    assert found.before.start == date(2025, 9, 17)


@pytest.mark.parametrize("day", [date(2025, 9, 10), date(2025, 10, 16), date(2020, 1, 1), date(2200, 1, 1)])
def test_too_few_weeks_are_refused_with_what_there_is(ports: Ports, stairwell: str, day: date) -> None:
    with pytest.raises(TooLittleData, match=f"whole weeks before {day} and"):
        before_after(ports, TENANT, stairwell, day)


def test_a_stairwell_that_was_hardly_heard_is_refused(ports: Ports, city: SimulatedCity) -> None:
    before = city.starts < datetime(2025, 9, 29, tzinfo=STOCKHOLM).timestamp()
    heard = np.minimum(*((~np.isnan(city.counts[there])).mean(axis=0) for there in (before, ~before)))
    deaf = [
        one for one in city.stairwells if all(heard[k] < 0.5 for k, p in enumerate(city.places) if p.stairwell == one)
    ]
    assert deaf, "the town has sensors that came late or died"
    with pytest.raises(TooLittleData, match="0 presences are known"):
        before_after(ports, TENANT, deaf[0], DAY)


def test_unknown_places_and_an_empty_service_are_refused(ports: Ports, tmp_path) -> None:
    with pytest.raises(NotFound):
        before_after(ports, TENANT, "none", DAY)
    empty = sqlite_ports(tmp_path)
    register_city(empty, simulate_city(1, stairwells=2, weeks=1))
    with pytest.raises(Conflict, match="nothing has been scored"):
        before_after(empty, TENANT, "t00001", DAY)


def test_known_causes_and_holidays_are_left_out(ports: Ports, city: SimulatedCity, stairwell: str, tmp_path) -> None:
    """A renovation of the last week, and a holiday; nothing else of the answer's numbers is about them."""
    noisy = sqlite_ports(tmp_path, now=end_of(city), general__extra_holidays=["2025-09-10"])
    register_city(noisy, city)
    begun = datetime(2025, 10, 20, tzinfo=STOCKHOLM)
    noisy.annotations.put(
        [
            Annotation(
                tenant=TENANT,
                annotation="works",
                kind=AnnotationKind.RENOVATION,
                start=begun.astimezone(UTC),
                end=end_of(city),
                stairwell=stairwell,
                made_by="anna",
                made=begun.astimezone(UTC),
            )
        ]
    )
    judge_city(noisy, city)
    found, whole = before_after(noisy, TENANT, stairwell, DAY), before_after(ports, TENANT, stairwell, DAY)
    assert found.after.hours_heard == pytest.approx(whole.after.hours_heard * 0.75, rel=0.05)
    assert found.before.hours_heard == pytest.approx(whole.before.hours_heard * 27 / 28, rel=0.02)
    assert found.low < 0.25 < found.high


def test_days_of_an_area_are_left_out_of_its_stairwells(ports: Ports, city: SimulatedCity, stairwell: str) -> None:
    """And of no others, though all are compared with each other."""
    area = next(one.area for one in city.places if one.stairwell == stairwell)
    whole = before_after(ports, TENANT, stairwell, DAY)
    for name in (area, "another"):
        areas = [{"tenant": TENANT, "area": name, "extra_holidays": ["2025-09-10", "2025-09-11"]}]
        fair = replace(ports, settings=load_settings(environment={}, overrides={"general.areas": areas}))
        found = before_after(fair, TENANT, stairwell, DAY)
        share = 26 / 28 if name == area else 1.0
        assert found.before.hours_heard == pytest.approx(whole.before.hours_heard * share, rel=0.02)
        assert found.after.hours_heard == whole.after.hours_heard


def test_the_api_answers_the_same_and_refuses_with_problems(ports: Ports, stairwell: str) -> None:
    client = create_app(ports).test_client()
    tokens = {role: create_key(ports, role, TENANT, "test")[1] for role in (Role.READER, Role.POLICE)}
    asking = {"Authorization": f"Bearer {tokens[Role.READER]}"}
    path = f"/v1/stairwells/{stairwell}/before-after"
    answer = client.get(f"{path}?date=2025-09-29&weeks_before=3", headers=asking)
    told = before_after(ports, TENANT, stairwell, DAY, weeks_before=3)
    assert answer.json["ratio"] == told.ratio
    assert answer.json["before"]["start"] == "2025-09-08"
    assert client.get(f"{path}?date=2025-10-20", headers=asking).json["type"] == "/problems/too-little-data"
    odd = client.get(f"{path}?date=yesterday", headers=asking)
    assert odd.status_code == 422
    assert "write it like 2026-11-22" in odd.json["detail"]
    assert client.get(path, headers=asking).status_code == 422
    refused = client.get(f"{path}?date=2025-09-29", headers={"Authorization": f"Bearer {tokens[Role.POLICE]}"})
    assert refused.status_code == 403


def test_the_command_tells_it_in_words(ports: Ports, stairwell: str) -> None:
    folder = str(ports.settings.data_dir)
    runner = click.testing.CliRunner()
    done = runner.invoke(main, ["--data", folder, "before-after", stairwell, "--date", "2025-09-29"])
    assert done.exit_code == 0, done.output
    assert "Fewer presences: from 29 Sept 2025" in done.output
    assert runner.invoke(main, ["--data", folder, "before-after", stairwell, "--date", "2025-10-20"]).exit_code == 1
