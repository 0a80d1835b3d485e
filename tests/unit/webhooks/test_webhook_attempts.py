"""Webhooks are tried again, in order, and sent anew when asked, whatever receivers and processes do."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.domain.deliveries import Delivery, DeliveryStatus
from service.domain.events import EventType
from service.errors import Conflict, NotFound
from service.ports import Ports
from service.usecases.telling.publish import publish
from service.usecases.telling.webhooks import (
    NO_LONGER_SUBSCRIBED,
    list_subscriptions,
    list_webhooks,
    send_again,
    send_all_again,
    send_events,
)
from tests.receivers import Receiver, receiver
from tests.unit.webhooks.subscribing import event, failing, pass_time, ports_to
from tests.worlds import TENANT


def only(ports: Ports) -> Delivery:
    [delivery] = ports.deliveries.find()
    return delivery


def test_attempts_come_ever_more_seldom_until_it_is_a_dead_letter(host: Receiver, tmp_path: Path) -> None:
    """Each wait up to half as long again, differently for each; what is sent is the same event."""
    ports = ports_to(tmp_path, host.address, webhooks__give_up_hours=24)
    publish(ports, event())
    host.answer, waits = 503, []
    while only(ports).status is DeliveryStatus.WAITING:
        assert failing(ports) == "r1: localhost answers 503"
        assert send_events(ports) == 0, "not before its time"
        if upcoming := only(ports).next_attempt:
            waits.append((upcoming - ports.clock.now()).total_seconds() / 60)
            ports.clock.time = upcoming  # type: ignore[attr-defined]
    doubled = [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]
    longer = [wait / least for wait, least in zip(waits, doubled, strict=False)]
    assert len(waits) >= 9
    assert all(1 <= each < 1.5 for each in longer)
    assert len({round(each, 3) for each in longer}) > 5
    assert len({body for _, body in host.got}) == 1
    assert (only(ports).status, only(ports).error) == (DeliveryStatus.GIVEN_UP, "r1: localhost answers 503")
    host.answer = 200
    pass_time(ports, hours=10)
    assert send_events(ports) == 0


def test_a_dead_letter_is_sent_again_when_a_person_says_so(host: Receiver, tmp_path: Path) -> None:
    """Under the same id, signed anew; it is in the audit who asked."""
    ports = ports_to(tmp_path, host.address, webhooks__give_up_hours=1)
    for key in "ab":
        publish(ports, event(key, subject=key))
    host.answer = 500
    for _ in range(2):
        failing(ports)
        failing(ports)
        pass_time(ports, hours=1)
    dead = list_webhooks(ports, TENANT, status=DeliveryStatus.GIVEN_UP)
    assert [one.subject for one in dead] == ["a", "b"]
    [shown] = list_subscriptions(ports, TENANT)
    assert (shown.name, shown.host, shown.waiting, shown.given_up) == ("r1", "localhost", 0, 2)
    host.answer, before = 204, len(host.got)
    assert send_again(ports, TENANT, dead[1].delivery, "anna").status is DeliveryStatus.WAITING
    assert send_events(ports) == 1
    assert send_all_again(ports, TENANT, "r1", "anna") == 1
    assert send_events(ports) == 1
    assert [told["subject"] for told in host.events[before:]] == ["b", "a"]
    assert [body for _, body in host.got[before:]] == [body for _, body in host.got[1::-1]]
    audit = [(one.actor, one.action, one.detail) for one in ports.audit.entries(TENANT)]
    assert audit == [("anna", "webhook.send-again", "to r1")] * 2
    assert send_all_again(ports, TENANT, "r1", "anna") == 0
    assert send_again(ports, TENANT, dead[0].delivery, "anna").attempts == 0, "also what was taken"


def test_what_is_not_there_cannot_be_sent_again(host: Receiver, tmp_path: Path) -> None:
    """Nor another tenant's, nor what is no longer subscribed to."""
    ports = ports_to(tmp_path, host.address)
    publish(ports, event())
    number = only(ports).number
    with pytest.raises(NotFound):
        send_again(ports, "grannbolaget", number, "anna")
    with pytest.raises(NotFound):
        send_all_again(ports, "grannbolaget", "r1", "anna")
    unsubscribed = ports_to(tmp_path)
    assert send_events(unsubscribed) == 0
    assert (only(ports).status, only(ports).error) == (DeliveryStatus.GIVEN_UP, NO_LONGER_SUBSCRIBED)
    with pytest.raises(Conflict):
        send_again(unsubscribed, TENANT, number, "anna")
    assert send_all_again(ports, TENANT, "r1", "anna") == 1
    assert send_events(ports) == 1


def test_events_about_one_subject_keep_their_order(host: Receiver, tmp_path: Path) -> None:
    """A later one waits for the one that is not taken; those of other subjects do not."""
    ports = ports_to(tmp_path, host.address)
    host.refused = {"trappvakt.episode.opened"}
    publish(ports, event("1", type=EventType.EPISODE_OPENED, subject="7-1", sequence=1))
    publish(ports, event("2", type=EventType.EPISODE_CLOSED, subject="7-1", sequence=2))
    publish(ports, event("3", subject="hp-17"))
    failing(ports)
    assert send_events(ports) == 1
    assert host.events[-1]["subject"] == "hp-17"
    host.refused = set()
    pass_time(ports, minutes=2)
    assert send_events(ports) == 2
    assert [told["sequence"] for told in host.events[-2:]] == ["000001", "000002"]


def test_one_receiver_that_fails_holds_up_no_other(host: Receiver, tmp_path: Path) -> None:
    """Neither in its round nor in its order."""
    with receiver() as away:
        away.manner = "silently"
        ports = ports_to(tmp_path, away.address, host.address, webhooks__timeout_seconds=2)
        for key in "abc":
            publish(ports, event(key, subject=key))
        assert failing(ports) == "r1: localhost does not answer in time"
        assert [told["subject"] for told in host.events] == ["a", "b", "c"]
        assert len(away.got) == 1, "the first failure ends its round"


@pytest.mark.parametrize(
    ("manner", "seconds", "said"),
    [
        ("slowly", 2, "does not answer in time"),
        ("dropping", 60, "closes the connection or answers no HTTP"),
        ("noisily", 60, "closes the connection or answers no HTTP"),
    ],
)
def test_a_receiver_that_misbehaves_costs_no_more_than_the_time_out(
    host: Receiver, tmp_path: Path, manner: str, seconds: int, said: str
) -> None:
    """Not even one that sends a byte now and then; over TLS too."""
    with receiver(tmp_path) as secure:
        host.manner = secure.manner = manner
        for one in (host, secure):
            folder, authority = tmp_path / str(len(one.address)), str(tmp_path / "receivers.pem")
            ports = ports_to(folder, one.address, webhooks__ca_file=authority, webhooks__timeout_seconds=seconds)
            publish(ports, event())
            assert failing(ports) == f"r1: localhost {said}"
            assert len(one.got) == 1


@pytest.mark.parametrize(("when", "waits", "got"), [("queued", 0, 1), ("before", 2, 1), ("after", 2, 2)])
def test_a_killed_process_loses_no_event(host: Receiver, tmp_path: Path, when: str, waits: int, got: int) -> None:
    """Not between commit and sending, nor after; what may come twice has the same id."""
    ports = ports_to(tmp_path, host.address)
    if (child := os.fork()) == 0:
        publish_and_die(ports, when)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    if waits:
        assert send_events(ports) == 0, "an attempt that was begun is not repeated at once"
        pass_time(ports, minutes=waits)
    assert send_events(ports) == 1
    assert len(host.got) == got
    assert {told["id"] for told in host.events} == {event().event_id}


def publish_and_die(ports: Ports, when: str) -> None:
    """Once the event is queued, before it is handed over, or after."""

    class Deadly:
        def send(self, *what: Any) -> None:
            if when == "after":
                ports.webhooks.send(*what)
            os.kill(os.getpid(), signal.SIGKILL)

    publish(ports, event())
    if when != "queued":
        send_events(replace(ports, webhooks=Deadly()))
    os.kill(os.getpid(), signal.SIGKILL)
