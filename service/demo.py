"""A small town to look at: simulated presences, sent the way real ones are, up to the first approved list."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from models.city import CityParameters, SimulatedCity, simulate_city
from service.domain.hotspots import HotspotList
from service.domain.keys import Role
from service.errors import InvalidInput
from service.ingest.csv_counts import read_counts_csv
from service.ingest.places_files import read_places_csv
from service.ports import Ports
from service.settings import Settings
from service.settings.calendars import holiday_dates
from service.usecases.intake.ingest import ingest_counts
from service.usecases.intake.places import import_places
from service.usecases.keys import create_key
from service.usecases.learning.advance import advance
from service.usecases.lists.hotspots import approve_list, make_list
from service.usecases.locks import scheduler_lock

TENANT = "norrbo"
STAIRWELLS = 60
WEEKS = 9  # eight and the week that is not over
SEED = 2
SETTINGS_FILE = "demo.toml"
_ITS_OWN: Mapping[str, Mapping[str, Any]] = {"advance": {"interval_seconds": 5}, "log": {"level": "warning"}}
_CALENDAR = ("timezone", "holidays", "extra_holidays")
_TAKEN = (
    "window",
    "readings",
    "sensors",
    "detector",
    "advance",
    "retraining",
    "hotspots",
    "gates",
    "api",
    "dashboard",
    "log",
)
"""Sections that tell how to work: neither where real data lies, nor whom to tell of it."""

_PLACE_COLUMNS = (
    "tenant",
    "area",
    "property",
    "building",
    "stairwell",
    "space",
    "kind",
    "address",
    "latitude",
    "longitude",
    "dwellings",
)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Demo:
    """What there is to see: the approved list, and a token for each role."""

    hotspots: HotspotList
    tokens: dict[Role, str]


def prepare_folder(folder: Path, asked: Mapping[str, Mapping[str, Any]] | None = None) -> Path:
    """Write the demo's settings into an empty folder that will hold its data too; returns the settings' path.

    Parameters
    ----------
    folder
        Created when missing.
    asked
        What a settings file says, which goes before what the demo sets itself; but for :func:`left_out`.

    Raises
    ------
    InvalidInput
        If the folder holds anything.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise InvalidInput(f"{folder} is not empty; name a new folder for the demo with --data, or leave it out")
    settings = folder / SETTINGS_FILE
    general = {key: value for key, value in (asked or {}).get("general", {}).items() if key in _CALENDAR}
    sections: dict[str, Mapping[str, Any]] = {"general": general | {"data_dir": str(folder.absolute())}}
    for name in _TAKEN:
        sections[name] = {**_ITS_OWN.get(name, {}), **(asked or {}).get(name, {})}
    settings.write_text("\n".join(_toml(name, keys) for name, keys in sections.items() if keys), "utf-8")
    return settings


def left_out(asked: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What the demo does not take of a settings file, in its order; its folder is always another.

    Examples
    --------
    >>> left_out({"general": {"data_dir": "/data", "timezone": "UTC", "areas": []}, "api": {"port": 80}, "mail": {}})
    ['general.areas', 'mail']
    """
    general = [f"general.{key}" for key in asked.get("general", {}) if key not in (*_CALENDAR, "data_dir")]
    return general + [name for name in asked if name not in ("general", *_TAKEN)]


def _toml(section: str, keys: Mapping[str, Any]) -> str:
    """A section of settings: their texts, numbers and lists are written alike in JSON, and a date may be a text."""
    return f"[{section}]\n" + "".join(f"{key} = {msgspec.json.encode(keys[key]).decode()}\n" for key in keys)


def fill(ports: Ports, folder: Path, progress: Progress) -> Demo:
    """Simulate the town up to the last full hour, import it, score it, make its list and approve that.

    Parameters
    ----------
    ports
        Of an empty data folder.
    folder
        Where the town's places.csv and counts.csv are written, and read from; truth.csv says where people loitered.
    progress
        Called with the name of a step, how much of it is done, and how much there is.
    """
    now = ports.clock.now()
    city = simulate_town(ports.settings, now)
    until = now.replace(minute=0, second=0, microsecond=0)
    _write(folder / "places.csv", _PLACE_COLUMNS, _place_rows(city))
    _write(folder / "counts.csv", ("time", "stairwell", "space", "count"), _count_rows(city, until))
    _write(folder / "truth.csv", ("stairwell", "start", "end"), _truth_rows(city))
    timezone = ports.settings.general.timezone
    with (folder / "places.csv").open("rb") as places:
        import_places(ports, read_places_csv(places, timezone))
    with (folder / "counts.csv").open("rb") as counts:
        rows = read_counts_csv(counts, timezone, lambda done, total: progress("Importing counts", done, total))
        ingest_counts(ports, TENANT, rows)
    with scheduler_lock(ports.settings):
        advance(ports, progress=lambda done, total: progress("Scoring windows", done, total))
    made = make_list(ports, TENANT)
    approve_list(ports, TENANT, made.list_id, "cli:demo")
    return Demo(made, {role: create_key(ports, role, TENANT, "demo")[1] for role in Role})


def simulate_town(settings: Settings, now: datetime) -> SimulatedCity:
    """A town whose last day is today, in the local time of the settings."""
    general = settings.general
    tomorrow = now.astimezone(ZoneInfo(general.timezone)).date() + timedelta(days=1)
    first = tomorrow - timedelta(weeks=WEEKS)
    return simulate_city(
        SEED,
        STAIRWELLS,
        WEEKS,
        start=first,
        window_minutes=settings.window.minutes,
        timezone=general.timezone,
        holidays=holiday_dates(general.holidays, general.extra_holidays, range(first.year, tomorrow.year + 1)),
        parameters=CityParameters(tenants=(TENANT,), renovation_share=0.0),  # nobody is there to tell of workmen
    )


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def _place_rows(city: SimulatedCity) -> Iterator[list[object]]:
    return ([getattr(place, column) for column in _PLACE_COLUMNS] for place in city.places)


def _truth_rows(city: SimulatedCity) -> Iterator[tuple[str, ...]]:
    for episode in city.episodes:
        times = (datetime.fromtimestamp(second, UTC).isoformat() for second in (episode.start, episode.end))
        yield city.places[episode.series].stairwell, *times


def _count_rows(city: SimulatedCity, until: datetime) -> Iterator[tuple[str, str, str, int]]:
    """Every count that was sent, of windows that ended by ``until``."""
    ended = city.starts + city.calendar.window_seconds <= until.timestamp()
    for start, counts in zip(city.starts[ended].tolist(), city.counts[ended], strict=True):
        time = datetime.fromtimestamp(start, UTC).isoformat()
        for series in np.flatnonzero(~np.isnan(counts)).tolist():
            place = city.places[series]
            yield time, place.stairwell, place.space, int(counts[series])
