"""Sentences are right in number and in both languages, whatever the length of a window and the budget of alarms."""

from datetime import UTC, datetime

import pytest

from models.reasons import episode_reason

BEGAN = datetime(2026, 11, 20, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("windows", "minutes", "sv", "en"),
    [
        (1, 5, "under 5 minuter från", "in 5 minutes from"),
        (1, 1, "under 1 minut från", "in 1 minute from"),
        (4, 20, "under 1 timme och 20 minuter från", "in 1 hour and 20 minutes from"),
        (2, 30, "under 1 timme från", "in 1 hour from"),
        (300, 5, "under 25 timmar från", "in 25 hours from"),
    ],
)
def test_an_episode_of_short_windows_lasts_hours_and_minutes(windows, minutes, sv, en):
    said = (3.0, "cellar", windows * (minutes / 60), BEGAN, 1, 0.42, 0.0005)
    assert sv in episode_reason(*said, "sv")
    assert en in episode_reason(*said, "en")


@pytest.mark.parametrize("rate_per_week", [0.7, 1.0, 9.0])
def test_what_comes_every_week_is_not_told_as_once_in_no_weeks(rate_per_week):
    said = (3.0, "cellar", 2.0, BEGAN, 1, 0.42, rate_per_week)
    assert episode_reason(*said, "sv").endswith("; av en slump ungefär varje vecka eller oftare.")
    assert episode_reason(*said, "en").endswith("; by chance about every week or more often.")


def test_what_is_seldom_is_not_told_as_never():
    said = (3.0, "cellar", 1 / 12, BEGAN, 1, 0.004, 0.0005)
    assert "där 0,01 är normalt" in episode_reason(*said, "sv")
    assert "where 0.01 are normal" in episode_reason(*said, "en")


def test_presences_of_a_busy_space_are_told_in_full():
    """A million and a quarter of them is no 1.23457e+06."""
    said = (1_234_567.0, "entrance", 300.0, BEGAN, 12, 3.5, 0.0005)
    assert episode_reason(*said, "sv").startswith("1234567 vistelser i ")
    assert episode_reason(*said, "en").startswith("1234567 presences in ")
