"""Records what a real InfluxDB answers: ``python -m tests.contract.record_answers``; the environment names the server.

The data are made here. Each answer goes to ``tests/contract/answers`` and is read by the tests wherever they run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from influxdb_client import Dialect
from influxdb_client.client.write_api import SYNCHRONOUS

from tests.contract.conftest import named_server
from tests.contract.influx import InfluxServer

ANSWERS = Path(__file__).with_name("answers")
LINES = [
    "presence,tenant=norrbo,stairwell=A,space=attic,sensor=s1 count=3i 1793491260000000000",
    "presence,tenant=norrbo,stairwell=A,space=attic,sensor=s2 count=4i 1793491320000000000",
    'presence,tenant=norrbo,stairwell=Kv.\\ "3"\\,\\ B,space=vi\\nd count=0i 1793494860000000007',
    "presence,tenant=norrbo,stairwell=C,kind=stairwell count=12i 1793494800000000000",
    "presence,tenant=norrbo,stairwell=C,kind=stairwell count=1i 1793498400000000000",
]
POINTS = """from(bucket: _bucket) |> range(start: 2026-11-01T00:00:00Z, stop: 2026-11-02T00:00:00Z)"""
KEEP = """|> keep(columns: ["_time", "_value", "tenant", "stairwell", "space", "kind"])"""
QUERIES = {
    "points": f"{POINTS} {KEEP}",
    "windows": f'{POINTS} |> aggregateWindow(every: 1h, fn: sum, createEmpty: false, timeSrc: "_start") {KEEP}',
    "fractions": f"{POINTS} |> toFloat() |> map(fn: (r) => ({{r with _value: r._value * 1.5}})) {KEEP}",
    "nothing": f'{POINTS} |> filter(fn: (r) => r.tenant == "nobody") {KEEP}',
}
DIALECT: Any = Dialect(header=True, delimiter=",", annotations=[], comment_prefix="#", date_time_format="RFC3339")


def main() -> None:
    """Write the lines into a bucket that lives as long as this, and record every answer."""
    server = InfluxServer(*named_server())
    try:
        bucket = server.bucket()
        server.client.write_api(write_options=SYNCHRONOUS).write(bucket, server.org, "\n".join(LINES))
        for name, flux in QUERIES.items():
            answer = server.client.query_api().query_raw(flux, dialect=DIALECT, params={"_bucket": bucket})
            (ANSWERS / f"{name}.csv").write_bytes(answer.read())
    finally:
        server.close()


if __name__ == "__main__":
    main()
