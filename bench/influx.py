"""How fast InfluxDB's answers become arrays: ``python -m bench.influx [--series 2000] [--hours 500]``.

The answer is made here, in the form a server gives windows of counts in, with or without names in quotes; times are
those of the processor, on one core. ``tests/contract/answers`` holds answers that a real server gave.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from datetime import UTC, datetime, timedelta

import numpy as np

from service.stores.influx.annotated_csv import Answer

START = datetime(2026, 11, 1, tzinfo=UTC)
TAGS = ["tenant", "stairwell", "space", "kind"]


def answer(series: int, hours: int, name: str) -> bytes:
    """Windows of counts of some stairwells, a table each."""
    times = [(START + timedelta(hours=hour)).isoformat().replace("+00:00", "Z") for hour in range(hours)]
    counts = np.random.default_rng(1).poisson(2.0, (series, hours)).tolist()
    rows = (
        f",_result,{one},{time},{count},{name.format(one)},cellar,cellar,norrbo\r\n"
        for one in range(series)
        for time, count in zip(times, counts[one], strict=True)
    )
    return (",result,table,_time,_value,stairwell,kind,space,tenant\r\n" + "".join(rows) + "\r\n").encode()


def parse(body: bytes) -> int:
    """What a read of counts does with an answer, up to the register; the number of rows."""
    read = Answer(body)
    seconds, counts = read.seconds("_time"), read.integers("_value")
    names, table = read.tables(TAGS)
    assert len(seconds) == len(counts) == len(table)
    assert all(len(column) == table[-1] + 1 for column in names.values())
    return len(seconds)


def main() -> None:
    """Measure both kinds of names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--hours", type=int, default=500)
    chosen = parser.parse_args()
    for what, name in (("plain names", "Storgatan {}"), ("names in quotes", '"Storgatan {}, uppg. ""A"""')):
        body = answer(chosen.series, chosen.hours, name)
        taken = []
        for _ in range(3):
            began = time.process_time()
            rows = parse(body)
            taken.append(time.process_time() - began)
        tracemalloc.start()
        parse(body)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(f"{what:16} {rows / min(taken) / 1e6:6.2f} M rows/s {peak / len(body):6.1f} times its size at most")


if __name__ == "__main__":
    main()
