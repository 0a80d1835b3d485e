"""Every store in plain dicts and arrays, for tests: the same contract, gone when the process ends."""

from service.stores.memory.aging import MemoryAgingRows, aging_rows
from service.stores.memory.annotations import MemoryAnnotationStore
from service.stores.memory.counts import MemoryCountStore
from service.stores.memory.deliveries import MemoryDeliveryStore
from service.stores.memory.findings import MemoryEpisodeDecisionStore, MemoryOutcomeStore
from service.stores.memory.jobs import MemoryJobStore
from service.stores.memory.readings import MemoryReadingStore
from service.stores.memory.records import MemoryAuditLog, MemoryHotspotListStore, MemoryKeyStore
from service.stores.memory.register import MemoryPlacesRegister
from service.stores.memory.requests import MemoryRequestCounter
from service.stores.memory.sensors import MemorySensorStore
from service.stores.memory.session_secret import MemorySessionSecret
from service.stores.memory.state import MemoryStateStore, MemoryTables, MemoryVerdictStore

__all__ = [
    "MemoryAgingRows",
    "MemoryAnnotationStore",
    "MemoryAuditLog",
    "MemoryCountStore",
    "MemoryDeliveryStore",
    "MemoryEpisodeDecisionStore",
    "MemoryHotspotListStore",
    "MemoryJobStore",
    "MemoryKeyStore",
    "MemoryOutcomeStore",
    "MemoryPlacesRegister",
    "MemoryReadingStore",
    "MemoryRequestCounter",
    "MemorySensorStore",
    "MemorySessionSecret",
    "MemoryStateStore",
    "MemoryTables",
    "MemoryVerdictStore",
    "aging_rows",
]
