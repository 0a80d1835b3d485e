"""Approved lists go out by mail, through a real server: once, encrypted, tried again, and kept without an address."""

from __future__ import annotations

import io
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook
from structlog.testing import capture_logs

from service.domain.deliveries import Delivery, DeliveryStatus
from service.domain.hotspots import HeldBack
from service.errors import Conflict, MailError, NotFound
from service.ports import Ports
from service.tick import Tick
from service.usecases.lists.hotspots import approve_list, expire_lists
from service.usecases.telling.deliver import NO_LONGER_WANTED, deliver_lists, list_deliveries, send_list_again
from tests.api.drafts import add, entry
from tests.mail import PASSWORD, USER, MailHost, mail_host
from tests.worlds import TENANT, sqlite_ports

MONDAY = datetime(2026, 11, 2, 8, tzinfo=UTC)
SOUTH = {"name": "police-south", "address": "span.sodra@polisen.example", "tenant": TENANT}
NORTH = {"name": "police-north", "address": "span.norra@polisen.example", "tenant": TENANT, "language": "en"}
FIRST, SECOND = "2026-11-02-001", "2026-11-03-002"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[MailHost]:
    with mail_host(tmp_path, login=True) as running:
        yield running


def ports_to(host: MailHost, folder: Path, *recipients: dict[str, str], **more: object) -> Ports:
    """Ports over SQLite whose mail goes to the host, on a Monday."""
    (folder / "password").write_text(f"{PASSWORD}\n")
    known = {
        "mail__host": "localhost",
        "mail__port": host.port,
        "mail__ca_file": str(host.ca_file),
        "mail__user": USER,
        "mail__password_file": str(folder / "password"),
        "mail__sender": "trappvakt@norrbo.example",
        "mail__timeout_seconds": 10,
        "mail__recipients": list(recipients),
    }
    return sqlite_ports(folder, now=MONDAY, **(known | more))


def approve(ports: Ports, list_id: str = FIRST) -> None:
    add(ports, list_id, entry(), entry(rank=2, stairwell="linden-1", address="Linden 1"))
    approve_list(ports, TENANT, list_id, "anna", [HeldBack(rank=2, reason="flytt")])


def pass_time(ports: Ports, **time: float) -> None:
    ports.clock.time += timedelta(**time)  # type: ignore[attr-defined]


def refuse_once(host: MailHost, ports: Ports) -> None:
    """A round in which the server takes no letter; it does afterwards."""
    host.post.answer = "451 later"
    with pytest.raises(MailError):
        deliver_lists(ports)
    host.post.answer = "250 OK"


def only(ports: Ports) -> Delivery:
    [delivery] = ports.deliveries.find()
    return delivery


def test_an_approved_list_goes_to_each_recipient_once(host: MailHost, tmp_path: Path) -> None:
    """Each in a letter of their own, encrypted; a draft goes nowhere."""
    ports = ports_to(host, tmp_path, NORTH, SOUTH)
    add(ports, FIRST, entry())
    assert deliver_lists(ports) == []
    approve_list(ports, TENANT, FIRST, "anna")
    assert deliver_lists(ports) == [FIRST, FIRST]
    assert deliver_lists(ports) == []
    assert [(to, encrypted) for to, encrypted, _ in host.post.letters] == [
        ([NORTH["address"]], True),
        ([SOUTH["address"]], True),
    ]
    assert {(one.recipient, one.status, one.attempts) for one in list_deliveries(ports, TENANT, FIRST)} == {
        ("police-north", DeliveryStatus.SENT, 1),
        ("police-south", DeliveryStatus.SENT, 1),
    }


def test_the_letter_carries_the_sheet_as_it_was_approved(host: MailHost, tmp_path: Path) -> None:
    """In the recipient's language, with the list's digest; without what was held back; no place in the text."""
    ports = ports_to(host, tmp_path, SOUTH)
    approve(ports)
    deliver_lists(ports)
    [(_, _, letter)] = host.post.letters
    assert letter["Subject"] == f"Hotspotlista {FIRST} · {TENANT} · 1 nov. 2026"
    assert letter["To"] == SOUTH["address"]
    assert letter["Message-ID"].endswith("@norrbo.example>")
    text = letter.get_body().get_content()
    assert ports.lists.get(TENANT, FIRST)[0].approved_digest in text
    assert "Platser: 1, varav nya: 1." in text
    assert "Kvarngatan" not in text
    [sheet] = letter.iter_attachments()
    assert sheet.get_filename() == f"{FIRST}.xlsx"
    cells = [cell.value for row in load_workbook(io.BytesIO(sheet.get_content()))["Lista"].iter_rows() for cell in row]
    assert "Kvarngatan 3" in cells
    assert "Linden 1" not in cells


def test_what_is_kept_and_audited_is_the_recipients_name(host: MailHost, tmp_path: Path) -> None:
    """Addresses are in the settings and in no file of ours; neither they nor the password are in a log."""
    ports = ports_to(host, tmp_path, SOUTH)
    approve(ports)
    host.post.refused[SOUTH["address"]] = f"550 {SOUTH['address']} is nobody here"
    with capture_logs() as lines:
        Tick(ports).run()
    host.post.refused.clear()
    pass_time(ports, minutes=2)
    with capture_logs() as later:
        Tick(ports).run()
    assert [line.get("failed") for line in lines if line["event"] == "tick"] == [["mail"]]
    assert [line.get("sent") for line in later if line["event"] == "tick"] == [[FIRST]]
    told = [(one.action, one.subject, one.detail) for one in ports.audit.entries(TENANT)]
    assert ("list.send", FIRST, "to police-south") in told
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("*.db*"))
    assert b"police-south" in kept
    for secret in (SOUTH["address"], "span.sodra", PASSWORD):
        assert secret.encode() not in kept
        assert secret not in f"{lines}{later}"


def test_a_failure_is_told_without_the_servers_words(host: MailHost, tmp_path: Path) -> None:
    """Also in the traceback that is logged."""
    ports = ports_to(host, tmp_path, SOUTH)
    approve(ports)
    host.post.refused[SOUTH["address"]] = f"550 {SOUTH['address']} is nobody here"
    with pytest.raises(MailError, match=rf"localhost:{host.port} refuses the recipient \(550\)") as caught:
        deliver_lists(ports)
    assert SOUTH["address"] not in f"{only(ports)}{''.join(traceback.format_exception(caught.value))}"


def test_attempts_come_ever_more_seldom_until_nobody_tries(host: MailHost, tmp_path: Path) -> None:
    """The letter is the same one each time, so that a copy can be told."""
    ports = ports_to(host, tmp_path, SOUTH, mail__give_up_hours=24)
    approve(ports)
    host.post.answer = "451 later"
    waits = []
    while not ports.deliveries.find() or only(ports).status is DeliveryStatus.WAITING:
        with pytest.raises(MailError, match=r"refuses the letter \(451\)"):
            deliver_lists(ports)
        assert deliver_lists(ports) == [], "not before its time"
        if upcoming := only(ports).next_attempt:
            waits.append((upcoming - ports.clock.now()).total_seconds() / 60)
            ports.clock.time = upcoming  # type: ignore[attr-defined]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]
    host.post.answer = "250 OK"
    pass_time(ports, hours=10)
    assert deliver_lists(ports) == []
    assert (only(ports).status, only(ports).attempts) == (DeliveryStatus.GIVEN_UP, 13)


def test_a_letter_is_sent_when_the_server_is_back(host: MailHost, tmp_path: Path) -> None:
    ports = ports_to(host, tmp_path, SOUTH)
    approve(ports)
    away = replace(ports, mail=ports_to(host, tmp_path, mail__port=1).mail)
    with pytest.raises(MailError, match="cannot be reached"):
        deliver_lists(away)
    assert "cannot be reached" in (only(ports).error or "")
    pass_time(ports, minutes=1)
    assert deliver_lists(ports) == [FIRST]
    assert (only(ports).attempts, only(ports).error) == (2, None)


def test_one_that_fails_ends_the_round_and_holds_up_nobody_else(host: MailHost, tmp_path: Path) -> None:
    """The others come with the next tick."""
    ports = ports_to(host, tmp_path, NORTH, SOUTH)
    approve(ports)
    host.post.refused[NORTH["address"]] = "550 no"
    with pytest.raises(MailError):
        deliver_lists(ports)
    assert host.post.letters == []
    assert deliver_lists(ports) == [FIRST]
    assert host.post.letters[0][0] == [SOUTH["address"]]


def test_a_crash_after_the_server_took_the_letter_sends_the_same_letter_again(host: MailHost, tmp_path: Path) -> None:
    """No protocol of mail can rule that out; its Message-ID tells that it is the same."""
    ports = ports_to(host, tmp_path, SOUTH)
    approve(ports)

    class Killed(BaseException):
        """The process ends."""

    class KilledAfterwards:
        def send(self, letter: object) -> None:
            ports.mail.send(letter)  # type: ignore[arg-type]
            raise Killed

    with pytest.raises(Killed):
        deliver_lists(replace(ports, mail=KilledAfterwards()))
    assert deliver_lists(ports) == [], "not at once"
    pass_time(ports, minutes=1)
    assert deliver_lists(ports) == [FIRST]
    assert len({letter["Message-ID"] for _, _, letter in host.post.letters}) == 1
    assert len(host.post.letters) == 2


@pytest.mark.parametrize(("every", "sent"), [("week", [FIRST]), ("list", [FIRST, SECOND])])
def test_a_sheet_a_week_or_every_list(host: MailHost, tmp_path: Path, every: str, sent: list[str]) -> None:
    """A week begins on Monday, local time."""
    ports = ports_to(host, tmp_path, SOUTH, mail__every=every)
    approve(ports, FIRST)
    told = deliver_lists(ports)
    pass_time(ports, days=6, hours=14)
    approve(ports, SECOND)
    assert told + deliver_lists(ports) == sent
    pass_time(ports, hours=2)
    approve(ports, "2026-11-09-003")
    assert deliver_lists(ports) == ["2026-11-09-003"]


def test_an_old_list_is_no_news_to_a_recipient_who_is_new(host: MailHost, tmp_path: Path) -> None:
    ports = ports_to(host, tmp_path, SOUTH)
    approve(ports)
    pass_time(ports, days=7, seconds=1)
    assert deliver_lists(ports) == []


def test_letters_that_were_given_up_are_sent_again_on_request(host: MailHost, tmp_path: Path) -> None:
    """To those who did not get one, though the list is no news any more; the request is audited."""
    ports = ports_to(host, tmp_path, SOUTH, NORTH, mail__give_up_hours=1)
    approve(ports)
    host.post.refused[SOUTH["address"]] = "450 later"
    for _ in range(2):
        with pytest.raises(MailError):
            deliver_lists(ports)
        pass_time(ports, hours=2)
    assert deliver_lists(ports) == [FIRST]
    host.post.refused.clear()
    pass_time(ports, days=8)
    assert send_list_again(ports, TENANT, FIRST, "anna") == 1
    assert deliver_lists(ports) == [FIRST]
    assert [addresses for addresses, _, _ in host.post.letters] == [[NORTH["address"]], [SOUTH["address"]]]
    assert send_list_again(ports, TENANT, FIRST, "anna") == 0
    assert [one.actor for one in ports.audit.entries(TENANT) if one.action == "list.send-again"] == ["anna"]


def test_a_letter_is_not_sent_again_once_a_newer_list_is_in_force(host: MailHost, tmp_path: Path) -> None:
    ports = ports_to(host, tmp_path, SOUTH)
    approve(ports, FIRST)
    refuse_once(host, ports)
    approve(ports, SECOND)
    deliver_lists(ports)
    with pytest.raises(Conflict, match=f"list {FIRST} cannot be sent: a newer list"):
        send_list_again(ports, TENANT, FIRST, "anna")
    with pytest.raises(NotFound):
        send_list_again(ports, TENANT, "2026-11-09-009", "anna")


def test_a_newer_list_takes_the_place_of_one_that_waits(host: MailHost, tmp_path: Path) -> None:
    """Also in the same week, since the recipient got nothing yet."""
    ports = ports_to(host, tmp_path, SOUTH)
    approve(ports, FIRST)
    refuse_once(host, ports)
    approve(ports, SECOND)
    assert deliver_lists(ports) == [SECOND]
    assert [(one.item, one.status, one.error) for one in ports.deliveries.find()] == [
        (FIRST, DeliveryStatus.GIVEN_UP, NO_LONGER_WANTED),
        (SECOND, DeliveryStatus.SENT, None),
    ]


def test_who_is_no_longer_named_gets_nothing(host: MailHost, tmp_path: Path) -> None:
    """Though the letter waited; nor does a list that was deleted meanwhile hold anything up."""
    ports = ports_to(host, tmp_path, SOUTH)
    approve(ports)
    refuse_once(host, ports)
    pass_time(ports, days=800)
    expire_lists(ports)
    assert deliver_lists(ports_to(host, tmp_path)) == []
    assert only(ports).status is DeliveryStatus.GIVEN_UP
    assert host.post.letters == []
    assert [one.queued for one in list_deliveries(ports, TENANT, FIRST)] == [only(ports).queued]


def test_recipients_of_an_area_get_the_lists_of_it(host: MailHost, tmp_path: Path) -> None:
    """And no other."""
    ports = ports_to(host, tmp_path, SOUTH | {"area": "Södra"}, NORTH)
    approve(ports)
    assert deliver_lists(ports) == [FIRST]
    assert [to for to, _, _ in host.post.letters] == [[NORTH["address"]]]


def test_a_joint_list_goes_out_while_everybody_on_it_shares(host: MailHost, tmp_path: Path) -> None:
    """The sending is in the audit of each company."""
    everybody = SOUTH | {"tenant": "*"}
    sharing = ports_to(host, tmp_path, everybody, hotspots__share_with_police=[TENANT])
    approve(sharing)
    assert deliver_lists(ports_to(host, tmp_path, everybody)) == []
    [joint] = deliver_lists(sharing)
    sent = [(one.subject, one.detail) for one in sharing.audit.entries(TENANT) if one.action == "list.send"]
    assert sent == [(joint, "to police-south")]
    assert [one for one in sharing.audit.entries("*") if one.action == "list.send"] == []


def test_without_settings_nothing_is_sent(tmp_path: Path) -> None:
    ports = sqlite_ports(tmp_path, now=MONDAY)
    approve(ports)
    assert deliver_lists(ports) == []
    assert ports.deliveries.find() == []


def test_deliveries_are_those_of_a_list_there_is(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        list_deliveries(sqlite_ports(tmp_path), TENANT, "none")
