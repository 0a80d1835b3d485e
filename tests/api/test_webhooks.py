"""Who is told of what, what became of it, and sending it again, by the API; and what receivers are promised."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import jsonschema
import msgspec
import pytest

from service.api.contract import openapi_json
from service.domain.deliveries import DeliveryStatus
from service.domain.events import Event, EventType
from service.domain.keys import Role
from service.stores.memory import MemoryDeliveryStore
from service.usecases.telling.episodes import tell_episodes
from service.usecases.telling.outbox import OLDEST
from service.usecases.telling.publish import publish
from tests.api.conftest import PORTS, STORES, STRANGER, Town, body
from tests.worlds import TENANT, sqlite_ports

DOCUMENT = msgspec.json.decode(openapi_json())
NAMED = {"secret_file": "none", "tenant": TENANT, "events": [kind.value for kind in EventType]}
SUBSCRIPTIONS = [
    NAMED | {"name": "alarm-centre", "url": "https://alarms.example/hook?token=in-the-address"},
    NAMED | {"name": "neighbours", "url": "https://hooks.example/", "tenant": STRANGER},
]
DELIVERIES = "/v1/webhooks/deliveries"


@pytest.fixture(params=STORES)
def subscribed(request: pytest.FixtureRequest, tmp_path: Path) -> Town:
    """A service with a subscription of ours and one of our neighbours; three events wait, the second was given up."""
    town = Town(PORTS[request.param](tmp_path, webhooks__subscriptions=SUBSCRIPTIONS))
    for key in "abc":
        publish(town.ports, event(town, key))
    second = town.ports.deliveries.find(tenant=TENANT)[1]
    given_up = {"status": DeliveryStatus.GIVEN_UP, "next_attempt": None, "error": "alarm-centre: away", "attempts": 9}
    town.ports.deliveries.put(msgspec.structs.replace(second, **given_up))
    return town


def event(town: Town, key: str) -> Event:
    now = town.ports.clock.now()
    return Event(type=EventType.SENSOR_SILENT, tenant=TENANT, key=key, subject=key, time=now, data={})


def test_subscriptions_are_the_tenants_own_without_their_addresses(subscribed: Town) -> None:
    """Nor where the secret is."""
    answer = subscribed.operator.get("/v1/webhooks/subscriptions")
    [own] = body(answer)["items"]
    assert (own["name"], own["host"], own["waiting"], own["given_up"]) == ("alarm-centre", "alarms.example", 2, 1)
    assert "in-the-address" not in answer.text
    assert "secret" not in answer.text


def test_dead_letters_are_seen_and_sent_again(subscribed: Town) -> None:
    """One by one, or all of a subscription."""
    [dead] = body(subscribed.operator.get(f"{DELIVERIES}?status=given_up"))["items"]
    assert (dead["subject"], dead["error"], dead["attempts"]) == ("b", "alarm-centre: away", 9)
    again = subscribed.operator.post(f"{DELIVERIES}/{dead['delivery']}/resend")
    assert (again.status_code, body(again)["status"], body(again)["event"]) == (200, "waiting", dead["event"])
    assert body(subscribed.operator.get(f"{DELIVERIES}?status=given_up"))["items"] == []
    every = subscribed.operator.post("/v1/webhooks/subscriptions/alarm-centre/resend")
    assert body(every) == {"queued": 0}


def test_pages_lead_through_all_deliveries(subscribed: Town) -> None:
    """In the order they were queued; by subscription too."""
    address, subjects = f"{DELIVERIES}?limit=2&subscription=alarm-centre", []
    while address:
        page = subscribed.operator.get(address)
        subjects += [one["subject"] for one in body(page)["items"]]
        address = page.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert subjects == ["a", "b", "c"]
    assert body(subscribed.operator.get(f"{DELIVERIES}?subscription=neighbours"))["items"] == []


def test_nothing_of_another_tenant_is_there(subscribed: Town) -> None:
    stranger = subscribed.client(Role.OPERATOR, STRANGER)
    assert body(stranger.get(DELIVERIES))["items"] == []
    assert stranger.post(f"{DELIVERIES}/1/resend").status_code == 404
    assert stranger.post("/v1/webhooks/subscriptions/alarm-centre/resend").status_code == 404


def test_what_is_no_longer_subscribed_to_cannot_be_sent(subscribed: Town, tmp_path: Path) -> None:
    subscribed.ports.deliveries.put(
        msgspec.structs.replace(subscribed.ports.deliveries.find()[0], recipient="no-longer-there")
    )
    number = subscribed.ports.deliveries.find(recipient="no-longer-there")[0].number
    assert subscribed.operator.post(f"{DELIVERIES}/{number}/resend").status_code == 409


@pytest.mark.parametrize("role", [Role.INGEST, Role.READER, Role.POLICE, Role.AUDITOR])
def test_webhooks_are_for_operators(empty: Town, role: Role) -> None:
    assert empty.client(role).get(DELIVERIES).status_code == 403
    assert empty.client(role).post(f"{DELIVERIES}/1/resend").status_code == 403


def test_what_is_told_of_episodes_is_what_the_api_tells(town: Town, tmp_path: Path) -> None:
    """Of those that are news; the old id of each leads to it."""
    settings = sqlite_ports(tmp_path, webhooks__subscriptions=SUBSCRIPTIONS).settings
    told = MemoryDeliveryStore()
    assert tell_episodes(replace(town.ports, settings=settings, deliveries=told)) > 0
    events = [msgspec.json.decode(one.content or b"") for one in told.find()]
    last = {event["subject"]: event for event in events}
    since = (town.ports.clock.now() - OLDEST).isoformat()
    episodes = [one for one in body(town.operator.get("/v1/episodes?limit=1000"))["items"] if one["end"] > since]
    assert [last[one["episode"]]["data"] for one in episodes] == [one | {"withdrawn": False} for one in episodes]
    assert len(last) == len(episodes)
    for event in events:
        validate(event["type"], event)
        assert body(town.operator.get(f"/v1/episodes/{event['subject']}"))["start"] == event["data"]["start"]


def test_every_type_of_event_is_in_the_contract() -> None:
    """With the media type that is sent, and an example of its schema."""
    assert set(DOCUMENT["webhooks"]) == set(EventType)
    for name, webhook in DOCUMENT["webhooks"].items():
        [(media_type, content)] = webhook["post"]["requestBody"]["content"].items()
        assert media_type == "application/cloudevents+json"
        assert content["example"]["type"] == name
        validate(name, content["example"])


def validate(name: str, event: object) -> None:
    [content] = DOCUMENT["webhooks"][name]["post"]["requestBody"]["content"].values()
    jsonschema.Draft202012Validator({**content["schema"], "components": DOCUMENT["components"]}).validate(event)
