"""Who is told of what and what became of it, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli import main
from service.domain.deliveries import DeliveryStatus
from service.ports import Ports
from service.usecases.telling.outbox import give_up
from service.usecases.telling.publish import publish
from tests.unit.webhooks.subscribing import event, ports_to, subscription
from tests.worlds import TENANT


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    """Three events, of which one was given up and one was taken."""
    ports = ports_to(tmp_path, "https://alarms.example")
    for key in "abc":
        publish(ports, event(key, subject=key))
    first, second, _ = ports.deliveries.find()
    give_up(ports, first, "away")
    give_up(ports, second, "away")
    return ports


def call(folder: Path, *words: str) -> Result:
    named = subscription(folder, "https://alarms.example")
    settings = folder / "trappvakt.toml"
    settings.write_text("[[webhooks.subscriptions]]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in named.items()))
    options = ["--config", str(settings), "--data", str(folder), "webhooks", *words, "--tenant", TENANT]
    return CliRunner().invoke(main, options)


def test_subscriptions_and_deliveries_are_shown(ports: Ports, tmp_path: Path) -> None:
    """Without addresses; of one status or all."""
    shown = call(tmp_path, "subscriptions").output
    assert "r1\talarms.example\t" in shown
    assert shown.endswith("\t1\t2\n")
    assert len(call(tmp_path, "deliveries").output.splitlines()) == 4
    [_, dead, _] = call(tmp_path, "deliveries", "--status", "given_up", "--subscription", "r1").output.splitlines()
    assert dead.split("\t")[:6] == ["1", "r1", "trappvakt.sensor.silent", "a", "given_up", "0"]
    assert "in-the-address" not in shown + dead


def test_what_was_given_up_is_queued_anew(ports: Ports, tmp_path: Path) -> None:
    """By number, or all of a subscription."""
    assert call(tmp_path, "resend", "1").output.startswith("1 queued")
    assert len(ports.deliveries.find(status=DeliveryStatus.WAITING)) == 2
    assert call(tmp_path, "resend", "--subscription", "r1").output.startswith("1 queued")
    assert len(ports.deliveries.find(status=DeliveryStatus.WAITING)) == 3


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "Name deliveries by their numbers"),
        (["1", "--subscription", "r1"], 2, "Name deliveries by their numbers"),
        (["9"], 1, "there is no delivery 9"),
        (["--subscription", "other"], 1, "there is no subscription 'other'"),
    ],
)
def test_what_cannot_be_sent_again_is_told(
    ports: Ports, tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    done = call(tmp_path, "resend", *words)
    assert (done.exit_code, said in done.output) == (code, True), done.output
