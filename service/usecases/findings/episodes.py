"""Episodes: runs of anomalous windows with what people decided about them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice, takewhile
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from models.reasons import episode_reason
from service.domain.episodes import EpisodeAction, EpisodeDecision, EpisodeStatus, MuteReason
from service.domain.places import Kind, Series
from service.domain.reasons import Reason
from service.domain.times import second_of
from service.domain.verdicts import Verdict
from service.errors import InvalidInput, NotFound
from service.ports import Ports
from service.usecases.audit import record
from service.usecases.findings.common_cause import have_common_cause
from service.usecases.findings.episode_runs import Run, reaching, run_around, runs_since

_NIGHT_BEGINS_HOURS = 12  # a night is that of the day it starts: noon parts them
_OLDEST = -(2**62)
_ID = re.compile(r"([0-9]{1,12})-([0-9]{1,12})")


class EpisodeView(msgspec.Struct, frozen=True, kw_only=True):
    """Adjacent anomalous windows of one space, told as one thing."""

    episode: str
    stairwell: str
    space: str
    kind: Kind
    area: str
    start: Annotated[datetime, Meta(description="Start of its first window.")]
    end: Annotated[datetime, Meta(description="End of its last window so far.")]
    status: EpisodeStatus
    windows: int
    nights: Annotated[int, Meta(description="Nights it touches; a night is that of the day it starts.")]
    observed: float
    expected: float
    score: Annotated[float, Meta(description="Highest score of its windows.")]
    episode_probability: Annotated[float, Meta(ge=0, le=1, description="Highest of its windows.")]
    rate_per_week: Annotated[
        float, Meta(description="Episodes like it that a series opens in a week when nothing is on.")
    ]
    common_cause: Annotated[
        bool,
        Meta(
            description="Whether the company's town as a whole was out, as on New Year's Eve, in at least half of its "
            "windows: it says little of this space then."
        ),
    ] = False
    reason: Reason
    acknowledged_by: str | None = None
    acknowledged: datetime | None = None
    muted_until: Annotated[datetime | None, Meta(description="Until when nobody needs to be told of the space.")] = None
    mute_reason: MuteReason | None = None
    closed_by: Annotated[str | None, Meta(description="The person who closed it, rather than calm.")] = None
    closed: datetime | None = None


class EpisodeKey(msgspec.Struct, frozen=True, array_like=True):
    """After which episode a page goes on."""

    start: Annotated[int, Meta(ge=_OLDEST, le=-_OLDEST)]
    series: Annotated[int, Meta(ge=0, le=-_OLDEST)]


class EpisodeFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which episodes to read: those that opened in [start, end), by (start, series)."""

    stairwell: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    open: bool | None = None
    acknowledged: bool | None = None
    common_cause: bool | None = None
    after: EpisodeKey | None = None
    limit: int = 100

    def holds(self, told: EpisodeView) -> bool:
        """Whether an episode is as open and as acknowledged as is asked for."""
        return self.open in (None, told.status is EpisodeStatus.OPEN) and (
            self.acknowledged in (None, told.acknowledged is not None)
        )


def find_episodes(ports: Ports, tenant: str, wanted: EpisodeFilter) -> tuple[list[EpisodeView], EpisodeKey | None]:
    """Episodes by their start, and where the next page goes on."""
    town = {one.number: one for one in ports.register.series(tenant)}
    series = {number: one for number, one in town.items() if wanted.stairwell in (None, one.stairwell)}
    manifest = ports.state.manifest()
    if manifest is None or not series:
        return [], None
    since = _began_since(wanted)
    teller = _Teller(ports, tenant, series, manifest.watermark, _OLDEST if since is None else since)
    numbers = reaching(ports, series, manifest.watermark) if wanted.open else set(series)
    told = ((run, teller.tell(run)) for run in _opened(ports, numbers, wanted, since))
    held = ((run, view) for run, view in told if wanted.holds(view))
    found = list(islice(_marked(ports, teller, town, held, wanted), wanted.limit + 1))
    page = found[: wanted.limit]
    return [view for _, view in page], EpisodeKey(*page[-1][0].key) if len(found) > len(page) else None


def read_episode(ports: Ports, tenant: str, episode: str) -> EpisodeView:
    """One episode, also by the id it had when it began earlier or later.

    Raises
    ------
    NotFound
        If there is none that holds the window of the id.
    """
    return _find(ports, tenant, episode)[1]


def acknowledge_episode(ports: Ports, tenant: str, episode: str, actor: str) -> EpisodeView:
    """Say that somebody has seen an episode; parameters and errors as of :func:`read_episode`."""
    return _decide(ports, tenant, episode, actor, EpisodeAction.ACKNOWLEDGE)


def close_episode(ports: Ports, tenant: str, episode: str, actor: str) -> EpisodeView:
    """Close an episode, even if it goes on; parameters and errors as of :func:`read_episode`."""
    return _decide(ports, tenant, episode, actor, EpisodeAction.CLOSE)


def mute_episode(
    ports: Ports, tenant: str, episode: str, actor: str, *, until: datetime, reason: MuteReason
) -> EpisodeView:
    """Mark this and every further episode of its space as muted until a time; verdicts stay as they are.

    Raises
    ------
    NotFound
        If there is no such episode.
    InvalidInput
        If the time is not to come.
    """
    if until <= ports.clock.now():
        raise InvalidInput(f"until is {until.isoformat()}, which is over; name a time to come")
    return _decide(ports, tenant, episode, actor, EpisodeAction.MUTE, until=until, reason=reason)


def _began_since(wanted: EpisodeFilter) -> int | None:
    """Since when the episodes asked for began: in the interval, and no earlier than the last of the page before."""
    starts = (second_of(wanted.start), wanted.after.start if wanted.after else None)
    return max((one for one in starts if one is not None), default=None)


def _opened(ports: Ports, numbers: Collection[int], wanted: EpisodeFilter, since: int | None) -> Iterator[Run]:
    """Runs that began in the interval asked for, and after the page before."""
    until, after = second_of(wanted.end), wanted.after or EpisodeKey(_OLDEST, 0)
    began = takewhile(lambda run: until is None or run.key[0] < until, runs_since(ports, numbers, since))
    return (run for run in began if run.key > (after.start, after.series))


def _marked(
    ports: Ports,
    teller: _Teller,
    town: Collection[int],
    told: Iterator[tuple[Run, EpisodeView]],
    wanted: EpisodeFilter,
) -> Iterator[tuple[Run, EpisodeView]]:
    """Episodes that have a common cause, or have none, as is asked for; looked up for a page at once."""
    while at_once := list(islice(told, wanted.limit + 1)):
        marks = have_common_cause(ports, town, [run for run, _ in at_once])
        for (run, view), marked in zip(at_once, marks, strict=True):
            if wanted.common_cause in (None, marked):
                yield run, teller.tell(run, common_cause=True) if marked else view


def _decide(
    ports: Ports,
    tenant: str,
    episode: str,
    actor: str,
    action: EpisodeAction,
    *,
    until: datetime | None = None,
    reason: MuteReason | None = None,
) -> EpisodeView:
    run, told = _find(ports, tenant, episode)
    decision = EpisodeDecision(
        tenant=tenant,
        series=run.key[1],
        start=run.key[0],
        end=run.end,
        action=action,
        decided_by=actor,
        decided=ports.clock.now(),
        until=until,
        reason=reason,
    )
    ports.episodes.add(decision)
    detail = f"until {until.isoformat()}, {reason}" if until else ""
    record(ports, actor, tenant, f"episode.{action}", f"{told.stairwell}/{told.space} {told.episode}", detail)
    return _find(ports, tenant, episode)[1]


def _find(ports: Ports, tenant: str, episode: str) -> tuple[Run, EpisodeView]:
    series = {one.number: one for one in ports.register.series(tenant)}
    number, start = _parts(episode)
    manifest = ports.state.manifest()
    run = run_around(ports, number, start) if number in series else None
    if run is not None and manifest is not None:
        [marked] = have_common_cause(ports, series, [run])
        return run, _Teller(ports, tenant, series, manifest.watermark, run.key[0]).tell(run, common_cause=marked)
    raise NotFound(f"there is no episode {episode!r}; its windows may have been corrected, list those there are")


def _parts(episode: str) -> tuple[int, int]:
    """Series and start of an id; of what is none, those of no series."""
    found = _ID.fullmatch(episode)
    return (int(found[1]), int(found[2])) if found else (0, 0)


class _Teller:
    """Tells runs that began at or after ``since`` as their readers see them, with what was decided about them."""

    def __init__(self, ports: Ports, tenant: str, series: Mapping[int, Series], watermark: int, since: int) -> None:
        self._series = series
        self._watermark = watermark
        self._zone = ZoneInfo(ports.settings.general.timezone)
        self._window_hours = ports.settings.window.minutes / 60
        self._decisions: defaultdict[int, list[EpisodeDecision]] = defaultdict(list)
        for decision in ports.episodes.find(tenant, since):
            self._decisions[decision.series].append(decision)

    def tell(self, run: Run, *, common_cause: bool = False) -> EpisodeView:
        """The episode that a run is."""
        start, number = run.key
        one, rarest = self._series[number], min(verdict.tail for verdict in run.verdicts)
        observed, expected = (sum(getattr(each, name) for each in run.verdicts) for name in ("count", "expected"))
        began = datetime.fromtimestamp(start, self._zone)
        nights = self._nights(run.verdicts)
        hours = len(run.verdicts) * self._window_hours
        said = (observed, one.kind.value, hours, began, nights, expected, rarest)
        decided = self._decided(number, start, run.end)
        ended = run.end < self._watermark or "closed" in decided
        told = EpisodeView(
            episode=f"{number}-{start}",
            stairwell=one.stairwell,
            space=one.space,
            kind=one.kind,
            area=one.area,
            start=datetime.fromtimestamp(start, UTC),
            end=datetime.fromtimestamp(run.end, UTC),
            status=EpisodeStatus.CLOSED if ended else EpisodeStatus.OPEN,
            windows=len(run.verdicts),
            nights=nights,
            observed=observed,
            expected=expected,
            score=max(verdict.score for verdict in run.verdicts),
            episode_probability=max(verdict.episode_probability for verdict in run.verdicts),
            rate_per_week=rarest,
            common_cause=common_cause,
            reason=Reason(
                sv=episode_reason(*said, "sv", common_cause=common_cause),
                en=episode_reason(*said, "en", common_cause=common_cause),
            ),
        )
        return msgspec.structs.replace(told, **decided)

    def _nights(self, verdicts: Sequence[Verdict]) -> int:
        shifted = (verdict.start - _NIGHT_BEGINS_HOURS * 3600 for verdict in verdicts)
        return len({datetime.fromtimestamp(second, self._zone).date() for second in shifted})

    def _decided(self, number: int, start: int, end: int) -> dict[str, object]:
        """What was decided about an episode; the latest decision of a kind counts."""
        decided: dict[str, object] = {}
        for one in self._decisions.get(number, ()):
            if one.concerns(start, end):
                match one.action:
                    case EpisodeAction.ACKNOWLEDGE:
                        decided |= {"acknowledged_by": one.decided_by, "acknowledged": one.decided}
                    case EpisodeAction.CLOSE:
                        decided |= {"closed_by": one.decided_by, "closed": one.decided}
                    case EpisodeAction.MUTE:
                        decided |= {"muted_until": one.until, "mute_reason": one.reason}
        return decided
