"""The contract of the count store."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.domain.counts import NANOSECONDS, CountSpan, WindowCounts
from tests.contract.conftest import FreshStores
from tests.contract.stores import HOUR, TENANT, Stores, learn, numbers, points

START = 1_793_491_200  # 2026-11-01 00:00 UTC
HOURS = 6
WINDOW_MINUTES = (5, 6, 10, 12, 15, 20, 30, 60)
fresh_each_time = settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
batches = st.lists(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.one_of(
                st.integers(0, HOURS * 12 - 1).map(lambda five_minutes: five_minutes * 300 * NANOSECONDS),
                st.integers(0, HOURS * HOUR * NANOSECONDS - 1),
            ),
            st.integers(0, 1_000_000_000),
            st.integers(0, 2),
        ),
        max_size=12,
    ),
    max_size=4,
)


def as_dict(counts: WindowCounts) -> dict[tuple[int, int], int]:
    keys = zip(counts.starts.tolist(), counts.series.tolist(), strict=True)
    return dict(zip(keys, counts.counts.tolist(), strict=True))


@given(batches=batches, minutes=st.sampled_from(WINDOW_MINUTES), wanted=st.sets(st.integers(0, 3)))
@fresh_each_time
def test_windows_are_the_sums_of_the_newest_points(
    fresh: FreshStores, batches: list[list[tuple[int, int, int, int]]], minutes: int, wanted: set[int]
) -> None:
    """Whatever is appended, again or anew, in any order: a window holds the sum over its sensors' latest points."""
    stores = fresh()
    series = learn(stores, 4)
    sources = [0, *stores.register.sensor_numbers(TENANT, ["rörelse 1", "b,c=d"]).values()]
    newest: dict[tuple[int, int, int], int] = {}
    for batch in batches:
        rows = [(series[s], START * NANOSECONDS + t, n, sources[source]) for s, t, n, source in batch]
        stores.counts.append(points(rows))
        newest |= {(number, time, source): n for number, time, n, source in rows}

    window = minutes * 60
    sums: Counter[tuple[int, int]] = Counter()
    for (number, time, _), n in newest.items():
        sums[time // NANOSECONDS // window * window, number] += n
    chosen = {series[position] for position in wanted}
    read = stores.counts.read(START, START + HOURS * HOUR, window)
    some = stores.counts.read(START, START + HOURS * HOUR, window, numbers(sorted(chosen)))
    assert list(as_dict(read).items()) == sorted(sums.items())
    assert as_dict(some) == {key: n for key, n in sums.items() if key[1] in chosen}
    assert all(column.dtype == np.int64 for column in (read.starts, read.series, read.counts))


@given(minutes=st.sampled_from(WINDOW_MINUTES), first=st.integers(0, 50), length=st.integers(0, 50))
@fresh_each_time
def test_interval_is_half_open_on_the_window_grid(fresh: FreshStores, minutes: int, first: int, length: int) -> None:
    """Windows from the start on are read, those from the end on are not."""
    stores = fresh()
    [series] = learn(stores, 1)
    window = minutes * 60
    starts = [START + number * window for number in range(60)]
    stores.counts.append(points([(series, start * NANOSECONDS, 1, 0) for start in starts]))
    for chosen in (None, numbers([series])):
        read = stores.counts.read(START + first * window, START + (first + length) * window, window, chosen)
        assert read.starts.tolist() == starts[first : first + length]


def test_zero_is_a_count_and_missing_is_none(stores: Stores) -> None:
    """A window with a zero has a row; a window without a point has none."""
    [series] = learn(stores, 1)
    stores.counts.append(points([(series, (START + 2 * HOUR) * NANOSECONDS, 0, 0)]))
    assert as_dict(stores.counts.read(START, START + HOURS * HOUR, HOUR)) == {(START + 2 * HOUR, series): 0}


def test_batch_sent_again_changes_nothing(stores: Stores) -> None:
    """An append is idempotent."""
    series = learn(stores, 3)
    batch = points([(number, (START + hour * HOUR) * NANOSECONDS, 3, 0) for number in series for hour in range(5)])
    stores.counts.append(batch)
    once = as_dict(stores.counts.read(START, START + HOURS * HOUR, HOUR))
    stores.counts.append(batch)
    assert as_dict(stores.counts.read(START, START + HOURS * HOUR, HOUR)) == once
    assert len(once) == 15


def test_last_of_two_equal_keys_in_a_batch_wins(stores: Stores) -> None:
    """Within a batch order counts, as it does between batches."""
    [series] = learn(stores, 1)
    stores.counts.append(points([(series, START * NANOSECONDS, n, 0) for n in (5, 9, 2)]))
    assert as_dict(stores.counts.read(START, START + HOUR, HOUR)) == {(START, series): 2}


def test_more_points_than_one_request_holds(stores: Stores) -> None:
    """A batch of any size is stored whole."""
    series = learn(stores, 50)
    batch = points([(number, (START + hour * HOUR) * NANOSECONDS, 1, 0) for hour in range(240) for number in series])
    stores.counts.append(batch)
    read = stores.counts.read(START, START + 240 * HOUR, HOUR)
    assert len(read) == len(batch) == 12_000
    assert read.counts.sum() == 12_000


def test_empty_store(stores: Stores) -> None:
    """Nothing is read from nothing, and it is no error."""
    learn(stores, 1)
    stores.counts.append(points([]))
    assert len(stores.counts.read(START, START + HOUR, HOUR)) == 0
    assert len(stores.counts.read(START, START + HOUR, HOUR, numbers([1]))) == 0
    assert stores.counts.extent() is None
    assert stores.counts.changes(0).earliest == {}


def test_extent_is_the_first_and_the_last_instant(stores: Stores) -> None:
    """To the second, also where other points share the hour."""
    series = learn(stores, 2)
    seconds = [START + 1800, START + 600, START + 90 * 24 * HOUR + 59, START + 90 * 24 * HOUR]
    stores.counts.append(points([(series[s % 2], time * NANOSECONDS, 1, 0) for s, time in enumerate(seconds)]))
    last = START + 90 * 24 * HOUR + 59
    assert stores.counts.extent() == stores.counts.extent(START + 3599) == (START + 600, last)
    assert stores.counts.extent(START + HOUR) == (last - 59, last)
    assert stores.counts.extent(last + HOUR) is None


def test_changes_tell_each_series_earliest_instant(stores: Stores) -> None:
    """A cursor sees what was appended after it, once; forgetting loses no count."""
    one, two = learn(stores, 2)
    stores.counts.append(points([(one, (START + hour * HOUR) * NANOSECONDS, 1, 0) for hour in (3, 1, 2)]))
    first = stores.counts.changes(0)
    assert first.earliest == {one: START + HOUR}

    stores.counts.append(points([(two, (START + 30) * NANOSECONDS + 7, 1, 0)]))
    stores.counts.append(points([(one, START * NANOSECONDS, 1, 0), (two, (START + HOUR) * NANOSECONDS, 1, 0)]))
    second = stores.counts.changes(first.cursor)
    assert second.earliest == {one: START, two: START + 30}
    assert stores.counts.changes(0).earliest == {one: START, two: START + 30}
    assert stores.counts.changes(second.cursor) == type(second)(second.cursor, {})

    stores.counts.forget_changes(second.cursor)
    assert stores.counts.changes(0).earliest == {}
    assert stores.counts.read(START, START + HOURS * HOUR, HOUR).counts.sum() == 6

    stores.counts.append(points([(one, (START + HOUR) * NANOSECONDS, 1, 0)]))
    assert stores.counts.changes(second.cursor).earliest == {one: START + HOUR}


@pytest.mark.parametrize("window", [300, 3600])
def test_unknown_series_are_read_as_nothing(stores: Stores, window: int) -> None:
    """A number that no point carries is no error."""
    [series] = learn(stores, 1)
    stores.counts.append(points([(series, START * NANOSECONDS, 1, 0)]))
    assert len(stores.counts.read(START, START + HOUR, window, numbers([series + 1000]))) == 0
    assert len(stores.counts.read(START, START + HOUR, window, numbers([series, series + 1000, series]))) == 1


def test_replace_leaves_nothing_else_of_the_source_in_the_span(stores: Stores) -> None:
    """Other sources, other series and other times stay; a change is told only where something changes."""
    one, two = learn(stores, 2)
    sensor, other = stores.register.sensor_numbers(TENANT, ["s 1", 's"2']).values()
    hours = [(START + hour * HOUR) * NANOSECONDS for hour in range(HOURS)]
    stores.counts.append(points([(one, time, 1, source) for time in hours for source in (sensor, other, 0)]))
    stores.counts.append(points([(two, time, 1, sensor) for time in hours]))
    cursor = stores.counts.changes(0).cursor
    span = CountSpan(one, sensor, hours[1], hours[4])
    wanted = points([(one, hours[1], 1, sensor), (one, hours[3] + 7000, 5, sensor)])
    for _ in range(2):
        stores.counts.replace(wanted, [span])
        counts = as_dict(stores.counts.read(START, START + HOURS * HOUR, HOUR))
        assert [counts[START + hour * HOUR, one] for hour in range(HOURS)] == [3, 3, 2, 7, 3, 3]
        assert [counts[START + hour * HOUR, two] for hour in range(HOURS)] == [1] * HOURS
    changes = stores.counts.changes(cursor)
    assert changes.earliest == {one: START + 2 * HOUR}
    stores.counts.replace(wanted, [span])
    assert stores.counts.changes(changes.cursor).earliest == {}
    stores.counts.replace(points([]), [span, CountSpan(two, sensor, hours[0], hours[5] + 1)])
    counts = as_dict(stores.counts.read(START, START + HOURS * HOUR, HOUR))
    assert counts == {(START + hour * HOUR, one): (2 if 1 <= hour < 4 else 3) for hour in range(HOURS)}


def test_what_is_withdrawn_takes_no_neighbour_with_it(stores: Stores) -> None:
    """Not even one a nanosecond later, of the same sensor and outside of the span."""
    [series] = learn(stores, 1)
    sensor, time = stores.register.sensor_numbers(TENANT, ["s 1"])["s 1"], START * NANOSECONDS
    stores.counts.append(points([(series, time + later, 1, sensor) for later in range(3)]))
    stores.counts.replace(points([]), [CountSpan(series, sensor, time, time + 2)])
    assert as_dict(stores.counts.read(START, START + HOUR, HOUR)) == {(START, series): 1}


def test_changes_made_past_the_store_are_told_like_its_own(stores: Stores) -> None:
    """Whoever finds them notes them; nothing to note is no change."""
    one, two = learn(stores, 2)
    stores.counts.append(points([(one, (START + HOUR) * NANOSECONDS, 1, 0)]))
    stores.counts.note_changes({one: START + 2 * HOUR, two: START + 30})
    changes = stores.counts.changes(0)
    assert changes.earliest == {one: START + HOUR, two: START + 30}
    stores.counts.note_changes({})
    assert stores.counts.changes(changes.cursor) == type(changes)(changes.cursor, {})
