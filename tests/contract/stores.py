"""What the contract suites are run on: a set of fresh stores of one kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.domain.counts import CountPoints
from service.domain.places import Kind
from service.domain.retention import DataKind
from service.domain.verdicts import MEASURES, VerdictColumns
from service.ports.access import AuditLog, KeyStore
from service.ports.annotations import AnnotationStore
from service.ports.counts import CountStore, ReadingStore
from service.ports.deliveries import DeliveryStore
from service.ports.lists import HotspotListStore, OutcomeStore
from service.ports.places import PlacesRegister
from service.ports.retention import AgingData
from service.ports.sensors import SensorStore
from service.ports.state import StateStore
from service.ports.verdicts import EpisodeDecisionStore, VerdictStore
from service.stores import memory
from service.stores.sqlite.aging import aging_rows
from service.stores.sqlite.annotations import SqliteAnnotationStore
from service.stores.sqlite.audit import SqliteAuditLog
from service.stores.sqlite.chunks import ChunkFolder
from service.stores.sqlite.connection import Database
from service.stores.sqlite.counts import SqliteCountStore
from service.stores.sqlite.deliveries import SqliteDeliveryStore
from service.stores.sqlite.episodes import SqliteEpisodeDecisionStore
from service.stores.sqlite.keys import SqliteKeyStore
from service.stores.sqlite.lists import SqliteHotspotListStore
from service.stores.sqlite.outcomes import SqliteOutcomeStore
from service.stores.sqlite.readings import SqliteReadingStore
from service.stores.sqlite.register import SqlitePlacesRegister
from service.stores.sqlite.schema import AUDIT, COUNTS, REGISTER, SENSORS, STATE
from service.stores.sqlite.sensors import SqliteSensorStore
from service.stores.sqlite.state import SqliteStateStore
from service.stores.sqlite.verdicts import SqliteVerdictStore

TENANT = "hyresbolaget"
HOUR = 3600


@dataclass(frozen=True)
class Stores:
    """One adapter of each port, sharing what they share in the service."""

    register: PlacesRegister
    counts: CountStore
    readings: ReadingStore
    sensors: SensorStore
    verdicts: VerdictStore
    state: StateStore
    lists: HotspotListStore
    annotations: AnnotationStore
    episodes: EpisodeDecisionStore
    outcomes: OutcomeStore
    deliveries: DeliveryStore
    keys: KeyStore
    audit: AuditLog
    aging: Mapping[DataKind, AgingData]


def sqlite_stores(folder: Path) -> Stores:
    """The embedded stores."""
    counts, audit = Database(folder / "counts.db", COUNTS), Database(folder / "audit.db", AUDIT)
    state, register = Database(folder / "state.db", STATE), Database(folder / "register.db", REGISTER)
    return Stores(
        register=SqlitePlacesRegister(register),
        counts=SqliteCountStore(counts),
        readings=SqliteReadingStore(counts),
        sensors=SqliteSensorStore(Database(folder / "sensors.db", SENSORS, durable=False)),
        verdicts=SqliteVerdictStore(state),
        state=SqliteStateStore(state, ChunkFolder(folder / "state")),
        lists=SqliteHotspotListStore(register),
        annotations=SqliteAnnotationStore(register),
        episodes=SqliteEpisodeDecisionStore(register),
        outcomes=SqliteOutcomeStore(register),
        deliveries=SqliteDeliveryStore(register),
        keys=SqliteKeyStore(register),
        audit=SqliteAuditLog(audit),
        aging=aging_rows(counts, state, register, audit),
    )


def memory_stores() -> Stores:
    """The stores in memory."""
    tables = memory.MemoryTables()
    counts, readings = memory.MemoryCountStore(), memory.MemoryReadingStore()
    deliveries, audit = memory.MemoryDeliveryStore(), memory.MemoryAuditLog()
    return Stores(
        register=memory.MemoryPlacesRegister(),
        counts=counts,
        readings=readings,
        sensors=memory.MemorySensorStore(),
        verdicts=memory.MemoryVerdictStore(tables),
        state=memory.MemoryStateStore(tables),
        lists=memory.MemoryHotspotListStore(),
        annotations=memory.MemoryAnnotationStore(),
        episodes=memory.MemoryEpisodeDecisionStore(),
        outcomes=memory.MemoryOutcomeStore(),
        deliveries=deliveries,
        keys=memory.MemoryKeyStore(),
        audit=audit,
        aging=memory.aging_rows(counts, readings, tables, deliveries, audit),
    )


def learn(stores: Stores, spaces: int) -> list[int]:
    """Register so many spaces, two a stairwell, some with names that need escaping; their series numbers."""
    names = [
        (f"Storgatan {number // 2}, uppg. A=B", ("källare", 'vi\\nd, "övre"')[number % 2]) for number in range(spaces)
    ]
    stores.register.learn(TENANT, [(stairwell, space, Kind.CELLAR) for stairwell, space in names])
    index = stores.register.index(TENANT)
    return [index[name] for name in names]


def points(rows: Sequence[tuple[int, int, int, int]]) -> CountPoints:
    """Columns of (series, time, count, source)."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return CountPoints(series=columns[0], times=columns[1], counts=columns[2], sources=columns[3])


def verdicts(version: str, keys: Sequence[tuple[int, int]], seed: int = 0, budget: float = 0.2) -> VerdictColumns:
    """Verdicts of some (start, series) with odd but finite numbers; about a share ``budget`` is anomalous."""
    random = np.random.default_rng(seed)
    columns = np.array(keys, dtype=np.int64).reshape(-1, 2)
    measures = {name: random.standard_normal(len(keys)) * 10.0 ** random.integers(-300, 300) for name in MEASURES}
    return VerdictColumns(
        version=version,
        starts=columns[:, 0],
        series=columns[:, 1],
        anomalous=random.random(len(keys)) < budget,
        **measures,
    )


def rows_of(columns: VerdictColumns) -> list[tuple[object, ...]]:
    """Every verdict as a tuple that compares to the last bit, by (start, series)."""
    names = ("starts", "series", "anomalous", *MEASURES)
    return sorted(zip(*(getattr(columns, name).tolist() for name in names), strict=True))


def numbers(values: Sequence[int]) -> NDArray[np.int64]:
    """Series numbers as the ports take them."""
    return np.array(values, dtype=np.int64)
