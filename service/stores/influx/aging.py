"""Data that are deleted once they are old, in InfluxDB.

A bucket has a retention of its own, which drops whole shards without a word. It cannot tell a checkpoint from any other
moment, nor what an unfinished promotion needs; so what is due is deleted by the delete API, up to the very instant, and
the bucket's own rule (`service.stores.influx.provisioning`) is set to some days more: it holds if nobody else does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.domain.counts import NANOSECONDS
from service.domain.retention import DataKind
from service.ports.retention import AgingData
from service.settings.sections import Schema
from service.stores.influx.annotated_csv import Answer
from service.stores.influx.connection import EVER, FIRST, InfluxConnection
from service.stores.influx.count_tags import CountTags
from service.stores.influx.places import PLACE_AND_KIND, PlaceTags

_STEP_SECONDS = 7 * 86_400  # a shard of a bucket that keeps its data for months
_POINTS = """
from(bucket: _bucket)
    |> range(start: _start, stop: _stop)
    |> filter(fn: (r) => r._measurement == _name and r._field == _number)
"""


@dataclass(frozen=True)
class AgingPoints:
    """The points of a measurement: a field that each of them has, and the tags that tell whose they are.

    ``numbers`` leads from those tags of the tables of an answer, and the table and the time of each row in seconds UTC,
    to series numbers, -1 where the place is unknown.
    """

    measurement: str
    field: str
    tags: Sequence[str]
    numbers: Callable[[dict[str, list[str]], NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]]


class InfluxAgingRows:
    """The points of one measurement of a bucket.

    Parameters
    ----------
    connection, bucket
        Where they are.
    points
        Which they are.
    """

    def __init__(self, connection: InfluxConnection, bucket: str, points: AgingPoints) -> None:
        self._connection = connection
        self._bucket = bucket
        self._points = points

    def oldest(self) -> int | None:
        """The server looks at the first point of each series only."""
        first = self._ask(FIRST, EVER[1]).seconds("_time")
        return int(first.min()) if len(first) else None

    def rows_before(self, time: int) -> Mapping[int | str, int]:
        """Counted by the server, series by series."""
        keep = ", ".join(f'"{name}"' for name in ("_value", *self._points.tags))
        answer = self._ask(f"|> count() |> keep(columns: [{keep}])", time)
        counts = answer.integers("_value")
        tags, table = answer.tables(self._points.tags)
        found: Counter[int | str] = Counter()
        numbers = self._points.numbers(tags, table, np.full(len(counts), time - 1, dtype=np.int64))
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            found[number] += count
        return dict(found)

    def delete_before(self, time: int, most: int) -> bool:  # noqa: ARG002 - a step is a week, whatever it holds
        """Delete the oldest week."""
        oldest = self.oldest()
        if oldest is None or oldest >= time:
            return False
        end = min(time, oldest + _STEP_SECONDS)
        self._connection.delete(self._bucket, self._points.measurement, {}, EVER[0], end * NANOSECONDS - 1)
        return end < time

    def erase(self) -> bool:
        """The server's own compaction takes deleted points out of its files."""
        return True

    def limit_seconds(self) -> int | None:
        """The retention rule of the bucket."""
        return self._connection.bucket_keeps_seconds(self._bucket)

    def _ask(self, steps: str, stop: int) -> Answer:
        names = {"_name": self._points.measurement, "_number": self._points.field}
        return self._connection.ask(self._bucket, _POINTS + steps, (EVER[0], stop), names)


def aging_points(
    connection: InfluxConnection,
    buckets: tuple[str, str],
    *,
    tags: CountTags,
    places: PlaceTags,
    schema: Schema,
) -> dict[DataKind, AgingData]:
    """What ages in the buckets of counts and of verdicts; superseded verdicts are of the time they were superseded."""

    def of_place(
        columns: dict[str, list[str]], table: NDArray[np.int64], _seconds: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        return places.numbers(columns)[table]

    counts, verdicts = buckets
    counted = AgingPoints(schema.measurement, schema.field, tags.columns, tags.numbers)
    return {
        DataKind.COUNTS: InfluxAgingRows(connection, counts, counted),
        DataKind.VERDICTS: InfluxAgingRows(
            connection, verdicts, AgingPoints("verdict", "in_force", PLACE_AND_KIND, of_place)
        ),
        DataKind.SUPERSEDED: InfluxAgingRows(
            connection, verdicts, AgingPoints("verdict_revision", "start", PLACE_AND_KIND, of_place)
        ),
    }
