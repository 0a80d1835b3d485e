"""The contract of the store of deliveries, and the file that was there before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from service.domain.deliveries import Channel, Delivery, DeliveryStatus, Told
from service.errors import NotFound
from service.stores.sqlite.connection import Database
from service.stores.sqlite.deliveries import SqliteDeliveryStore
from service.stores.sqlite.schema import REGISTER
from tests.contract.stores import TENANT, Stores

NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)


def delivery(recipient: str = "police-south", minute: int = 0, **said: object) -> Delivery:
    stated = {
        "tenant": TENANT,
        "item": "2026-11-01-001",
        "recipient": recipient,
        "happened": NOW - timedelta(hours=1),
        "status": DeliveryStatus.WAITING,
        "queued": NOW + timedelta(minutes=minute, microseconds=7),
        "next_attempt": NOW + timedelta(minutes=minute),
    }
    return Delivery(**(stated | said))


def numbered(one: Delivery, number: int) -> Delivery:
    return msgspec.structs.replace(one, number=number)


def test_deliveries_come_back_as_they_were_put(embedded: Stores) -> None:
    """In that order, every member of them, with the number that the store handed out."""
    waiting = delivery("a", 5, area="Södra", attempts=3, error="the mail server is away")
    done = delivery("b", 1, channel=Channel.WEBHOOK, status=DeliveryStatus.SENT, sent=NOW, content=b'{"id": "1"}')
    for one in (waiting, done):
        embedded.deliveries.put(one)
    assert embedded.deliveries.find() == [numbered(waiting, 1), numbered(done, 2)]
    assert embedded.deliveries.get(Channel.WEBHOOK, TENANT, 2) == numbered(done, 2)


def test_a_list_goes_to_a_recipient_once(embedded: Stores) -> None:
    """The newest word on it replaces the one before."""
    embedded.deliveries.put(delivery())
    sent = msgspec.structs.replace(delivery(), status=DeliveryStatus.SENT, attempts=1, sent=NOW, next_attempt=None)
    embedded.deliveries.put(sent)
    assert embedded.deliveries.find() == [numbered(sent, 1)]


def test_what_is_not_sent_is_counted(embedded: Stores) -> None:
    """By whom it is for, and whether it still waits."""
    gone = {"channel": Channel.WEBHOOK, "status": DeliveryStatus.GIVEN_UP}
    done = delivery("d", status=DeliveryStatus.SENT)
    for one in (delivery("a", item="1"), delivery("a", item="2"), delivery("b", **gone), delivery("c", **gone), done):
        embedded.deliveries.put(one)
    assert embedded.deliveries.unsent() == {
        (Channel.MAIL, TENANT, "a", DeliveryStatus.WAITING): 2,
        (Channel.WEBHOOK, TENANT, "b", DeliveryStatus.GIVEN_UP): 1,
        (Channel.WEBHOOK, TENANT, "c", DeliveryStatus.GIVEN_UP): 1,
    }


def test_the_same_goes_by_both_channels_and_to_two_tenants(embedded: Stores) -> None:
    """Each is a delivery of its own."""
    for one in (delivery(), delivery(channel=Channel.WEBHOOK), delivery(tenant="annat bolag")):
        embedded.deliveries.put(one)
    assert [one.number for one in embedded.deliveries.find()] == [1, 2, 3]


def test_a_number_is_never_another_channels_or_tenants(embedded: Stores) -> None:
    """Nor that of one which is gone."""
    embedded.deliveries.put(delivery(channel=Channel.WEBHOOK, status=DeliveryStatus.GIVEN_UP))
    for channel, tenant, number in (
        (Channel.MAIL, TENANT, 1),
        (Channel.WEBHOOK, "annat bolag", 1),
        (Channel.WEBHOOK, TENANT, 2),
    ):
        with pytest.raises(NotFound, match=f"no delivery {number}"):
            embedded.deliveries.get(channel, tenant, number)
    assert embedded.deliveries.forget(Channel.WEBHOOK, NOW + timedelta(days=1)) == 1
    embedded.deliveries.put(delivery(channel=Channel.WEBHOOK))
    assert [one.number for one in embedded.deliveries.find()] == [2]
    with pytest.raises(NotFound, match="no delivery 1"):
        embedded.deliveries.get(Channel.WEBHOOK, TENANT, 1)


def test_what_is_old_and_done_is_forgotten(embedded: Stores) -> None:
    """Not what waits, is younger or goes by another channel."""
    old = [delivery(status.value, channel=channel, status=status) for channel in Channel for status in DeliveryStatus]
    for one in (*old, delivery("later", 1, channel=Channel.WEBHOOK, status=DeliveryStatus.SENT)):
        embedded.deliveries.put(one)
    assert embedded.deliveries.forget(Channel.WEBHOOK, NOW + timedelta(seconds=30)) == 2
    left = embedded.deliveries.find(channel=Channel.WEBHOOK)
    assert [one.recipient for one in left] == ["waiting", "later"]
    assert len(embedded.deliveries.find(channel=Channel.MAIL)) == 3


def test_pages_go_on_after_a_number(embedded: Stores) -> None:
    for recipient in "abc":
        embedded.deliveries.put(delivery(recipient))
    assert [one.recipient for one in embedded.deliveries.find(after=1, limit=1)] == ["b"]


def test_what_was_told_is_replaced_by_what_is_told_next(embedded: Stores) -> None:
    """By tenant, topic and subject."""
    first = Told(tenant=TENANT, topic="episode", subject="7-0", sequence=1, document=b"{}")
    again = msgspec.structs.replace(first, sequence=2, document=b"[]")
    other = msgspec.structs.replace(first, subject="6-0")
    strangers = [msgspec.structs.replace(first, tenant="annat bolag"), msgspec.structs.replace(first, topic="champion")]
    for one in (first, again, other, *strangers):
        embedded.deliveries.remember(one)
    assert embedded.deliveries.told(TENANT, "episode") == [other, again]
    embedded.deliveries.unlearn([other])
    assert embedded.deliveries.told(TENANT, "episode") == [again]
    assert [embedded.deliveries.told(one.tenant, one.topic) for one in strangers] == [[one] for one in strangers]


def test_a_transaction_keeps_all_or_nothing(embedded: Stores) -> None:
    told = Told(tenant=TENANT, topic="episode", subject="7-0", sequence=1, document=b"{}")

    def both(divisor: int = 1) -> None:
        embedded.deliveries.put(delivery())
        embedded.deliveries.remember(told)
        assert 1 / divisor

    with pytest.raises(ZeroDivisionError), embedded.deliveries.transaction():
        both(divisor=0)
    assert (embedded.deliveries.find(), embedded.deliveries.told(TENANT, "episode")) == ([], [])
    with embedded.deliveries.transaction():
        both()
    assert (len(embedded.deliveries.find()), embedded.deliveries.told(TENANT, "episode")) == (1, [told])


def test_what_is_asked_for_must_all_be_so(embedded: Stores) -> None:
    others = [
        delivery("b", 1),
        delivery("b", 2, item="2026-11-01-002"),
        delivery("b", 3, item="2026-11-01-003", status=DeliveryStatus.GIVEN_UP),
        delivery("b", 4, tenant="annat bolag"),
    ]
    for one in (delivery("a"), *others):
        embedded.deliveries.put(one)
    others = [numbered(one, number) for number, one in enumerate(others, start=2)]
    assert embedded.deliveries.find(recipient="b") == others
    assert embedded.deliveries.find(recipient="b", tenant=TENANT, status=DeliveryStatus.WAITING) == others[:2]
    assert embedded.deliveries.find(item="2026-11-01-002") == [others[1]]
    assert embedded.deliveries.find(tenant="tredje bolaget") == []


def test_a_register_without_deliveries_gets_them_and_keeps_its_rows(tmp_path: Path) -> None:
    """Step by step."""
    before = Database(tmp_path / "register.db", REGISTER[:4])
    before.execute("INSERT INTO key VALUES ('k', x'00', 'police', 'a', 'label', '2026-11-01T00:00:00+00:00', NULL)")
    before.close()
    after = Database(tmp_path / "register.db", REGISTER)
    assert SqliteDeliveryStore(after).find() == []
    assert after.rows("SELECT id, role FROM key") == [("k", "police")]


def test_deliveries_by_mail_are_kept_when_webhooks_join_them(tmp_path: Path) -> None:
    """Numbered as they were queued."""
    before = Database(tmp_path / "register.db", REGISTER[:5])
    times = ["2026-11-02T06:05:00+00:00", "2026-11-02T06:00:00+00:00"]
    for list_id, queued in zip(("2026-11-02-002", "2026-11-02-001"), times, strict=True):
        values = (TENANT, list_id, "police-south", "Södra", times[1], "waiting", queued, 2, queued, None, "away")
        before.execute("INSERT INTO delivery VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    before.close()
    found = SqliteDeliveryStore(Database(tmp_path / "register.db", REGISTER)).find()
    assert [(one.number, one.item, one.channel, one.area) for one in found] == [
        (1, "2026-11-02-001", Channel.MAIL, "Södra"),
        (2, "2026-11-02-002", Channel.MAIL, "Södra"),
    ]
    assert (found[1].happened, found[1].next_attempt, found[1].attempts) == (NOW, NOW + timedelta(minutes=5), 2)
