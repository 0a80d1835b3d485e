"""Buckets that belong to others: their names, their tags, and sensors that tell nothing but themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from influxdb_client.client.write_api import SYNCHRONOUS
from msgspec.structs import replace

from service.domain.counts import NANOSECONDS, CountSpan
from service.domain.places import Kind, PlaceRow
from service.errors import StoreError
from service.settings.sections import OWN_SCHEMA
from service.stores.influx.counts import InfluxCountStore
from tests.contract.influx import InfluxServer
from tests.contract.stores import HOUR, TENANT, Stores, numbers, points

START = 1_793_491_200
MOVED = START + 2 * HOUR
pytestmark = pytest.mark.influx

THEIRS = replace(
    OWN_SCHEMA,
    measurement="motion.v2",
    field="total-count",
    tenant_tag="",
    stairwell_tag="object-id",
    space_tag="room.name",
    kind_tag="",
    sensor_tag="dev-eui",
    tenant=TENANT,
)
SENSORS_ALONE = replace(OWN_SCHEMA, stairwell_tag="", space_tag="", kind_tag="", sensor_tag="dev-eui")


def write(server: InfluxServer, stores: Stores, lines: list[str]) -> None:
    assert isinstance(stores.counts, InfluxCountStore)
    writer = server.client.write_api(write_options=SYNCHRONOUS)
    writer.write(stores.counts._bucket, server.org, "\n".join(lines))


def put(stores: Stores, stairwell: str, space: str, **sensor: object) -> int:
    """Register a space with a sensor; its series number."""
    known = {"tenant": TENANT, "area": "a", "property": "p", "building": "b", "kind": Kind.CELLAR}
    stores.register.put([PlaceRow(**known, stairwell=stairwell, space=space, **sensor)])
    return stores.register.index(TENANT)[stairwell, space]


def rows(stores: Stores, chosen: list[int] | None = None) -> list[tuple[int, int, int]]:
    read = stores.counts.read(START, START + 6 * HOUR, HOUR, None if chosen is None else numbers(chosen))
    return list(zip(read.starts.tolist(), read.series.tolist(), read.counts.tolist(), strict=True))


def test_a_bucket_with_names_of_its_own_is_used_as_it_is(influx_server: InfluxServer, tmp_path: Path) -> None:
    """Hyphens and dots in names; no tag of the tenant; what we write stands beside what they write, and adds up."""
    stores = influx_server.stores(tmp_path, schema=THEIRS)
    series = put(stores, 'Kv. "3", A', "vi\\nd", sensor="s 1")
    other = put(stores, "B", "stairwell", sensor="s2")
    time = START * NANOSECONDS
    write(
        influx_server,
        stores,
        [
            rf'motion.v2,object-id=Kv.\ "3"\,\ A,room.name=vi\nd,dev-eui=t9 total-count=2i {time}',
            f"motion.v2,object-id=B,dev-eui=s2,fw=1 total-count=5i {time}",
            f"presence,object-id=B,dev-eui=s2 total-count=9i {time}",
            f"motion.v2,object-id=B,dev-eui=s2 count=9i {time}",
        ],
    )
    source = stores.register.sensor_numbers(TENANT, ["s 1"])["s 1"]
    stores.counts.append(points([(series, time, 3, source), (other, time + HOUR * NANOSECONDS, 1, 0)]))
    assert rows(stores) == [(START, series, 5), (START, other, 5), (START + HOUR, other, 1)]
    assert rows(stores, [series]) == [(START, series, 5)]
    assert rows(stores, [other]) == [(START, other, 5), (START + HOUR, other, 1)]
    assert stores.counts.extent() == (START, START + HOUR)


def test_replace_deletes_by_names_that_need_quotes(influx_server: InfluxServer, tmp_path: Path) -> None:
    """Tags with hyphens, values with quotes, commas and backslashes; the other sensor's points stay."""
    stores = influx_server.stores(tmp_path, schema=THEIRS)
    series = put(stores, 'Kv. "3", A', "vi\\nd", sensor='s\\ "1"')
    one, two = stores.register.sensor_numbers(TENANT, ['s\\ "1"', "s2"]).values()
    times = [(START + hour * HOUR) * NANOSECONDS for hour in range(4)]
    stores.counts.append(points([(series, time, 1, source) for time in times for source in (one, two)]))
    stores.counts.replace(points([(series, times[1], 6, one)]), [CountSpan(series, one, times[0], times[3])])
    assert rows(stores) == [(START + hour * HOUR, series, n) for hour, n in enumerate([1, 7, 1, 2])]


def test_sensors_that_tell_only_themselves_count_where_they_were(influx_server: InfluxServer, tmp_path: Path) -> None:
    """A sensor that moved counts in two series, each in its time; one that nobody placed counts nowhere."""
    stores = influx_server.stores(tmp_path, schema=SENSORS_ALONE)
    moved = datetime.fromtimestamp(MOVED, UTC)
    before = put(stores, "A", "cellar", sensor='s "1"', valid_to=moved)
    after = put(stores, "B", "cellar", sensor='s "1"', valid_from=moved)
    lines = [
        rf'presence,tenant={TENANT},dev-eui=s\ "1" count={h}i {(START + h * HOUR) * NANOSECONDS}' for h in range(4)
    ]
    write(influx_server, stores, [*lines, f"presence,tenant={TENANT},dev-eui=s9 count=9i {START * NANOSECONDS}"])
    told = [(START + hour * HOUR, before if hour < 2 else after, hour) for hour in range(4)]
    assert rows(stores) == told
    assert rows(stores, [after]) == told[2:]

    source = stores.register.sensor_numbers(TENANT, ['s "1"'])['s "1"']
    span = CountSpan(after, source, MOVED * NANOSECONDS, (START + 6 * HOUR) * NANOSECONDS)
    stores.counts.replace(points([(after, MOVED * NANOSECONDS, 8, source)]), [span])
    assert rows(stores) == [*told[:2], (MOVED, after, 8)]
    with pytest.raises(StoreError, match="without a sensor"):
        stores.counts.append(points([(before, START * NANOSECONDS, 1, 0)]))
