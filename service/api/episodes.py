"""Episodes: adjacent anomalous windows told as one thing, and what people decide about them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from service.api.paging import Page, PageQuery
from service.api.routes import Routes
from service.domain.episodes import EpisodeStatus, MuteReason
from service.domain.keys import DECIDERS, FINDING_READERS, Key
from service.domain.places import Kind
from service.domain.reasons import Reason
from service.errors import NotFound
from service.ports import Ports
from service.usecases.findings.episodes import (
    EpisodeFilter,
    EpisodeKey,
    EpisodeView,
    acknowledge_episode,
    close_episode,
    find_episodes,
    mute_episode,
    read_episode,
)
from service.usecases.revisions import episodes_revision

routes = Routes("Episodes")

EXAMPLE = EpisodeView(
    episode="7-1795204800",
    stairwell="kvarnen-3a",
    space="cellar",
    kind=Kind.CELLAR,
    area="Norra",
    start=datetime(2026, 11, 20, 20, tzinfo=UTC),
    end=datetime(2026, 11, 21, 1, tzinfo=UTC),
    status=EpisodeStatus.OPEN,
    windows=5,
    nights=1,
    observed=9,
    expected=0.42,
    score=8.3,
    episode_probability=0.99,
    rate_per_week=0.0005,
    reason=Reason(
        sv="9 vistelser i källaren under 5 timmar från fredag kl. 21:00, där 0,4 är normalt; "
        "av en slump en gång på 38 år.",
        en="9 presences in the cellar in 5 hours from Friday 21:00, where 0.4 are normal; by chance once in 38 years.",
    ),
)
_BY, _AT = "5f0c7a1e9b2d", datetime(2026, 11, 21, 6, tzinfo=UTC)
_UNTIL = datetime(2026, 12, 1, tzinfo=UTC)


class EpisodesQuery(PageQuery, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Which episodes: those that opened from ``from`` to ``to``."""

    from_: Annotated[datetime, Meta(tz=True, description="Inclusive; RFC 3339 with an offset.")] | None = None
    to: Annotated[datetime, Meta(tz=True, description="Exclusive; RFC 3339 with an offset.")] | None = None
    stairwell: Annotated[str, Meta(description="One stairwell only.", max_length=100)] | None = None
    open: Annotated[bool | None, Meta(description="Only those that go on (true), or are over (false).")] = None
    acknowledged: Annotated[bool | None, Meta(description="Only those that somebody has seen, or nobody.")] = None
    common_cause: Annotated[
        bool | None, Meta(description="Only those while the whole town was out (true), or of the place itself (false).")
    ] = None


class EpisodePage(Page[EpisodeView], frozen=True):
    """Episodes by start."""


class Mute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For how long nobody needs to be told of a space, and why."""

    until: Annotated[datetime, Meta(tz=True, description="A time to come; RFC 3339 with an offset.")]
    reason: MuteReason


@routes.declare(
    "GET",
    "/v1/episodes",
    roles=FINDING_READERS,
    answered=EpisodePage.of([EXAMPLE], EpisodeKey(1795204800, 7)),
    revision=episodes_revision,
)
def list_episodes(ports: Ports, key: Key, query: EpisodesQuery) -> EpisodePage:
    """List episodes, by start.

    An episode is open while it reaches the newest window scored, unless a person has closed it. It is read off the
    verdicts: when these are corrected, it may begin or end elsewhere, or be gone, and what was decided about it holds
    for the one that is there.
    """
    wanted = EpisodeFilter(
        stairwell=query.stairwell,
        start=query.from_,
        end=query.to,
        open=query.open,
        acknowledged=query.acknowledged,
        common_cause=query.common_cause,
        after=query.after(EpisodeKey),
        limit=query.limit,
    )
    return EpisodePage.of(*find_episodes(ports, key.tenant, wanted))


@routes.declare(
    "GET",
    "/v1/episodes/{episode}",
    roles=FINDING_READERS,
    raises=(NotFound,),
    answered=EXAMPLE,
    revision=episodes_revision,
)
def read_one_episode(ports: Ports, key: Key, episode: str) -> EpisodeView:
    """Read one episode."""
    return read_episode(ports, key.tenant, episode)


@routes.declare(
    "POST",
    "/v1/episodes/{episode}/acknowledge",
    roles=DECIDERS,
    raises=(NotFound,),
    answered=msgspec.structs.replace(EXAMPLE, acknowledged_by=_BY, acknowledged=_AT),
)
def post_acknowledgement(ports: Ports, key: Key, episode: str) -> EpisodeView:
    """Say that somebody has seen an episode."""
    return acknowledge_episode(ports, key.tenant, episode, key.key_id)


@routes.declare(
    "POST",
    "/v1/episodes/{episode}/mute",
    roles=DECIDERS,
    raises=(NotFound,),
    sent=Mute(_UNTIL, MuteReason.HANDLED),
    answered=msgspec.structs.replace(EXAMPLE, muted_until=_UNTIL, mute_reason=MuteReason.HANDLED),
)
def post_mute(ports: Ports, key: Key, episode: str, body: Mute) -> EpisodeView:
    """Mark this episode, and all of its space until a time, as muted.

    Verdicts stay as they are, and lists too. To have a cause neither learnt nor listed, annotate it.
    """
    return mute_episode(ports, key.tenant, episode, key.key_id, until=body.until, reason=body.reason)


@routes.declare(
    "POST",
    "/v1/episodes/{episode}/close",
    roles=DECIDERS,
    raises=(NotFound,),
    answered=msgspec.structs.replace(EXAMPLE, status=EpisodeStatus.CLOSED, closed_by=_BY, closed=_AT),
)
def post_closure(ports: Ports, key: Key, episode: str) -> EpisodeView:
    """Close an episode, even if it goes on."""
    return close_episode(ports, key.tenant, episode, key.key_id)
