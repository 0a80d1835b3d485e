"""Ports: where there is I/O, time or chance, and nowhere else. Adapters are named <Technology><Port>.

All methods raise :class:`service.errors.StoreError` when the store behind them cannot be reached. What lies beneath the
stores (`service.ports.installation`, `service.ports.backups`) stands apart, because no request and no tick asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service.domain.retention import DataKind
from service.ports.access import AuditLog, KeyStore, RequestCounter, SessionSecret
from service.ports.annotations import AnnotationStore
from service.ports.clock import Clock
from service.ports.counts import CountStore, ReadingStore
from service.ports.deliveries import DeliveryStore, MailServer, WebhookSender
from service.ports.jobs import JobStore
from service.ports.lists import HotspotListStore, OutcomeStore
from service.ports.places import PlacesRegister
from service.ports.retention import AgingData
from service.ports.sensors import SensorStore
from service.ports.state import StateStore
from service.ports.verdicts import EpisodeDecisionStore, VerdictStore
from service.ports.versions import VersionRegistry
from service.settings import Settings


@dataclass(frozen=True)
class Ports:
    """Everything a use case may reach, put together once by :mod:`service.bootstrap`."""

    settings: Settings
    clock: Clock
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
    mail: MailServer
    webhooks: WebhookSender
    keys: KeyStore
    requests: RequestCounter
    session_secret: SessionSecret
    audit: AuditLog
    registry: VersionRegistry
    jobs: JobStore
    aging: Mapping[DataKind, AgingData]
