"""An event on its way: an approved list, told by the scheduler's own process, which is killed."""

from __future__ import annotations

import json
from pathlib import Path

from standardwebhooks.webhooks import Webhook

from service.bootstrap import build_ports
from service.domain.deliveries import DeliveryStatus
from service.settings import load_settings
from service.usecases.lists.hotspots import approve_list
from service.usecases.telling.webhooks import list_webhooks
from tests.api.drafts import add, entry
from tests.e2e.programs import TRAPPVAKT, run_here, started, wait_for, written
from tests.receivers import SECRET, Receiver, receiver
from tests.worlds import TENANT

LIST = "2026-11-01-001"
SETTINGS = """
[advance]
interval_seconds = 1

[[webhooks.subscriptions]]
name = "alarm-centre"
url = "{address}/hook?token=in-the-address"
tenant = "{tenant}"
events = ["trappvakt.list.approved"]
secret_file = {secret_file}
"""


def configured(folder: Path, host: Receiver) -> Path:
    secret_file = json.dumps(str(written(folder / "secret", SECRET)))
    text = SETTINGS.format(address=host.address, tenant=TENANT, secret_file=secret_file)
    return written(folder / "trappvakt.toml", text)


def scheduler_killed(options: list[str], log: Path, host: Receiver, got: int) -> None:
    """Run the scheduler until the receiver has got so many requests, and a tick more; then kill it."""
    with log.open("a") as errors, started([*TRAPPVAKT, *options, "scheduler"], stderr=errors) as process:
        assert wait_for(lambda: len(host.got) == got), log.read_text()
        ticks = log.read_text().count('"tick"')
        assert wait_for(lambda: log.read_text().count('"tick"') > ticks + 1)
        process.kill()


def test_an_event_survives_a_kill_and_goes_out_when_asked(tmp_path: Path) -> None:
    """Refused at first, sent again by hand, and taken once."""
    log = tmp_path / "log"
    with receiver() as host:
        options = ["--config", str(configured(tmp_path, host)), "--data", str(tmp_path / "data")]
        ports = build_ports(load_settings(tmp_path / "trappvakt.toml", {}, {"general.data_dir": options[-1]}))
        add(ports, LIST, entry())
        approve_list(ports, TENANT, LIST, "anna")
        host.answer = 500
        scheduler_killed(options, log, host, got=1)
        host.answer = 200
        assert run_here(*options, "webhooks", "resend", "1", "--tenant", TENANT).stdout.startswith("1 queued")
        scheduler_killed(options, log, host, got=2)
    [delivery] = list_webhooks(ports, TENANT)
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.SENT, 1)
    for headers, body in host.got:
        Webhook(SECRET).verify(body, headers)
    assert [event["id"] for event in host.events] == [delivery.event] * 2
    for secret in (SECRET, SECRET.removeprefix("whsec_"), "in-the-address"):
        assert secret not in log.read_text()
