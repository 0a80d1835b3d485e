"""Events go out as webhooks, to a real receiver: what they say, signed, to whom, once."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from standardwebhooks.webhooks import Webhook

from service.domain.deliveries import Delivery
from service.domain.events import EventType
from service.domain.hotspots import HeldBack
from service.errors import Conflict
from service.senders.http_webhooks import sign
from service.usecases.lists.hotspots import approve_list
from service.usecases.telling.publish import publish
from service.usecases.telling.webhooks import (
    send_events,
)
from tests.api.drafts import add, entry
from tests.receivers import SECRET, Receiver
from tests.unit.webhooks.subscribing import NOW, come_to_the_present, event, failing, pass_time, ports_to, subscription
from tests.worlds import TENANT

LIST = "2026-11-02-001"


def test_an_event_goes_to_each_subscription_once(host: Receiver, tmp_path: Path) -> None:
    """However often it is published and the scheduler ticks."""
    ports = ports_to(tmp_path, host.address, host.address)
    for _ in range(2):
        publish(ports, event())
    assert send_events(ports) == 2
    publish(ports, event())
    assert send_events(ports) == 0
    assert len(host.got) == 2
    assert {told["id"] for told in host.events} == {event().event_id}


def test_what_is_sent_is_a_cloud_event_in_structured_mode(host: Receiver, tmp_path: Path) -> None:
    """The required attributes, and names of extensions that CloudEvents allows."""
    publish(ports := ports_to(tmp_path, host.address), event(sequence=3))
    send_events(ports)
    [(headers, body)] = host.got
    assert headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    assert msgspec.json.decode(body) == {
        "specversion": "1.0",
        "id": event().event_id,
        "source": "trappvakt",
        "type": "trappvakt.sensor.silent",
        "subject": "hp-17",
        "time": NOW.isoformat().replace("+00:00", "Z"),
        "tenant": TENANT,
        "sequence": "000003",
        "datacontenttype": "application/json",
        "data": {"sensor": "hp-17", "space": "källare"},
    }


def test_the_signature_is_that_of_standard_webhooks(host: Receiver, tmp_path: Path) -> None:
    """By the library for receivers, by hand, and not with another secret or body."""
    publish(ports := ports_to(tmp_path, host.address), event())
    come_to_the_present(ports)
    send_events(ports)
    [(headers, body)] = host.got
    Webhook(SECRET).verify(body, headers)
    signed = f"{event().event_id}.{int(ports.clock.now().timestamp())}.".encode() + body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    by_hand = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    sent = {name.lower(): value for name, value in headers.items()}
    assert (sent["webhook-id"], sent["webhook-signature"]) == (event().event_id, f"v1,{by_hand}")
    for secret, altered in (("whsec_" + "AAAA" * 8, body), (SECRET, body + b" ")):
        with pytest.raises(Exception, match="No matching signature"):
            Webhook(secret).verify(altered, headers)


def test_the_published_example_of_the_convention_is_met() -> None:
    """Svix' documentation of how to verify by hand."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signature = sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_is_exchanged_while_the_service_runs(host: Receiver, tmp_path: Path) -> None:
    """While there are two, either is good."""
    ports, new = ports_to(tmp_path, host.address), "whsec_" + base64.b64encode(bytes(range(32))).decode()
    come_to_the_present(ports)
    for key, lines in enumerate((f"{SECRET}\n{new}\n", f"{new}\n")):
        (tmp_path / "secret").write_text(lines)
        publish(ports, event(str(key)))
        send_events(ports)
    (both, body), (one, last) = host.got
    Webhook(SECRET).verify(body, both)
    Webhook(new).verify(body, both)
    Webhook(new).verify(last, one)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(SECRET).verify(last, one)


@pytest.mark.parametrize("content", [None, "", "whsec_", "whsec_c2hvcnQ=", "hemligt-losenord!", "whsec_å"])
def test_without_a_good_secret_nothing_is_sent(host: Receiver, tmp_path: Path, content: str | None) -> None:
    """What the file holds is not told; the event waits until the file is right."""
    ports = ports_to(tmp_path, host.address)
    (tmp_path / "secret").unlink()
    if content is not None:
        (tmp_path / "secret").write_text(content, "utf-8")
    publish(ports, event())
    told = failing(ports)
    assert "secret_file of webhooks.subscriptions 'r1'" in told
    assert (f"{tmp_path / 'secret'}: No such file" in told) == (content is None)
    assert not content or content.removeprefix("whsec_") == "" or content not in told
    assert host.got == []
    (tmp_path / "secret").write_text(SECRET)
    pass_time(ports, minutes=2)
    assert send_events(ports) == 1


def test_events_go_to_those_who_subscribe_to_them(host: Receiver, tmp_path: Path) -> None:
    """By type and by tenant; what concerns everybody goes to everybody, as theirs."""
    named = [
        subscription(tmp_path, host.address, "promotions", events=["trappvakt.model.promoted"]),
        subscription(tmp_path, host.address, "neighbours", tenant="grannbolaget"),
    ]
    ports = ports_to(tmp_path, webhooks__subscriptions=named)
    publish(ports, event())
    assert ports.deliveries.find() == []
    publish(ports, event(type=EventType.MODEL_PROMOTED, tenant=None))
    assert send_events(ports) == 2
    assert sorted(told["tenant"] for told in host.events) == ["grannbolaget", TENANT]


def test_old_news_is_none(host: Receiver, tmp_path: Path) -> None:
    """So a subscription that is new is not told of what was; nor is what was forgotten told anew."""
    ports = ports_to(tmp_path, host.address)
    publish(ports, event("old", time=NOW - timedelta(days=7, seconds=1)))
    publish(ports, event())
    assert send_events(ports) == 1
    pass_time(ports, days=31)
    assert send_events(ports) == 0
    assert ports.deliveries.find() == []
    publish(ports, event())
    assert ports.deliveries.find() == []


def test_an_approved_list_is_told_of_without_its_places(host: Receiver, tmp_path: Path) -> None:
    """Where to read it, and the digest of what was approved; whoever may read it does so with a key."""
    ports = ports_to(tmp_path, host.address)
    add(ports, LIST, entry(), entry(rank=2, stairwell="linden-1", address="Linden 1"))
    pass_time(ports, seconds=5)
    approve_list(ports, TENANT, LIST, "anna", [HeldBack(rank=2, reason="flytt")])
    send_events(ports)
    [told] = host.events
    digest = hashlib.sha256(ports.lists.get(TENANT, LIST, approved=True)[1]).hexdigest()
    assert (told["type"], told["subject"]) == ("trappvakt.list.approved", LIST)
    assert told["data"] == {
        "list_id": LIST,
        "number": 1,
        "area": None,
        "approved": told["time"],
        "digest": digest,
        "held_back": 1,
        "tenants": [],
        "path": f"/v1/hotspot-lists/{LIST}",
    }
    with pytest.raises(Conflict):
        approve_list(ports, TENANT, LIST, "anna")
    assert len(ports.deliveries.find()) == 1


def test_an_approval_and_its_event_are_one(host: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it cannot be told, the list stays a draft."""
    ports = ports_to(tmp_path, host.address)
    add(ports, LIST, entry())

    def full(_delivery: Delivery) -> None:
        raise OSError("no room")

    monkeypatch.setattr(ports.deliveries, "put", full)
    with pytest.raises(OSError, match="no room"):
        approve_list(ports, TENANT, LIST, "anna")
    assert ports.lists.get(TENANT, LIST)[0].approved is None


def test_a_joint_list_is_told_to_those_who_subscribe_to_joint_lists(host: Receiver, tmp_path: Path) -> None:
    """The company's own is told to the company."""
    named = [subscription(tmp_path, host.address, "own"), subscription(tmp_path, host.address, "joint", tenant="*")]
    ports = ports_to(tmp_path, webhooks__subscriptions=named, hotspots__share_with_police=[TENANT])
    add(ports, LIST, entry())
    approve_list(ports, TENANT, LIST, "anna")
    assert send_events(ports) == 2
    assert sorted((told["tenant"], told["data"]["tenants"]) for told in host.events) == [("*", [TENANT]), (TENANT, [])]
