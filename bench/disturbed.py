"""A small town that a service is disturbed on, by kills or backups, and what tells whether it came to the same end."""

from __future__ import annotations

import sys
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from models.city import simulate_city
from service.bootstrap import build_ports
from service.domain.verdicts import VerdictColumns
from service.ports import Ports
from service.settings import load_settings
from tests.worlds import city_points, register_city

PROGRAM = [sys.executable, "-m", "service.cli"]
LISTS_LATE = """
[hotspots]
schedule = "weekly"
make_on_weekday = "sunday"
make_at_hour = 23
"""
"""No drafts but late on Sundays, for those who only look at verdicts; the first would cost more than these."""


class Scene:
    """The counts of a town whose last day is yesterday, and data folders of services that learn it.

    Parameters
    ----------
    folder
        For the settings and the data folders.
    settings
        What the services' settings file says, beside :data:`LISTS_LATE`.
    stairwells, weeks
        Size of the town.
    """

    def __init__(self, folder: Path, settings: str, *, stairwells: int, weeks: int) -> None:
        self._folder = folder
        self._settings = folder / "settings.toml"
        self._settings.write_text(settings + LISTS_LATE, "utf-8")
        start = datetime.now(UTC).date() - timedelta(weeks=weeks)
        self.city = simulate_city(7, stairwells, weeks, start=start)

    def path(self, name: str) -> Path:
        """A data folder, or whatever else has a name."""
        return self._folder / name

    def ports(self, name: str) -> Ports:
        """The service on a data folder."""
        return build_ports(load_settings(self._settings, {}, {"general.data_dir": str(self.path(name))}))

    def command(self, name: str, *words: str) -> list[str]:
        """A command line on a data folder."""
        return [*PROGRAM, "--config", str(self._settings), "--data", str(self.path(name)), *words]

    def register(self, ports: Ports) -> None:
        """Put the town's places in the register of a service that is empty."""
        register_city(ports, self.city)

    def count(self, ports: Ports) -> None:
        """Store all counts; those that are there already stay as they are."""
        ports.counts.append(city_points(self.city))


def windows_done(ports: Ports) -> int:
    """Windows that are committed."""
    manifest = ports.state.manifest()
    return (manifest.watermark - manifest.origin) // ports.settings.window_seconds if manifest else 0


def read_verdicts(ports: Ports) -> VerdictColumns:
    """All verdicts in force."""
    numbers = np.array([one.number for one in ports.register.series()])
    return ports.verdicts.columns(numbers, 0, 2**40)


def same(one: VerdictColumns, other: VerdictColumns) -> bool:
    """Whether two sets of verdicts are the same to the last bit."""
    return all(
        np.asarray(getattr(one, field.name)).tobytes() == np.asarray(getattr(other, field.name)).tobytes()
        for field in fields(VerdictColumns)
    )
