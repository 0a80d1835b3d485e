"""Open episodes, and what a person decides about them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from http import HTTPStatus

from flask import Response, request

from service.dashboard.rendering import show
from service.dashboard.routes import Routes, Visit, to
from service.domain.episodes import MuteReason
from service.domain.keys import DECIDERS, FINDING_READERS
from service.domain.places import Stairwell
from service.errors import InvalidInput
from service.usecases.findings.episodes import (
    EpisodeFilter,
    EpisodeView,
    acknowledge_episode,
    close_episode,
    find_episodes,
    mute_episode,
)
from service.usecases.findings.queries import read_stairwell

routes = Routes()
_MOST = 500
_USUAL_MUTE_DAYS = 14


@routes.declare("GET", "/episodes", FINDING_READERS)
def episodes(visit: Visit) -> Response:
    """Show what goes on now: first what nobody has seen, then what somebody has, then what is muted."""
    return _show(visit)


@routes.declare("POST", "/episodes/<episode>/acknowledge", DECIDERS)
def acknowledge(visit: Visit, episode: str) -> Response:
    """Say that somebody has seen an episode."""
    acknowledge_episode(visit.ports, visit.key.tenant, episode, visit.key.key_id)
    return to("/episodes?told=acknowledged")


@routes.declare("POST", "/episodes/<episode>/close", DECIDERS)
def close(visit: Visit, episode: str) -> Response:
    """Close an episode, even if it goes on."""
    close_episode(visit.ports, visit.key.tenant, episode, visit.key.key_id)
    return to("/episodes?told=closed")


@routes.declare("POST", "/episodes/<episode>/mute", DECIDERS)
def mute(visit: Visit, episode: str) -> Response:
    """Mute the space of an episode up to the end of a day."""
    until, reason = _end_of(visit, request.form.get("until", "")), request.form.get("reason", "")
    if reason not in set(MuteReason):
        raise InvalidInput(f"there is no reason {reason!r} to mute; use one of {', '.join(MuteReason)}")
    if until is None or until <= visit.ports.clock.now():
        return _show(visit, HTTPStatus.BAD_REQUEST, problem="until", muting=episode)
    mute_episode(visit.ports, visit.key.tenant, episode, visit.key.key_id, until=until, reason=MuteReason(reason))
    return to("/episodes?told=muted")


def _show(visit: Visit, status: int = HTTPStatus.OK, problem: str = "", muting: str = "") -> Response:
    now, tenant = visit.ports.clock.now(), visit.key.tenant
    found, more = find_episodes(visit.ports, tenant, EpisodeFilter(open=True, limit=_MOST))
    muted = [one for one in found if one.muted_until and one.muted_until > now]
    loud = [one for one in found if one not in muted]
    loud.sort(key=lambda one: (one.acknowledged is not None, -one.start.timestamp()))
    today = now.astimezone(visit.zone).date()
    return show(
        visit,
        "episodes.html",
        status,
        episodes=loud,
        muted=muted,
        more=more is not None,
        places=_places(visit, found),
        mute_reasons=list(MuteReason),
        earliest=today,
        usual=today + timedelta(days=_USUAL_MUTE_DAYS),
        problem=problem,
        muting=muting,
    )


def _places(visit: Visit, found: list[EpisodeView]) -> dict[str, Stairwell]:
    named = {one.stairwell for one in found}
    return {name: read_stairwell(visit.ports, visit.key.tenant, name) for name in named}


def _end_of(visit: Visit, day: str) -> datetime | None:
    """The end of a local day; None if it is no day that a calendar has."""
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), visit.zone)
    except (ValueError, OverflowError):
        return None
