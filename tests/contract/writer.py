"""A process that writes and tells what was acknowledged; the tests watch it, stop it and kill it.

``python -m tests.contract.writer counts FOLDER`` appends batches for ever and prints the number of each once it is
stored. ``ticks`` commits verdicts and the manifest together instead. ``pending`` writes in a transaction and waits for
a line on its standard input before it commits.
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

from service.domain.counts import NANOSECONDS
from service.domain.state import Manifest
from tests.contract.stores import HOUR, Stores, points, sqlite_stores, verdicts

SERIES = range(1, 201)


def manifest(watermark: int) -> Manifest:
    return Manifest(
        origin=0,
        watermark=watermark,
        version="0",
        previous=None,
        window_minutes=60,
        shard_series=len(SERIES),
        cursor=0,
        digest="",
        shards=[],
    )


def write_counts(stores: Stores) -> None:
    for batch in count():
        stores.counts.append(points([(series, batch * HOUR * NANOSECONDS, 1, 0) for series in SERIES]))
        tell(batch)


def write_ticks(stores: Stores) -> None:
    for tick in count():
        with stores.state.transaction():
            stores.verdicts.write(verdicts("0", [(tick * HOUR, series) for series in SERIES]))
            stores.state.publish(manifest((tick + 1) * HOUR))
        tell(tick)


def write_pending(stores: Stores) -> None:
    with stores.state.transaction():
        stores.verdicts.write(verdicts("0", [(0, series) for series in SERIES]))
        stores.state.publish(manifest(HOUR))
        tell(0)
        sys.stdin.readline()
    tell(1)


def tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    {"counts": write_counts, "ticks": write_ticks, "pending": write_pending}[sys.argv[1]](
        sqlite_stores(Path(sys.argv[2]))
    )
