"""The contract of the store of deliveries, and the file that was there before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from service.domain.deliveries import Delivery, DeliveryStatus
from service.stores.sqlite.connection import Database
from service.stores.sqlite.deliveries import SqliteDeliveryStore
from service.stores.sqlite.schema import REGISTER
from tests.contract.stores import TENANT, Stores

NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)


def delivery(recipient: str = "police-south", minute: int = 0, **said: object) -> Delivery:
    stated = {
        "tenant": TENANT,
        "list_id": "2026-11-01-001",
        "recipient": recipient,
        "approved": NOW - timedelta(hours=1),
        "status": DeliveryStatus.WAITING,
        "queued": NOW + timedelta(minutes=minute, microseconds=7),
        "next_attempt": NOW + timedelta(minutes=minute),
    }
    return Delivery(**(stated | said))


def test_deliveries_come_back_as_they_were_put(embedded: Stores) -> None:
    """Oldest first, every member of them."""
    late = delivery("a", 5, area="Södra", attempts=3, error="the mail server is away")
    done = delivery("b", 1, status=DeliveryStatus.SENT, sent=NOW, next_attempt=None)
    for one in (late, done):
        embedded.deliveries.put(one)
    assert embedded.deliveries.find() == [done, late]


def test_a_list_goes_to_a_recipient_once(embedded: Stores) -> None:
    """The newest word on it replaces the one before."""
    embedded.deliveries.put(delivery())
    sent = msgspec.structs.replace(delivery(), status=DeliveryStatus.SENT, attempts=1, sent=NOW, next_attempt=None)
    embedded.deliveries.put(sent)
    assert embedded.deliveries.find() == [sent]


def test_what_is_asked_for_must_all_be_so(embedded: Stores) -> None:
    others = [
        delivery("b", 1),
        delivery("b", 2, list_id="2026-11-01-002"),
        delivery("b", 3, list_id="2026-11-01-003", status=DeliveryStatus.GIVEN_UP),
        delivery("b", 4, tenant="annat bolag"),
    ]
    for one in (delivery("a"), *others):
        embedded.deliveries.put(one)
    assert embedded.deliveries.find(recipient="b") == others
    assert embedded.deliveries.find(recipient="b", tenant=TENANT, status=DeliveryStatus.WAITING) == others[:2]
    assert embedded.deliveries.find(list_id="2026-11-01-002") == [others[1]]
    assert embedded.deliveries.find(tenant="tredje bolaget") == []


def test_a_register_without_deliveries_gets_them_and_keeps_its_rows(tmp_path: Path) -> None:
    """Step by step."""
    before = Database(tmp_path / "register.db", REGISTER[:4])
    before.execute("INSERT INTO key VALUES ('k', x'00', 'police', 'a', 'label', '2026-11-01T00:00:00+00:00', NULL)")
    before.close()
    after = Database(tmp_path / "register.db", REGISTER)
    assert SqliteDeliveryStore(after).find() == []
    assert after.rows("SELECT id, role FROM key") == [("k", "police")]
