"""From series and sensors to the tags of their points, and back, by the names that the settings give them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from service.domain.readings import DEFAULT_SPACE
from service.errors import StoreError
from service.ports.places import PlacesRegister
from service.settings.sections import Schema
from service.stores.influx.lines import key
from service.stores.influx.places import EVERYTHING, Condition, PlaceTags, one_of

_TAGS = ("tenant", "stairwell", "space", "kind", "sensor")
_ALWAYS = (-(2**62), 2**62)


class CountTags:
    """The tags of counts, as Trappvakt or whoever owns the bucket calls them.

    Where the schema names no tag of stairwells, points tell their sensor alone, and the register where it was at the
    time. Points without a tag of the tenant are those of the schema's tenant.

    Parameters
    ----------
    register
        Gives sensors their names, and tells where they are.
    places
        Gives series their places.
    schema
        Names of the tags.
    """

    def __init__(self, register: PlacesRegister, places: PlaceTags, schema: Schema) -> None:
        self._register = register
        self._places = places
        self._schema = schema
        named = {tag: getattr(schema, f"{tag}_tag") for tag in _TAGS}
        self._names: dict[str, str] = {tag: name for tag, name in named.items() if name}
        self._by_sensor = "stairwell" not in self._names
        self._placed: tuple[int, dict[tuple[str, str], list[tuple[int, int, int]]]] = (-1, {})

    @property
    def columns(self) -> list[str]:
        """Columns of an answer that :meth:`numbers` needs, beside the time."""
        needed = ("tenant", "sensor") if self._by_sensor else ("tenant", "stairwell", "space", "kind")
        return [self._names[tag] for tag in needed if tag in self._names]

    @property
    def sensor(self) -> str:
        """The name of the tag with the sensor."""
        return self._names["sensor"]

    def known(self, series: Iterable[int]) -> list[int]:
        """Those of the numbers that the register has handed out, ascending."""
        return self._places.known(series)

    def count(self) -> int:
        """How many series there are."""
        return len(self._places.all())

    def of(self, series: int, source: int) -> dict[str, str]:
        """The tags of the points of a source in a series.

        Raises
        ------
        StoreError
            If points tell their sensor alone, and there is none.
        """
        tags = dict(self._places.all()[series])
        if source:
            tags["sensor"] = self._register.sensor_name(source)
        if self._by_sensor and not source:
            raise StoreError(
                f"InfluxDB cannot hold a count of {tags['stairwell']}/{tags['space']} without a sensor, since the "
                "setting schema.stairwell_tag names no tag; name the sensor, or the tag"
            )
        return {self._names[tag]: value for tag, value in tags.items() if tag in self._names}

    def key(self, series: int, source: int) -> str:
        """Measurement and tags of the points of a source in a series."""
        return key(self._schema.measurement, self.of(series, source))

    def condition(self, series: Sequence[int] | None) -> Condition:
        """What to filter by, on ``r``: a few series by their tags, many by their tenants, all (None) by nothing."""
        if series is None:
            return EVERYTHING
        if self._by_sensor:
            return one_of({((self.sensor, sensor),) for sensor in self._sensors_in(set(series))})
        unnamed = {"tenant": self._schema.tenant, "space": DEFAULT_SPACE}
        return self._places.condition(series, self._names, unnamed)

    def numbers(
        self, columns: dict[str, list[str]], table: NDArray[np.int64], seconds: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Series number of each row of an answer, int64[n], -1 where the place is unknown.

        Parameters
        ----------
        columns
            At least those of :attr:`columns`, once for each table.
        table
            int64[n], the table of each row.
        seconds
            int64[n], the time of each row, seconds UTC.
        """
        nothing = [""] * max(map(len, columns.values()), default=0)
        tags = {tag: columns.get(self._names.get(tag, ""), nothing) for tag in _TAGS}
        tags["tenant"] = [tenant or self._schema.tenant for tenant in tags["tenant"]]
        return self._numbers_by_sensor(tags, table, seconds) if self._by_sensor else self._places.numbers(tags)[table]

    def _sensors_in(self, series: set[int]) -> set[str]:
        """The sensors that are or were in one of the series."""
        placed = self._all_placed().items()
        return {sensor for (_, sensor), stays in placed if any(number in series for _, _, number in stays)}

    def _numbers_by_sensor(
        self, tags: dict[str, list[str]], table: NDArray[np.int64], seconds: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        numbers = np.full(len(seconds), -1, dtype=np.int64)
        rows = np.split(np.argsort(table, kind="stable"), np.cumsum(np.bincount(table, minlength=1))[:-1])
        placed = self._all_placed()
        for sensor, here in zip(zip(tags["tenant"], tags["sensor"], strict=True), rows, strict=False):
            for start, end, number in placed.get(sensor, ()):
                numbers[here[(seconds[here] >= start) & (seconds[here] < end)]] = number
        return numbers

    def _all_placed(self) -> dict[tuple[str, str], list[tuple[int, int, int]]]:
        """(from, to, series) of every sensor by (tenant, sensor), kept until the register changes."""
        revision = self._register.revision()
        if self._placed[0] != revision:
            placed: defaultdict[tuple[str, str], list[tuple[int, int, int]]] = defaultdict(list)
            for number, tags in self._places.all().items():
                for sensor in self._register.sensors(number):
                    start = int(sensor.valid_from.timestamp()) if sensor.valid_from else _ALWAYS[0]
                    end = int(sensor.valid_to.timestamp()) if sensor.valid_to else _ALWAYS[1]
                    placed[tags["tenant"], sensor.sensor].append((start, end, number))
            self._placed = (revision, dict(placed))
        return self._placed[1]
