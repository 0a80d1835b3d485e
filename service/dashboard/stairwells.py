"""One stairwell: what is normal there, what was counted lately, what was unusual, and how its sensors are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Response, request

from service.dashboard.lately import NIGHTS, Lately, first_noon, lately_in
from service.dashboard.rendering import show
from service.dashboard.routes import Routes, Visit
from service.domain.keys import FINDING_READERS
from service.domain.places import Space
from service.exports.week import HOURS
from service.usecases.findings.episodes import EpisodeFilter, EpisodeView, find_episodes
from service.usecases.findings.profile import SpaceProfile, normal_week
from service.usecases.findings.queries import (
    VerdictFilter,
    list_stairwells,
    read_stairwell,
    read_stairwell_verdicts,
)
from service.usecases.sensors.reading import SensorFilter, find_sensors

routes = Routes()
_PAGE = 200
_EPISODE_WEEKS = 12
_MOST_SENSORS = 100


@dataclass(frozen=True)
class SpaceWeek:
    """A space with its normal week by day type and hour, and what was counted there lately."""

    space: Space
    profile: SpaceProfile
    hourly: list[list[float]]
    lately: Lately


@routes.declare("GET", "/stairwells", FINDING_READERS)
def stairwells(visit: Visit) -> Response:
    """Show the stairwells there are, by id."""
    after = request.args.get("after") or None
    found, following = list_stairwells(visit.ports, visit.key.tenant, after, _PAGE)
    return show(visit, "stairwells.html", stairwells=found, following=following)


@routes.declare("GET", "/stairwells/<path:stairwell>", FINDING_READERS)
def stairwell(visit: Visit, stairwell: str) -> Response:
    """Show one stairwell."""
    ports, tenant = visit.ports, visit.key.tenant
    found = read_stairwell(ports, tenant, stairwell)
    sensors, _ = find_sensors(ports, tenant, SensorFilter(stairwell=stairwell, limit=_MOST_SENSORS))
    manifest = ports.state.manifest()
    watermark = datetime.fromtimestamp(manifest.watermark, UTC) if manifest else None
    return show(
        visit,
        "stairwell.html",
        stairwell=found,
        watermark=watermark,
        weeks=_weeks(visit, found.spaces, stairwell, watermark) if watermark else [],
        episodes=_episodes(visit, stairwell, watermark) if watermark else [],
        sensors=sensors,
        addresses={stairwell: found.building.address},
    )


def _weeks(visit: Visit, spaces: list[Space], stairwell: str, watermark: datetime) -> list[SpaceWeek]:
    ports, tenant = visit.ports, visit.key.tenant
    windows = (NIGHTS + 1) * 86_400 // ports.settings.window_seconds  # an hour more in autumn is in the day more
    wanted = VerdictFilter(start=first_noon(watermark, visit.zone), limit=windows * len(spaces))
    verdicts, _ = read_stairwell_verdicts(ports, tenant, stairwell, None, wanted)
    profiles = {one.space: one for one in normal_week(ports, tenant, stairwell)}
    return [
        SpaceWeek(
            space=space,
            profile=profiles[space.space],
            hourly=[_by_hour(day) for day in profiles[space.space].expected],
            lately=lately_in(
                (one for one in verdicts if one.space == space.space), watermark, visit.zone, visit.language
            ),
        )
        for space in spaces
        if space.space in profiles
    ]


def _by_hour(expected: list[float]) -> list[float]:
    """Presences an hour, from those of windows that divide it."""
    windows = len(expected) // HOURS
    return [sum(expected[hour * windows : (hour + 1) * windows]) for hour in range(HOURS)]


def _episodes(visit: Visit, stairwell: str, watermark: datetime) -> list[EpisodeView]:
    """Those of the last weeks, newest first."""
    wanted = EpisodeFilter(stairwell=stairwell, start=watermark - timedelta(weeks=_EPISODE_WEEKS))
    return find_episodes(visit.ports, visit.key.tenant, wanted)[0][::-1]
