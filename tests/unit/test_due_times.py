"""When drafts and examinations are due, by the local clock."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from service.usecases.lists.drafts import list_due
from service.usecases.sensors.check import examination_due
from tests.worlds import sqlite_ports


@pytest.mark.parametrize(
    ("weekday", "now", "due"),
    [
        ("monday", "2026-11-23T04:59+01:00", None),
        ("monday", "2026-11-23T05:00+01:00", "2026-11-23T05:00+01:00"),
        ("monday", "2026-11-29T23:00+01:00", "2026-11-23T05:00+01:00"),
        ("thursday", "2026-11-25T12:00+01:00", None),
        ("sunday", "2026-03-29T12:00+02:00", "2026-03-29T05:00+02:00"),
    ],
)
def test_a_weekly_draft_is_due_on_its_weekday_and_made_up_for_until_sunday(
    tmp_path: Path, weekday: str, now: str, due: str | None
) -> None:
    """At a local hour, whatever the clock was put to in between."""
    ports = sqlite_ports(tmp_path, hotspots__schedule="weekly", hotspots__make_on_weekday=weekday)
    found = list_due(ports.settings, datetime.fromisoformat(now))
    assert found == (datetime.fromisoformat(due) if due else None)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-23T03:59+01:00", "2026-11-22T04:00+01:00"),
        ("2026-11-23T04:00+01:00", "2026-11-23T04:00+01:00"),
        ("2026-11-23T03:30+00:00", "2026-11-23T04:00+01:00"),
        ("2026-03-29T03:00+02:00", "2026-03-28T04:00+01:00"),
    ],
)
def test_counts_are_examined_once_a_day_at_a_local_hour(tmp_path: Path, now: str, due: str) -> None:
    """The last time that it was that hour, also over a change of the clocks."""
    ports = sqlite_ports(tmp_path, sensors__examine_at_hour=4)
    assert examination_due(ports.settings, datetime.fromisoformat(now)) == datetime.fromisoformat(due)
