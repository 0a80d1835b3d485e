"""Verdicts in InfluxDB.

The measurement ``verdict`` has the place tags and, as fields, the measures, ``anomalous``, ``version`` and
``in_force``. The version is a field so that the newest verdict of a window takes the place of the one before it, for
every reader. What is superseded stays with ``in_force`` and ``anomalous`` false until corrected verdicts come, and goes
to ``verdict_revision`` under the time it was superseded at.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from service.domain.counts import NANOSECONDS, WindowCounts
from service.domain.verdicts import MEASURES, PValues, Verdict, VerdictColumns, VerdictQuery
from service.stores.influx.annotated_csv import Answer
from service.stores.influx.connection import EVER, FIRST, LAST, InfluxConnection
from service.stores.influx.lines import key, text
from service.stores.influx.places import MOST_NAMED, PLACE_AND_KIND, PlaceTags
from service.stores.windows import joined, sum_windows

SERIES_HOURS_PER_QUERY = 50_000
"""Most series times hours of one answer, so that it comes before the request's time is up."""

ROWS_PER_QUERY = 1_000_000
"""Most rows of one answer with a single field."""

_HOUR = 3600
_MOST_SERIES = 2**28
_VERDICTS = """
from(bucket: _bucket)
    |> range(start: _start, stop: _stop)
    |> filter(fn: (r) => r._measurement == "verdict")
"""
_ROWS = """
    |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
    |> filter(fn: (r) => r.in_force)
    |> drop(columns: ["_start", "_stop", "_measurement", "in_force"])
"""
_IN_FORCE = """|> filter(fn: (r) => r._field == "in_force")"""
_ANOMALOUS = """
    |> filter(fn: (r) => r._field == "anomalous" and r._value == true)
    |> group()
    |> keep(columns: ["_time", "tenant", "stairwell", "space", "kind"])
"""
_COUNTS = """|> filter(fn: (r) => r._field == "count")"""
_OUT_OF_FORCE = """|> filter(fn: (r) => r._field == "in_force" and r._value == false) |> toInt()"""
_KEEP = """|> keep(columns: ["_time", "_value", "tenant", "stairwell", "space", "kind"])"""


class InfluxVerdictStore:
    """Verdicts in a bucket. What a later write replaces without being superseded first is not kept.

    Parameters
    ----------
    connection, bucket
        Where the verdicts are.
    places
        Gives series their tags.
    """

    def __init__(self, connection: InfluxConnection, bucket: str, places: PlaceTags) -> None:
        self._connection = connection
        self._bucket = bucket
        self._places = places

    def write(self, verdicts: VerdictColumns) -> None:
        """Write at once; InfluxDB replaces what has the same place and time."""
        tags = self._places.all()
        keys = {number: key("verdict", tags[number]) for number in np.unique(verdicts.series).tolist()}
        version = f"in_force=true,version={text(verdicts.version)}"
        columns = (verdicts.series.tolist(), _fields(verdicts), verdicts.starts.tolist())
        self._connection.write(
            self._bucket,
            (
                f"{keys[number]} {fields},{version} {start * NANOSECONDS}"
                for number, fields, start in zip(*columns, strict=True)
            ),
        )

    def supersede(self, series: NDArray[np.int64], start: int, end: int) -> None:
        """Copy the verdicts to the revisions, then take them out of force."""
        tags = self._places.all()
        for stored in self._pieces(self._places.known(series.tolist()), start, end):
            self._connection.write(self._bucket, _revision_lines(stored, tags))
            withdrawn = zip(stored.columns.series.tolist(), stored.columns.starts.tolist(), strict=True)
            self._connection.write(
                self._bucket,
                (
                    f"{key('verdict', tags[number])} anomalous=false,in_force=false {at * NANOSECONDS}"
                    for number, at in withdrawn
                ),
            )

    def find(self, query: VerdictQuery) -> list[Verdict]:
        """A page of verdicts, read in pieces until there are enough."""
        series = self._places.known(query.series)
        if not series:
            self._connection.check(self._bucket)
            return []
        found = self._anomalous(query, series) if query.anomalous_only else self._all(query, series)
        matching = (
            verdict
            for verdict in found
            if (query.after is None or (verdict.start, verdict.series) > query.after)
            and (query.min_score is None or verdict.score >= query.min_score)
        )
        return list(islice(matching, query.limit))

    def columns(
        self, series: NDArray[np.int64], start: int, end: int, measures: Collection[str] = MEASURES
    ) -> VerdictColumns:
        """All verdicts in force of the series in [start, end), without the fields of other measures."""
        pieces = list(self._pieces(self._places.known(series.tolist()), start, end, measures))
        version = next((piece.versions[-1] for piece in reversed(pieces) if piece.versions), "")
        return VerdictColumns.concatenate(version, [piece.columns for piece in pieces]).only(measures)

    def judged(self, series: NDArray[np.int64], start: int, end: int) -> WindowCounts:
        """The counts of all verdicts, less those out of force; two fields are read, and no table is turned."""
        known = self._places.known(series.tolist())
        length = max(1, ROWS_PER_QUERY // max(1, len(known))) * _HOUR
        firsts = range(start, end, length) if known else ()
        return joined([self._judged(known, first, min(first + length, end)) for first in firsts])

    def p_values(self, series: NDArray[np.int64], starts: NDArray[np.int64]) -> PValues:
        """Window by window: whoever asks wants few, far apart."""
        asked = ("p_value", "p_above", "evidence_weeks")
        windows = [self.columns(series, start, start + 1, asked) for start in np.unique(starts).tolist()]
        found = VerdictColumns.concatenate("", windows)
        return PValues(found.starts, found.p_value, found.p_above, found.evidence_weeks)

    def _judged(self, series: list[int], start: int, end: int) -> WindowCounts:
        said, gone = (self._field(series, start, end, steps) for steps in (_COUNTS, _OUT_OF_FORCE))
        keys, out_of_force = (one.starts * _MOST_SERIES + one.series for one in (said, gone))
        stands = ~np.isin(keys, out_of_force)
        return WindowCounts(said.starts[stands], said.series[stands], said.counts[stands])

    def _field(self, series: list[int], start: int, end: int, steps: str) -> WindowCounts:
        answer = self._ask(series, start, end, steps + _KEEP)
        seconds, numbers, values = answer.seconds("_time"), self._numbers(answer), answer.integers("_value")
        wanted = np.isin(numbers, series)
        moments = {"start": start, "end": end, "window_seconds": 1}
        return sum_windows(seconds[wanted], numbers[wanted], values[wanted], **moments)

    def _all(self, query: VerdictQuery, series: list[int]) -> Iterator[Verdict]:
        """Verdicts of ever longer intervals."""
        start, end = self._clip(series, *_interval(query))
        length = max(1, query.limit // len(series)) * _HOUR
        while start < end:
            for stored in self._pieces(series, start, min(start + length, end)):
                yield from stored.verdicts()
            start, length = start + length, 4 * length

    def _anomalous(self, query: VerdictQuery, series: list[int]) -> Iterator[Verdict]:
        """Verdicts at the keys of the anomalous ones, which one field tells."""
        keys = [found for found in self._anomalous_keys(query, series) if query.after is None or found > query.after]
        for position in range(0, len(keys), query.limit):
            yield from self._at(keys[position : position + query.limit])

    def _at(self, keys: list[tuple[int, int]]) -> list[Verdict]:
        """The verdicts at some keys, by (start, series), asked for by as many names as one question can hold."""
        wanted = set(keys)
        numbers = sorted({number for _, number in keys})
        return sorted(
            (
                verdict
                for position in range(0, len(numbers), MOST_NAMED)
                for stored in self._pieces(numbers[position : position + MOST_NAMED], keys[0][0], keys[-1][0] + 1)
                for verdict in stored.verdicts()
                if (verdict.start, verdict.series) in wanted
            ),
            key=lambda verdict: (verdict.start, verdict.series),
        )

    def _anomalous_keys(self, query: VerdictQuery, series: list[int]) -> list[tuple[int, int]]:
        start, end = _interval(query)
        if start >= end:
            return []
        answer, wanted = self._ask(series, start, end, _ANOMALOUS), set(series)
        numbers = self._places.numbers(answer.columns(PLACE_AND_KIND))
        found = zip(answer.seconds("_time").tolist(), numbers.tolist(), strict=True)
        return sorted((start, number) for start, number in found if number in wanted)

    def _pieces(
        self, series: list[int], start: int, end: int, measures: Collection[str] = MEASURES
    ) -> Iterator[_Stored]:
        """The verdicts in force in [start, end), in pieces of bounded size, in the order of their keys."""
        if not series:
            return
        fields = ("anomalous", "version", *measures)
        asked = " or ".join(f'r._field == "{name}"' for name in ("in_force", *fields))
        steps = f"|> filter(fn: (r) => {asked}) {_ROWS}"
        length = max(1, SERIES_HOURS_PER_QUERY // len(series)) * _HOUR
        if end - start > length:
            start, end = self._clip(series, start, end)
        for piece in range(start, end, length):
            yield self._stored(self._ask(series, piece, min(piece + length, end), steps), series, measures)

    def _stored(self, answer: Answer, series: list[int], measures: Collection[str]) -> _Stored:
        """The verdicts of some series in an answer, by (start, series)."""
        starts, numbers = answer.seconds("_time"), self._numbers(answer)
        order = np.lexsort((numbers, starts))
        order = order[np.isin(numbers[order], series)]
        texts = answer.columns(["anomalous", "version"])
        unread = np.broadcast_to(np.nan, len(starts))
        columns = VerdictColumns(
            version="",
            series=numbers[order],
            starts=starts[order],
            anomalous=np.array(texts["anomalous"], dtype=np.str_)[order] == "true",
            **{name: (answer.floats(name) if name in measures else unread)[order] for name in MEASURES},
        )
        return _Stored(columns, [texts["version"][position] for position in order])

    def _numbers(self, answer: Answer) -> NDArray[np.int64]:
        """The series number of each row, int64[n]."""
        places, table = answer.tables(PLACE_AND_KIND)
        return self._places.numbers(places)[table]

    def _clip(self, series: list[int], start: int, end: int) -> tuple[int, int]:
        """The part of an interval that holds verdicts."""
        if start >= end:
            return start, start
        first, last = (self._ask(series, start, end, _IN_FORCE + one).seconds("_time") for one in (FIRST, LAST))
        return (int(first.min()), int(last.max()) + 1) if len(first) and len(last) else (start, start)

    def _ask(self, series: list[int], start: int, end: int, steps: str) -> Answer:
        condition = self._places.condition(series)
        flux = f"{_VERDICTS} |> filter(fn: (r) => {condition.flux}) {steps}"
        return self._connection.ask(self._bucket, flux, (start, end), condition.parameters)


@dataclass(frozen=True)
class _Stored:
    """Verdicts of several versions, by (start, series)."""

    columns: VerdictColumns
    versions: list[str]

    def verdicts(self) -> Iterator[Verdict]:
        names = ("series", "starts", *MEASURES, "anomalous")
        columns = (getattr(self.columns, name).tolist() for name in names)
        for version, series, start, *measures, anomalous in zip(self.versions, *columns, strict=True):
            stated = dict(zip(MEASURES, measures, strict=True))
            yield Verdict(series=series, start=start, version=version, anomalous=anomalous, **stated)


def _fields(verdicts: VerdictColumns) -> Iterator[str]:
    """The fields of each verdict; repr writes the shortest number that reads back to the same bits."""
    anomalous = ["true" if one else "false" for one in verdicts.anomalous.tolist()]
    columns = (getattr(verdicts, name).tolist() for name in MEASURES)
    template = ",".join(f"{name}={{!r}}" for name in MEASURES) + ",anomalous={}"
    return (template.format(*row) for row in zip(*columns, anomalous, strict=True))


def _revision_lines(stored: _Stored, tags: dict[int, dict[str, str]]) -> Iterator[str]:
    """One point a verdict, at distinct times from now on, so that none replaces another."""
    now = time.time_ns()
    columns = (stored.columns.series.tolist(), stored.versions, _fields(stored.columns), stored.columns.starts.tolist())
    for number, (series, version, fields, start) in enumerate(zip(*columns, strict=True)):
        place = key("verdict_revision", tags[series] | {"version": version})
        yield f"{place} {fields},start={start}i {now + number}"


def _interval(query: VerdictQuery) -> tuple[int, int]:
    """The seconds to look in, half-open."""
    start = EVER[0] if query.start is None else query.start
    end = EVER[1] if query.end is None else query.end
    return (start if query.after is None else max(start, query.after[0])), end
