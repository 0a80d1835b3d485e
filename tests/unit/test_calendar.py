"""Local time is that of the zone, whatever it does at night, and holidays are local days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from models.calendar import HOLIDAY, Calendar

QUARTER = 900
CHANGES = {  # nights when clocks change: by an hour, by half of one, at quarters of local and at half hours of UTC
    "Europe/Stockholm": (date(2025, 3, 30), date(2025, 10, 26)),
    "Australia/Lord_Howe": (date(2025, 4, 6), date(2025, 10, 5)),
    "Pacific/Chatham": (date(2025, 4, 6), date(2025, 9, 28)),
    "America/St_Johns": (date(2025, 3, 9), date(2025, 11, 2)),
}


@pytest.mark.parametrize("window_minutes", [15, 30, 60])
@pytest.mark.parametrize("zone", CHANGES)
def test_slots_and_days_are_those_of_the_clock_on_the_wall(zone: str, window_minutes: int) -> None:
    """From two days before a clock is changed until two days after, the day after being a holiday."""
    for night in CHANGES[zone]:
        holiday = date.fromordinal(night.toordinal() + 1)
        calendar = Calendar(zone, [holiday], window_minutes)
        noon = int(datetime(night.year, night.month, night.day, 12, tzinfo=UTC).timestamp())
        starts = np.arange(noon - 216 * QUARTER, noon + 216 * QUARTER, calendar.window_seconds)
        walls = [datetime.fromtimestamp(int(start), ZoneInfo(zone)) for start in starts]
        days = [wall.date() for wall in walls]
        times = [(wall.hour * 60 + wall.minute) // window_minutes for wall in walls]
        types = [HOLIDAY if day == holiday else day.weekday() for day in days]
        expected = [kind * calendar.windows_per_day + time for kind, time in zip(types, times, strict=True)]
        assert calendar.slots_of(starts).tolist() == expected
        assert calendar.local_days(starts).tolist() == [(day - date(1970, 1, 1)).days for day in days]
        assert calendar.on_days([holiday], starts).tolist() == [day == holiday for day in days]
