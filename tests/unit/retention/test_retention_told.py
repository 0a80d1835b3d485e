"""What is kept and what was deleted, as people are told: by the command, the doctor, the log and the evaluation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from models.city import simulate_city
from service.cli import main
from service.domain.deliveries import Channel, Delivery, DeliveryStatus
from service.domain.retention import DataKind, Deletion
from service.errors import TooLittleData
from service.ports import Ports
from service.tick import Tick
from service.usecases.audit import record
from service.usecases.doctor.diagnosis import Diagnosis, State
from service.usecases.doctor.retention import examine_retention
from service.usecases.retention.deleting import delete_old
from service.usecases.retention.reading import read_retention
from service.usecases.trials.before_after import before_after
from tests.worlds import TENANT, end_of, judge_city, register_city, sqlite_ports

NOW = datetime(2020, 12, 1, 10, tzinfo=UTC)
SHORT = {"retention__audit_days": 200, "retention__letters_days": 40}


def letter(number: int, queued: datetime) -> Delivery:
    return Delivery(
        channel=Channel.MAIL,
        tenant=TENANT,
        item=str(number),
        happened=queued,
        recipient="polisen",
        status=DeliveryStatus.SENT,
        queued=queued,
    )


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    """A year of letters and of audit entries."""
    ports = sqlite_ports(tmp_path / "data", now=NOW - timedelta(days=365), **SHORT)
    clock: Any = ports.clock
    for day in range(365):
        record(ports, "cli:anna", TENANT, "list.approve", str(day))
        ports.deliveries.put(letter(day, clock.time))
        clock.time += timedelta(days=1)
    return ports


def examined(ports: Ports) -> list[Diagnosis]:
    return list(examine_retention(ports))


def test_the_doctor_tells_what_is_held_longer_than_it_may_be(ports: Ports) -> None:
    """Until the scheduler has run."""
    letters, audit = examined(ports)
    assert [letters.state, audit.state] == [State.WARNING] * 2
    assert "letters are held since 2019-12-02 10:00Z, but retention.letters_days is 40" in letters.message
    assert "retention.audit_days is 200" in audit.message
    assert "scheduler" in str(audit.remedy)
    delete_old(ports)
    [well] = examined(ports)
    assert well.state is State.OK
    assert "letters 40, audit 200" in well.message


class KeepsForAWeek:
    """Points of a bucket with a rule of its own."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: {"limit_seconds": 7 * 86_400}.get(name)


@pytest.mark.parametrize(
    ("days", "said"), [(0, "retention.verdicts_days keeps them for good"), (113, "retention.verdicts_days is 113")]
)
def test_the_doctor_tells_of_a_bucket_that_deletes_too_early(tmp_path: Path, days: int, said: str) -> None:
    ports = sqlite_ports(tmp_path, now=NOW, retention__verdicts_days=days)
    shorter = replace(ports, aging={**ports.aging, DataKind.VERDICTS: KeepsForAWeek()})
    [told] = examined(shorter)
    assert told.state is State.WARNING
    assert f"the bucket of verdicts deletes them by itself after 7 days, but {said}" in told.message


def test_a_bucket_that_deletes_later_is_as_it_should_be(tmp_path: Path) -> None:
    """It holds where no scheduler runs."""
    ports = sqlite_ports(tmp_path, now=NOW, retention__verdicts_days=113)
    later = replace(ports, aging={**ports.aging, DataKind.VERDICTS: KeepsForAWeek()})
    assert [one.store_disagrees for one in read_retention(later) if one.kind is DataKind.VERDICTS] == [True]
    fine = sqlite_ports(tmp_path, now=NOW)
    assert not any(one.store_disagrees for one in read_retention(fine))


def test_the_command_tells_each_kind_and_its_latest_deletion(ports: Ports, tmp_path: Path) -> None:
    """Setting, oldest held, and what was deleted when; overdue as the clock of the machine has it."""
    delete_old(ports)
    config = tmp_path / "trappvakt.toml"
    config.write_text("[retention]\naudit_days = 200\nletters_days = 40\n", "utf-8")
    done = CliRunner().invoke(main, ["--config", str(config), "--data", str(tmp_path / "data"), "retention"])
    assert done.exit_code == 0, done.output
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in done.output.splitlines()}
    assert set(rows) == {"data", *DataKind}
    assert rows["counts"][:3] == ["retention.counts_days", "for good", ""]
    assert rows["letters"][:5] == [
        "retention.letters_days",
        "40",
        "2020-10-23 10:00Z",
        "2020-10-23 00:00Z",
        str(365 - 39),
    ]
    assert rows["letters"][5] == "2020-12-01 10:00Z"
    assert "held longer" in rows["letters"][6]


def test_a_tick_deletes_once_a_day_and_its_line_tells_of_it(ports: Ports) -> None:
    """What was deleted of each kind, and nothing on the days after without anything due."""
    clock: Any = ports.clock
    tick = Tick(ports)
    assert tick._delete_old(0.0) == {"deleted_letters": 326, "deleted_audit": 166}
    assert tick._delete_old(0.0) == {}
    clock.time += timedelta(days=1)
    assert tick._delete_old(0.0) == {"deleted_letters": 1, "deleted_audit": 1}


def test_letters_that_wait_stay(tmp_path: Path) -> None:
    """However old; they are given up by their own rules."""
    ports = sqlite_ports(tmp_path, now=NOW, **SHORT)
    old = letter(1, NOW - timedelta(days=60))
    ports.deliveries.put(old)
    ports.deliveries.put(msgspec.structs.replace(letter(2, NOW - timedelta(days=60)), status=DeliveryStatus.WAITING))
    delete_old(ports)
    assert [one.item for one in ports.deliveries.find()] == ["2"]


def test_a_comparison_with_weeks_that_are_deleted_is_refused_and_says_so(tmp_path: Path) -> None:
    """Rather than be made with what is left of them."""
    city = simulate_city(5, stairwells=4, weeks=8)
    ports = sqlite_ports(tmp_path, now=end_of(city))
    register_city(ports, city)
    judge_city(ports, city)
    since = int(city.starts[0]) + 4 * 7 * 86_400
    ports.state.publish_deletion(
        Deletion(kind=DataKind.VERDICTS, before=since, setting="retention.verdicts_days", days=112, begun=NOW, rows={})
    )
    day = datetime.fromtimestamp(since, UTC).date() + timedelta(days=8)
    with pytest.raises(TooLittleData, match=f"1 whole weeks before .* what is older than {day - timedelta(days=8)}"):
        before_after(ports, TENANT, city.places[0].stairwell, day)
