"""A small town of two weeks, and what the doctor says of its installation."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from models.city import simulate_city
from service.bootstrap import build_installation
from service.usecases.doctor import Diagnosis, State, examine
from tests.worlds import end_of, sqlite_ports

CITY = simulate_city(3, stairwells=4, weeks=2)
NOW = end_of(CITY) + timedelta(minutes=40)


def told(folder: Path, now: datetime = NOW, **overrides: object) -> list[Diagnosis]:
    ports = sqlite_ports(folder, now, **overrides)
    return list(examine(ports, build_installation(ports.settings)))


def of(diagnoses: list[Diagnosis], part: str) -> list[tuple[State, str]]:
    return [(one.state, one.message) for one in diagnoses if one.part == part]


def only(diagnoses: list[Diagnosis], part: str) -> Diagnosis:
    (found,) = (one for one in diagnoses if one.part == part and one.state is not State.OK)
    assert found.remedy or found.state is State.FAILURE
    return found
