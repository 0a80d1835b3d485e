"""Some spaces of one stairwell with verdicts as they are drawn, and a subscription to what becomes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.detector.state import STATE_SCHEMA
from service.domain.places import Kind
from service.domain.state import Manifest
from service.domain.verdicts import MEASURES, VerdictColumns
from service.ports import Ports
from tests.api.conftest import memory_ports
from tests.worlds import TENANT

HOUR, WINDOWS = 3600, 12
ORIGIN = int(datetime(2026, 11, 2, tzinfo=UTC).timestamp())
TYPES = ["trappvakt.episode.opened", "trappvakt.episode.revised", "trappvakt.episode.closed"]
SUBSCRIPTION = {"name": "r1", "url": "https://hooks.example/", "tenant": TENANT, "secret_file": "none"}


def town(folder: Path, *, spaces: int = 1, **more: object) -> Ports:
    """Some spaces of one stairwell, and a subscription to their episodes."""
    told = [SUBSCRIPTION | {"events": [*TYPES, "trappvakt.model.promoted"]}]
    ports = memory_ports(folder, **({"webhooks__subscriptions": told} | more))
    ports.register.learn(TENANT, [("kvarnen-3a", f"space {number}", Kind.CELLAR) for number in range(spaces)])
    return ports


def judged(ports: Ports, anomalous: NDArray[np.bool_], watermark: int, version: str = "0") -> None:
    """Put verdicts, bool[series, windows], in force, up to a watermark in windows; the clock follows it."""
    series, windows = np.nonzero(np.ones_like(anomalous[:, :watermark]))
    measures = {name: np.ones(len(series)) for name in MEASURES}
    columns = VerdictColumns(
        version=version,
        series=series + 1,
        starts=ORIGIN + windows * HOUR,
        anomalous=anomalous[series, windows],
        **measures,
    )
    manifest = Manifest(
        origin=ORIGIN,
        watermark=ORIGIN + watermark * HOUR,
        version=version,
        previous=None,
        window_minutes=60,
        shard_series=10,
        cursor=0,
        digest="",
        shards=[],
        layout=STATE_SCHEMA,
    )
    with ports.state.transaction():
        ports.verdicts.write(columns)
        ports.state.publish(manifest)
    ports.clock.time = datetime.fromtimestamp(manifest.watermark, UTC) + timedelta(minutes=20)  # type: ignore[attr-defined]


def windows(*rows: str) -> NDArray[np.bool_]:
    """Rows such as ``..xx.`` as bool[series, windows]."""
    return np.array([[mark == "x" for mark in row] for row in rows])


def published(ports: Ports) -> list[dict[str, Any]]:
    return [msgspec.json.decode(one.content or b"") for one in ports.deliveries.find()]


def told(ports: Ports) -> list[tuple[str, str, int, bool]]:
    """Of each event its type, its place, how many windows, and whether it was withdrawn."""
    return [
        (one["type"].rpartition(".")[2], one["sequence"], one["data"]["windows"], one["data"]["withdrawn"])
        for one in published(ports)
    ]
