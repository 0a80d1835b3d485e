"""What becomes of ranked places on a list: who is left out, who was heard, and what is said of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest

from models.calendar import Calendar
from models.hotspots.ground import Presences
from models.hotspots.hotspot import HotSpot
from models.hotspots.significance import ScanNull
from models.hotspots.town import Town
from models.shipped import shipped_version
from service.domain.hotspots import HotspotList
from service.domain.places import Building, Kind, Liveness, Sensor, Series, Space, Stairwell
from service.settings import load_settings
from service.usecases.lists.entries import ListedPlaces
from service.usecases.lists.ranking import Ranking
from tests.api.drafts import entry, listed

HOUR, DAY = 3600, 86_400
MONDAY = 1_767_571_200
DAYS, PERIOD = 20, 7
STARTS = np.arange(MONDAY, MONDAY + DAYS * DAY, HOUR)
PERIOD_BEGINS = (DAYS - PERIOD) * 24
SETTINGS = load_settings(environment={}).hotspots
NAMES = ("a", "b", "c", "d")


def found(series: int, p_value: float = 1e-9, score: float = 9.0) -> HotSpot:
    return HotSpot(series, series, "emerging", (0,), 20, 22, 5, 0.1, 2, score, p_value, True, MONDAY, MONDAY)


def places_of(
    hotspots: Sequence[HotSpot],
    *,
    heard: Mapping[str, Sequence[int]] | None = None,
    dwellings: Mapping[str, int] | None = None,
    sensors: Sequence[Sensor] = (),
    weeks: float = 9.0,
    **asked: Any,
) -> ListedPlaces:
    """Stairwells of a cellar and an attic that has no sensor; without ``heard``, all hours of each are."""
    counts = np.full((len(STARTS), len(NAMES)), np.nan)
    for column, name in enumerate(NAMES):
        counts[list(heard[name]) if heard is not None else slice(None), column] = 0.0
    numbers = np.arange(len(NAMES))
    presences = Presences(Calendar("UTC"), STARTS, counts, np.ones_like(counts), np.zeros_like(numbers), numbers)
    null = ScanNull.of(np.zeros(0))
    return ListedPlaces(
        presences=presences,
        ranking=Ranking(presences, shipped_version().prior, list(hotspots), numbers < 0, null, Town.as_ever()),
        series=[
            Series(number=k + 1, tenant="t", stairwell=name, space="cellar", kind=Kind.CELLAR, area="Norra")
            for k, name in enumerate(NAMES)
        ],
        weeks=np.full(len(NAMES), weeks),
        places={
            name: Stairwell(
                stairwell=name,
                building=Building(
                    tenant="t", area="Norra", property="p", building=name, dwellings=(dwellings or {}).get(name)
                ),
                spaces=[
                    Space(space="attic", kind=Kind.ATTIC, sensors=[Sensor(sensor="s", liveness=Liveness.ASSUMED)]),
                    Space(space="cellar", kind=Kind.CELLAR, sensors=list(sensors)),
                ],
            )
            for name in NAMES
        },
        asked=msgspec.structs.replace(SETTINGS, days=PERIOD, **asked),
    )


def names(made: ListedPlaces, before: HotspotList | None = None) -> tuple[list[str], int]:
    entries, suppressed = made.entries(before)
    return [one.stairwell for one in entries], suppressed


@pytest.mark.parametrize(("top", "told"), [(1, (["b"], 1)), (2, (["b", "d"], 2))])
def test_small_buildings_take_no_room_and_are_counted_as_far_as_the_list_goes(
    top: int, told: tuple[list[str], int]
) -> None:
    """One of as many dwellings as are asked for is not small."""
    dwellings = {"a": 7, "b": 8, "c": 0, "d": 99}
    ranked = [found(series, p_value=0.5) for series in range(4)]
    assert names(places_of(ranked, dwellings=dwellings, top=top, min_dwellings=8)) == told


def test_confidence_is_among_the_places_heard_in_the_period() -> None:
    """It begins at midnight; who was last heard the hour before is unknown."""
    heard = {"a": [PERIOD_BEGINS], "b": [len(STARTS) - 1], "c": [PERIOD_BEGINS - 1], "d": []}
    made = places_of([found(0, p_value=0.1)], heard=heard)
    assert [one.confidence for one in made.entries(None)[0]] == pytest.approx([1 - 0.1 * 2])
    assert [one.stairwells for one in made.unknown()] == [["c", "d"]]


@pytest.mark.parametrize(("window", "first"), [(0, "a"), (-1, "b")])
def test_a_standing_falls_once_the_place_was_heard_since_the_list_before(window: int, first: str) -> None:
    """The window that begins at its watermark is the first since."""
    since = PERIOD_BEGINS + 24
    heard = {"a": [since], "b": [since + window], "c": [], "d": []}
    watermark = datetime.fromtimestamp(int(STARTS[since]), UTC)
    before = msgspec.structs.replace(
        listed("1", *(entry(stairwell=name, standing=5.0 + k) for k, name in enumerate("ab"))), watermark=watermark
    )
    weaker = [found(0, p_value=0.5, score=1.1), found(1, p_value=0.5, score=1.0)]
    assert names(places_of(weaker, heard=heard), before)[0][0] == first


def test_what_is_hardly_surer_than_chance_is_no_entry() -> None:
    """Below the line an entry has to be as sure as the settings ask; what is significant always is one."""
    places = [found(0), found(1, p_value=0.3), found(2, p_value=0.9)]
    listed_then = places_of(places, least_confidence=0.0).entries(None)[0]
    assert [round(one.confidence, 2) for one in listed_then] == [1.0, 0.4, 0.0]
    assert [names(places_of(places, least_confidence=least), None)[0] for least in (0.3, 0.5)] == [["a", "b"], ["a"]]
    assert names(places_of(places, least_confidence=0.99, false_discovery_rate=0.7), None)[0] == ["a", "b"]


def test_a_place_not_heard_since_keeps_its_entry_however_little_is_known() -> None:
    """Missing is not calm."""
    since = PERIOD_BEGINS + 24
    watermark = datetime.fromtimestamp(int(STARTS[since]), UTC)
    before = msgspec.structs.replace(
        listed("1", *(entry(stairwell=name, standing=5.0) for name in "ab")), watermark=watermark
    )
    heard = {"a": [since], "b": [since - 1], "c": [since], "d": []}
    faded = [found(series, p_value=0.9, score=0.1) for series in range(3)]
    assert names(places_of(faded, heard=heard), before)[0] == ["b"]


BEGIN, END = (
    datetime.fromtimestamp(int(STARTS[-1]), UTC) - timedelta(days=PERIOD),
    datetime.fromtimestamp(int(STARTS[-1]), UTC),
)


@pytest.mark.parametrize(
    ("valid", "liveness"),
    [
        ({}, Liveness.ASSUMED),
        ({"valid_from": END}, Liveness.ASSUMED),
        ({"valid_from": END + timedelta(hours=1)}, Liveness.HEARTBEAT),
        ({"valid_to": BEGIN + timedelta(hours=1)}, Liveness.ASSUMED),
        ({"valid_to": BEGIN}, Liveness.HEARTBEAT),
    ],
)
def test_liveness_is_that_of_the_sensors_that_stood_in_the_space_in_the_period(
    valid: dict[str, datetime], liveness: Liveness
) -> None:
    """The sensor of another space, whose silence is taken for calm, says nothing of this one."""
    sensors = [Sensor(sensor="old", liveness=Liveness.ASSUMED, **valid), Sensor(sensor="new")]
    [told] = places_of([found(0, p_value=0.1)], sensors=sensors).entries(None)[0]
    assert told.liveness is liveness


@pytest.mark.parametrize(("weeks", "warming_up"), [(3.99, True), (4.0, False)])
def test_after_four_weeks_a_place_is_known(weeks: float, warming_up: bool) -> None:
    [told] = places_of([found(0, p_value=0.1)], weeks=weeks).entries(None)[0]
    assert (told.warming_up, "fyra veckor" in told.reason_sv) == (warming_up, warming_up)
