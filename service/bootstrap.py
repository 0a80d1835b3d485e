"""The one composition root: from settings to the ports that every use case gets."""

from __future__ import annotations

from datetime import UTC, datetime

from service.ports import Clock, Ports
from service.registry import FolderVersionRegistry
from service.settings import Settings
from service.stores.sqlite.audit import SqliteAuditLog
from service.stores.sqlite.chunks import ChunkFolder
from service.stores.sqlite.connection import Database
from service.stores.sqlite.counts import SqliteCountStore
from service.stores.sqlite.keys import SqliteKeyStore
from service.stores.sqlite.lists import SqliteHotspotListStore
from service.stores.sqlite.register import SqlitePlacesRegister
from service.stores.sqlite.schema import REGISTER, STATE
from service.stores.sqlite.state import SqliteStateStore
from service.stores.sqlite.verdicts import SqliteVerdictStore


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
    state, register = Database(folder / "state.db", STATE), Database(folder / "register.db", REGISTER)
    return Ports(
        settings=settings,
        clock=clock or SystemClock(),
        register=SqlitePlacesRegister(register),
        counts=SqliteCountStore(folder / "counts.db"),
        verdicts=SqliteVerdictStore(state),
        state=SqliteStateStore(state, ChunkFolder(folder / "state")),
        lists=SqliteHotspotListStore(register),
        keys=SqliteKeyStore(register),
        audit=SqliteAuditLog(folder / "audit.db"),
        registry=FolderVersionRegistry(folder / "versions"),
    )
