"""The one composition root: from settings to the ports that every use case gets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from service.domain.retention import DataKind
from service.ports import Ports
from service.ports.backups import Backups
from service.ports.clock import Clock
from service.ports.counts import CountStore
from service.ports.installation import Installation
from service.ports.places import PlacesRegister
from service.ports.retention import AgingData
from service.ports.verdicts import VerdictStore
from service.registry import FolderVersionRegistry
from service.senders.http_webhooks import HttpWebhookSender
from service.senders.smtp import SmtpMailServer
from service.settings import Settings, influxdb_token
from service.stores.backups import LocalBackups
from service.stores.installation import LocalInstallation
from service.stores.session_secret import FileSessionSecret
from service.stores.sqlite.aging import aging_rows
from service.stores.sqlite.annotations import SqliteAnnotationStore
from service.stores.sqlite.audit import SqliteAuditLog
from service.stores.sqlite.changes import ChangeJournal
from service.stores.sqlite.chunks import ChunkFolder
from service.stores.sqlite.connection import Database, check_schema
from service.stores.sqlite.counts import SqliteCountStore
from service.stores.sqlite.deliveries import SqliteDeliveryStore
from service.stores.sqlite.episodes import SqliteEpisodeDecisionStore
from service.stores.sqlite.jobs import SqliteJobStore
from service.stores.sqlite.keys import SqliteKeyStore
from service.stores.sqlite.lists import SqliteHotspotListStore
from service.stores.sqlite.outcomes import SqliteOutcomeStore
from service.stores.sqlite.readings import SqliteReadingStore
from service.stores.sqlite.register import SqlitePlacesRegister
from service.stores.sqlite.requests import SqliteRequestCounter
from service.stores.sqlite.schema import AUDIT, COUNTS, JOBS, REGISTER, REQUESTS, SENSORS, STATE
from service.stores.sqlite.sensors import SqliteSensorStore
from service.stores.sqlite.state import SqliteStateStore
from service.stores.sqlite.verdicts import SqliteVerdictStore
from service.stores.sqlite.versions import SqliteVersionRecords

_SCHEMAS = {
    "counts.db": COUNTS,
    "state.db": STATE,
    "register.db": REGISTER,
    "audit.db": AUDIT,
    "requests.db": REQUESTS,
    "jobs.db": JOBS,
    "sensors.db": SENSORS,
}


class SystemClock:
    """The computer's own clock."""

    def now(self) -> datetime:
        """The present, aware, UTC."""
        return datetime.now(UTC)


def build_ports(settings: Settings, clock: Clock | None = None) -> Ports:
    """Put the stores behind the ports, as the settings say; no file is opened before it is needed.

    Parameters
    ----------
    settings
        Where the files lie and which store holds counts and verdicts.
    clock
        The computer's clock when not given.

    Raises
    ------
    SettingsError
        If InfluxDB is configured and there is no token for it.
    """
    folder = settings.data_dir
    names = ("counts.db", "audit.db", "state.db", "register.db")
    counts, audit, state, places = (Database(folder / name, _SCHEMAS[name]) for name in names)
    register = SqlitePlacesRegister(places)
    aging = aging_rows(counts, state, places, audit)
    count_store: CountStore = SqliteCountStore(counts)
    verdict_store: VerdictStore = SqliteVerdictStore(state)
    if settings.store.kind == "influxdb":
        count_store, verdict_store, there = _influx_stores(settings, register, ChangeJournal(counts))
        aging |= there
    return Ports(
        settings=settings,
        clock=clock or SystemClock(),
        register=register,
        counts=count_store,
        readings=SqliteReadingStore(counts),
        sensors=SqliteSensorStore(Database(folder / "sensors.db", _SCHEMAS["sensors.db"], durable=False)),
        verdicts=verdict_store,
        state=SqliteStateStore(state, ChunkFolder(folder / "state")),
        lists=SqliteHotspotListStore(places),
        annotations=SqliteAnnotationStore(places),
        episodes=SqliteEpisodeDecisionStore(places),
        outcomes=SqliteOutcomeStore(places),
        deliveries=SqliteDeliveryStore(places),
        mail=SmtpMailServer(settings.mail),
        webhooks=HttpWebhookSender(settings.webhooks),
        keys=SqliteKeyStore(places),
        requests=SqliteRequestCounter(Database(folder / "requests.db", _SCHEMAS["requests.db"], durable=False)),
        session_secret=FileSessionSecret(folder / "session.secret"),
        audit=SqliteAuditLog(audit),
        registry=FolderVersionRegistry(folder / "versions", SqliteVersionRecords(places)),
        jobs=SqliteJobStore(Database(folder / "jobs.db", _SCHEMAS["jobs.db"], durable=False)),
        aging=aging,
    )


def check_schemas(settings: Settings) -> None:
    """Look whether this program knows the databases there are, before anything starts on them; none is changed.

    Raises
    ------
    StoreError
        If a newer program wrote one, or they are not restored to their end.
    """
    for name, migrations in _SCHEMAS.items():
        check_schema(settings.data_dir / name, migrations)


def build_installation(settings: Settings) -> Installation:
    """What lies beneath the ports, for those who examine it.

    Raises
    ------
    SettingsError
        If InfluxDB is configured and there is no token for it.
    """
    return LocalInstallation(settings.data_dir, _SCHEMAS, _writing_check(settings))


def build_backups(settings: Settings) -> Backups:
    """What makes and restores backups of the data folder; none of its files is opened before it is needed."""
    return LocalBackups(settings.data_dir, _SCHEMAS, settings.store.kind)


def _writing_check(settings: Settings) -> Callable[[], None]:
    if settings.store.kind != "influxdb":
        return lambda: None
    from service.stores.influx.connection import InfluxConnection  # noqa: PLC0415 - its client takes 0.25 s

    connection = InfluxConnection(settings.influxdb, partial(influxdb_token, settings))
    buckets = dict.fromkeys((settings.influxdb.counts_bucket, settings.influxdb.verdicts_bucket))

    def check() -> None:
        for bucket in buckets:
            connection.check_writing(bucket)

    return check


def _influx_stores(
    settings: Settings, register: PlacesRegister, changes: ChangeJournal
) -> tuple[CountStore, VerdictStore, dict[DataKind, AgingData]]:
    from service.stores.influx.aging import aging_points  # noqa: PLC0415 - its client takes 0.25 s
    from service.stores.influx.connection import InfluxConnection  # noqa: PLC0415
    from service.stores.influx.count_tags import CountTags  # noqa: PLC0415
    from service.stores.influx.counts import InfluxCountStore  # noqa: PLC0415
    from service.stores.influx.places import PlaceTags  # noqa: PLC0415
    from service.stores.influx.verdicts import InfluxVerdictStore  # noqa: PLC0415

    connection = InfluxConnection(settings.influxdb, partial(influxdb_token, settings))
    places = PlaceTags(register, learning=settings.places.mode == "learning")
    tags = CountTags(register, places, settings.schema)
    counts, verdicts = settings.influxdb.counts_bucket, settings.influxdb.verdicts_bucket
    return (
        InfluxCountStore(connection, counts, tags=tags, schema=settings.schema, changes=changes),
        InfluxVerdictStore(connection, verdicts, places),
        aging_points(connection, (counts, verdicts), tags=tags, places=places, schema=settings.schema),
    )
