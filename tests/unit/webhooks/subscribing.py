"""Subscriptions to a real receiver, events, and time that passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.domain.events import Event, EventType
from service.errors import SettingsError, WebhookError
from service.ports import Ports
from service.usecases.telling.webhooks import send_events
from tests.receivers import SECRET
from tests.worlds import TENANT, sqlite_ports

NOW = datetime.now(UTC).replace(microsecond=0)
ALL = [kind.value for kind in EventType]


def ports_to(folder: Path, *addresses: str, **more: object) -> Ports:
    """Ports over SQLite, with a subscription to everything at each address: ``r1``, ``r2`` and so on.

    Receivers have a minute, so that a busy machine makes none late that is not meant to be.
    """
    folder.mkdir(exist_ok=True)
    (folder / "secret").write_text(f"{SECRET}\n")
    named = [subscription(folder, address, f"r{number}") for number, address in enumerate(addresses, start=1)]
    return sqlite_ports(folder, now=NOW, **({"webhooks__subscriptions": named, "webhooks__timeout_seconds": 60} | more))


def subscription(folder: Path, address: str, name: str = "r1", **more: object) -> dict[str, object]:
    known = {"name": name, "url": f"{address}/hook?token=in-the-address", "tenant": TENANT, "events": ALL}
    return known | {"secret_file": str(folder / "secret")} | more


def event(key: str = "1", **more: object) -> Event:
    known = {
        "type": EventType.SENSOR_SILENT,
        "tenant": TENANT,
        "key": key,
        "subject": "hp-17",
        "time": NOW,
        "data": {"sensor": "hp-17", "space": "källare"},
    }
    return Event(**(known | more))


def pass_time(ports: Ports, **time: float) -> None:
    ports.clock.time += timedelta(**time)  # type: ignore[attr-defined]


def come_to_the_present(ports: Ports) -> None:
    """The tests may have begun minutes ago, and receivers take nothing that is older than five."""
    pass_time(ports, seconds=(datetime.now(UTC) - NOW).total_seconds())


def failing(ports: Ports) -> str:
    """Send, and tell what the one receiver that fails says."""
    with pytest.raises(ExceptionGroup) as caught:
        send_events(ports)
    [error] = caught.value.exceptions
    assert isinstance(error, WebhookError | SettingsError)
    return str(error)
