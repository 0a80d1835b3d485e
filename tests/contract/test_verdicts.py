"""The contract of the verdict store."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.domain.verdicts import MEASURES, VerdictQuery
from tests.contract.conftest import FreshStores
from tests.contract.stores import HOUR, Stores, learn, numbers, rows_of, verdicts

START = 1_793_491_200  # 2026-11-01 00:00 UTC
END = START + 1000 * HOUR
fresh_each_time = settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
finite = st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number + 0.0)  # no store tells -0.0 from 0


def grid(series: list[int], windows: int) -> list[tuple[int, int]]:
    """The keys of some windows of all series."""
    return [(START + window * HOUR, number) for window in range(windows) for number in series]


@given(measures=st.lists(st.tuples(*[finite] * len(MEASURES)), min_size=1, max_size=8))
@fresh_each_time
def test_every_measure_comes_back_to_the_last_bit(fresh: FreshStores, measures: list[tuple[float, ...]]) -> None:
    """What was said of a count is kept exactly."""
    stores = fresh()
    [series] = learn(stores, 1)
    said = verdicts("7", grid([series], len(measures)))
    for position, name in enumerate(MEASURES):
        getattr(said, name)[:] = [row[position] for row in measures]
    stores.verdicts.write(said)
    assert rows_of(stores.verdicts.columns(numbers([series]), START, END)) == rows_of(said)
    found = stores.verdicts.find(VerdictQuery(series=(series,)))
    assert [[getattr(verdict, name) for name in MEASURES] for verdict in found] == [list(row) for row in measures]


def test_columns_are_ordered_typed_and_half_open(stores: Stores) -> None:
    """By (start, series), whatever the order they were written in."""
    series = learn(stores, 5)
    keys = grid(series, 20)
    said = verdicts("7", [keys[position] for position in np.random.default_rng(1).permutation(len(keys))])
    stores.verdicts.write(said)
    read = stores.verdicts.columns(numbers([series[3], series[1]]), START + 2 * HOUR, START + 19 * HOUR)
    keys = [key for key in grid([series[1], series[3]], 19) if key[0] >= START + 2 * HOUR]
    assert list(zip(read.starts.tolist(), read.series.tolist(), strict=True)) == keys
    assert (read.version, read.series.dtype, read.anomalous.dtype) == ("7", np.int64, np.bool_)
    assert set(rows_of(read)) <= set(rows_of(said))


def test_nothing_is_found_in_nothing(stores: Stores) -> None:
    """No verdicts, no series: empty answers."""
    [series] = learn(stores, 1)
    stores.verdicts.write(verdicts("7", []))
    read = stores.verdicts.columns(numbers([series]), START, END)
    assert (len(read), read.version) == (0, "")
    assert stores.verdicts.find(VerdictQuery(series=(series,))) == []
    stores.verdicts.write(verdicts("7", [(START, series)]))
    assert stores.verdicts.find(VerdictQuery(series=())) == []
    assert len(stores.verdicts.columns(numbers([]), START, END)) == 0


def test_a_verdict_written_again_replaces_itself(stores: Stores) -> None:
    """A tick that was interrupted is done again and ends with the same verdicts."""
    series = learn(stores, 3)
    stores.verdicts.write(verdicts("7", grid(series, 4), seed=1))
    stores.verdicts.write(verdicts("7", grid(series, 4), seed=2))
    read = stores.verdicts.columns(numbers(series), START, END)
    assert rows_of(read) == rows_of(verdicts("7", grid(series, 4), seed=2))


def test_the_newest_written_version_is_in_force(stores: Stores) -> None:
    """Also after a rollback, when the older version writes last."""
    series = learn(stores, 2)
    for seed, version in enumerate(["7", "8", "7"]):
        stores.verdicts.write(verdicts(version, grid(series, 3), seed))
        found = stores.verdicts.find(VerdictQuery(series=tuple(series)))
        assert {verdict.version for verdict in found} == {version}
        read = stores.verdicts.columns(numbers(series), START, END)
        assert read.version == version
        assert rows_of(read) == rows_of(verdicts(version, grid(series, 3), seed))


def test_columns_name_the_version_of_the_newest(stores: Stores) -> None:
    """After a promotion an interval holds verdicts of two versions."""
    series = learn(stores, 2)
    stores.verdicts.write(verdicts("7", grid(series, 3)))
    stores.verdicts.write(verdicts("8", [(START + 3 * HOUR, number) for number in series]))
    assert stores.verdicts.columns(numbers(series), START, END).version == "8"
    assert stores.verdicts.columns(numbers(series), START, START + 3 * HOUR).version == "7"


def test_superseded_verdicts_are_in_force_no_more(stores: Stores) -> None:
    """Those of the series in the interval go, all versions of them; all others stay."""
    series = learn(stores, 4)
    stores.verdicts.write(verdicts("7", grid(series, 10)))
    stores.verdicts.write(verdicts("8", grid(series[:2], 10)))
    stores.verdicts.supersede(numbers(series[1:3]), START + 2 * HOUR, START + 5 * HOUR)
    left = stores.verdicts.find(VerdictQuery(series=tuple(series), limit=1000))
    gone = {(START + window * HOUR, number) for window in (2, 3, 4) for number in series[1:3]}
    assert [(verdict.start, verdict.series) for verdict in left] == sorted(set(grid(series, 10)) - gone)

    stores.verdicts.write(verdicts("8", sorted(gone)))
    assert len(stores.verdicts.find(VerdictQuery(series=tuple(series), limit=1000))) == 40


@given(
    chosen=st.sets(st.integers(0, 5)),
    interval=st.tuples(st.none() | st.integers(-2, 14), st.none() | st.integers(-2, 14)),
    anomalous_only=st.booleans(),
    min_score=st.none() | st.floats(-1, 1),
    limit=st.integers(1, 20),
)
@fresh_each_time
def test_pages_together_are_the_whole(
    fresh: FreshStores,
    *,
    chosen: set[int],
    interval: tuple[int | None, int | None],
    anomalous_only: bool,
    min_score: float | None,
    limit: int,
) -> None:
    """Page by page, every verdict that matches comes once, by (start, series)."""
    stores = fresh()
    series = learn(stores, 6)
    said = verdicts("7", grid(series, 12))
    said.score[:] = np.linspace(-1, 1, len(said))
    stores.verdicts.write(said)
    start, end = (None if hour is None else START + hour * HOUR for hour in interval)
    wanted = tuple(series[position] for position in chosen)

    pages, after = [], None
    while page := stores.verdicts.find(
        VerdictQuery(
            series=wanted,
            start=start,
            end=end,
            anomalous_only=anomalous_only,
            min_score=min_score,
            after=after,
            limit=limit,
        )
    ):
        assert len(page) <= limit
        pages += page
        after = (page[-1].start, page[-1].series)

    expected = [
        (at, number)
        for at, number, anomalous, score in zip(
            said.starts.tolist(), said.series.tolist(), said.anomalous, said.score, strict=True
        )
        if number in wanted
        and (start is None or at >= start)
        and (end is None or at < end)
        and (anomalous or not anomalous_only)
        and (min_score is None or score >= min_score)
    ]
    assert [(verdict.start, verdict.series) for verdict in pages] == expected


@pytest.mark.parametrize("limit", [1, 100])
def test_pages_pass_over_long_gaps(stores: Stores, limit: int) -> None:
    """A series whose sensor was away for months is read on."""
    series = learn(stores, 2)
    keys = [(START, series[0]), (START + 900 * HOUR, series[1]), (START + 900 * HOUR, series[0])]
    stores.verdicts.write(verdicts("7", keys))
    first = stores.verdicts.find(VerdictQuery(series=tuple(series), limit=limit))
    after = (first[-1].start, first[-1].series)
    rest = stores.verdicts.find(VerdictQuery(series=tuple(series), after=after, limit=100))
    assert [(verdict.start, verdict.series) for verdict in first + rest] == sorted(keys)


def test_counts_judged_are_those_of_the_verdicts_in_force(stores: Stores) -> None:
    """By (start, series); what is superseded is judged no more until it is judged again."""
    series = learn(stores, 4)
    said = verdicts("7", grid(series, 6))
    said.count[:] = np.arange(len(said))
    stores.verdicts.write(said)
    stores.verdicts.supersede(numbers(series[:2]), START + HOUR, START + 3 * HOUR)
    again = said.where((said.starts == START + HOUR) & (said.series == series[0]))
    again.count[:] = 77
    stores.verdicts.write(again)
    judged = stores.verdicts.judged(numbers(series[:3]), START + HOUR, START + 5 * HOUR)
    found = list(zip(judged.starts.tolist(), judged.series.tolist(), judged.counts.tolist(), strict=True))
    gone = {(START + hour * HOUR, number) for hour in (1, 2) for number in series[:2]}
    kept = zip(said.starts.tolist(), said.series.tolist(), said.count.tolist(), strict=True)
    expected = [
        (start, number, int(count))
        for start, number, count in kept
        if number in series[:3] and START + HOUR <= start < START + 5 * HOUR and (start, number) not in gone
    ]
    assert found == sorted([*expected, (START + HOUR, series[0], 77)])
    assert len(stores.verdicts.judged(numbers([]), START, END)) == 0


@pytest.mark.parametrize("asked", [("tail", "count"), ("expected", "p_value", "p_above", "evidence_weeks"), ()])
def test_measures_that_nobody_asks_for_are_not_read(stores: Stores, asked: tuple[str, ...]) -> None:
    """Those asked for are as ever, of series numbered one after the other and of others, and all else is NaN."""
    series = learn(stores, 7)
    stores.verdicts.write(verdicts("7", grid(series, 10)))
    stores.verdicts.supersede(numbers(series[1:2]), START + 3 * HOUR, START + 5 * HOUR)
    stores.verdicts.write(verdicts("8", [(START + 4 * HOUR, series[1])], seed=1))
    some = numbers([series[place] for place in (6, 1, 2, 3, 5)])
    whole, read = (stores.verdicts.columns(some, START + HOUR, START + 9 * HOUR, *named) for named in ((), (asked,)))
    assert (len(read), read.version) == (5 * 8 - 1, "7")
    for name in ("starts", "series", "anomalous", *asked):
        assert getattr(read, name).tolist() == getattr(whole, name).tolist()
        assert getattr(read, name).dtype == getattr(whole, name).dtype
    assert all(np.isnan(getattr(read, name)).all() for name in MEASURES if name not in asked)
    assert len(stores.verdicts.columns(numbers([]), START, END, asked)) == 0


def test_p_values_are_those_of_the_windows_asked_for(stores: Stores) -> None:
    """As the columns have them, without what is superseded; of no window, or of no series, none."""
    series = learn(stores, 4)
    stores.verdicts.write(verdicts("7", grid(series, 10)))
    stores.verdicts.supersede(numbers(series[:1]), START, END)
    asked = numbers([START + 7 * HOUR, START + 2 * HOUR, START + 99 * HOUR])
    said = stores.verdicts.columns(numbers(series[:3]), START, END)
    said = said.where(np.isin(said.starts, asked))
    read = stores.verdicts.p_values(numbers(series[:3]), asked)
    assert len(read.starts) == 4
    for name in ("starts", "p_value", "p_above", "evidence_weeks"):
        assert getattr(read, name).tolist() == getattr(said, name).tolist()
    assert len(stores.verdicts.p_values(numbers(series), numbers([])).starts) == 0
    assert len(stores.verdicts.p_values(numbers([]), asked).starts) == 0
