"""A list on its way: approved at the command line, sent by the scheduler's own process, through a real mail server."""

from __future__ import annotations

import json
from pathlib import Path

from service.bootstrap import build_ports
from service.settings import load_settings
from tests.api.drafts import add, entry
from tests.e2e.programs import TRAPPVAKT, run_here, started, wait_for, written
from tests.mail import PASSWORD, USER, MailHost, mail_host
from tests.worlds import TENANT

ADDRESS = "south@police.example"
LIST = "2026-11-01-001"
SETTINGS = """
[advance]
interval_seconds = 1

[mail]
host = "localhost"
port = {port}
ca_file = {ca_file}
user = "{user}"
password_file = {password_file}
sender = "trappvakt@norrbo.example"
recipients = [{{ name = "police-south", address = "{address}", tenant = "{tenant}" }}]
"""


def configured(folder: Path, host: MailHost) -> Path:
    text = SETTINGS.format(
        port=host.port,
        ca_file=json.dumps(str(host.ca_file)),
        user=USER,
        password_file=json.dumps(str(written(folder / "password", PASSWORD))),
        address=ADDRESS,
        tenant=TENANT,
    )
    return written(folder / "trappvakt.toml", text)


def test_the_scheduler_sends_what_was_approved_once(tmp_path: Path) -> None:
    """Not again when it was killed and comes back."""
    with mail_host(tmp_path, login=True) as host:
        options = ["--config", str(configured(tmp_path, host)), "--data", str(tmp_path / "data")]
        add(
            build_ports(load_settings(tmp_path / "trappvakt.toml", {}, {"general.data_dir": options[-1]})),
            LIST,
            entry(),
        )
        log = tmp_path / "log"
        for _ in range(2):
            with log.open("a") as errors, started([*TRAPPVAKT, *options, "scheduler"], stderr=errors) as process:
                ticks = log.read_text().count('"tick"')
                if not host.post.letters:
                    run_here(*options, "lists", "approve", LIST, "--tenant", TENANT)
                assert wait_for(lambda: host.post.letters), log.read_text()
                assert wait_for(lambda seen=ticks: log.read_text().count('"tick"') > seen + 1)
                process.kill()
    assert [to for to, _, _ in host.post.letters] == [[ADDRESS]]
    shown = run_here(*options, "lists", "deliveries", "--tenant", TENANT).stdout
    assert "police-south\tsent\t1" in shown
    for secret in (ADDRESS, PASSWORD):
        assert secret not in shown + log.read_text()
