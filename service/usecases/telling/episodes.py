"""Telling of episodes: what has changed since it was last told, each change once and in order.

Episodes are read off the verdicts and stored nowhere, so what was told last is kept, and held against what there is.
Whatever moved the verdicts (a tick, a replay, a correction, a promotion) and wherever the service was killed, what is
told next leads from the one to the other.

An episode told of and what it is now are known by their overlap: it keeps its first id as the subject of its events,
though a correction moves its start. Where two have become one, the earlier lives on and the other is withdrawn; where
one falls apart, its first part lives on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, count
from typing import Annotated

import msgspec
from msgspec import Meta

from service.domain.deliveries import Told
from service.domain.episodes import EpisodeStatus
from service.domain.events import EPISODE_TYPES, Event, EventType
from service.ports import Ports
from service.usecases.findings.episodes import EpisodeFilter, EpisodeView, find_episodes
from service.usecases.telling.outbox import OLDEST
from service.usecases.telling.publish import publish

TOPIC = "episode"
KEPT = timedelta(days=14)
"""What becomes of an episode is told until so long after its end."""
_MARGIN = timedelta(days=7)
_ALL = 2**31


class EpisodeNews(EpisodeView, frozen=True, kw_only=True):
    """An episode as it is now, or as it was last told of if it is ``withdrawn``."""

    withdrawn: Annotated[
        bool, Meta(description="Whether there is no such episode any more: corrected away, or part of another.")
    ] = False


@dataclass(frozen=True)
class _Known:
    """An episode that was told of."""

    told: Told
    news: EpisodeNews

    def is_over(self, since: datetime) -> bool:
        """Whether it ended so long ago that nothing more is told of it."""
        return self.news.status is EpisodeStatus.CLOSED and self.news.end < since


def tell_episodes(ports: Ports) -> int:
    """Publish what has become of the episodes of tenants that subscribe to them; returns how many were told of.

    The scheduler alone does this, once everything is scored. Episodes that ended longer ago than what is news
    (:data:`service.usecases.telling.outbox.OLDEST`) are not told of for the first time: history may be imported.
    """
    if ports.state.manifest() is None:
        return 0
    subscribing = {
        one.tenant for one in ports.settings.webhooks.subscriptions if EPISODE_TYPES.intersection(one.events)
    }
    return sum(_tell(ports, tenant) for tenant in sorted(subscribing))


def _tell(ports: Ports, tenant: str) -> int:
    known = [_Known(told, _read(told.document)) for told in ports.deliveries.told(tenant, TOPIC)]
    kept_since = ports.clock.now() - KEPT
    ports.deliveries.unlearn(one.told for one in known if one.is_over(kept_since))
    kept = [one for one in known if not one.is_over(kept_since)]
    subjects = {one.told.subject for one in kept}
    changes = list(_changes(kept, _episodes(ports, tenant, kept), news_since=ports.clock.now() - OLDEST))
    for before, after in changes:
        last = (
            before.told
            if before
            else Told(tenant=tenant, topic=TOPIC, subject=_new_subject(after, subjects), sequence=0, document=b"")
        )
        subjects.add(last.subject)
        _publish(ports, last, _types(before.news if before else None, after), after)
    return len(changes)


def _episodes(ports: Ports, tenant: str, known: Iterable[_Known]) -> list[EpisodeView]:
    """Those that may have been told of, and later ones.

    They are read from a week before, lest one that begins earlier by a correction be taken for withdrawn.
    """
    since = min([ports.clock.now() - KEPT, *(one.news.start for one in known)]) - _MARGIN
    return find_episodes(ports, tenant, EpisodeFilter(start=since, limit=_ALL))[0]


def _changes(
    known: Sequence[_Known], episodes: Sequence[EpisodeView], news_since: datetime
) -> Iterator[tuple[_Known | None, EpisodeNews]]:
    """What was told of before, if it was, and what there is to tell now."""
    there: defaultdict[tuple[str, str], list[EpisodeView]] = defaultdict(list)
    for episode in episodes:
        there[episode.stairwell, episode.space].append(episode)
    for one in sorted(known, key=lambda one: (one.news.withdrawn, one.news.start)):
        here = there[one.news.stairwell, one.news.space]
        found = next((each for each in here if each.start < one.news.end and one.news.start < each.end), None)
        if found is not None:
            here.remove(found)
        after = _as_news(found) if found else _withdrawn(one.news)
        if _said(after) != _said(one.news):
            yield one, after
    for episode in sorted((one for rest in there.values() for one in rest), key=lambda one: one.start):
        if episode.end > news_since:
            yield None, _as_news(episode)


def _publish(ports: Ports, last: Told, types: Sequence[EventType], after: EpisodeNews) -> None:
    """Publish a change under its types and remember it, in one step."""
    with ports.deliveries.transaction():
        for sequence, kind in enumerate(types, start=last.sequence + 1):
            event = Event(
                type=kind,
                tenant=last.tenant,
                key=f"{last.subject}/{sequence}",
                subject=last.subject,
                time=ports.clock.now(),
                data=after,
                sequence=sequence,
            )
            publish(ports, event)
        sequence, document = last.sequence + len(types), msgspec.json.encode(after)
        ports.deliveries.remember(msgspec.structs.replace(last, sequence=sequence, document=document))


def _new_subject(news: EpisodeNews, taken: Container[str]) -> str:
    """The episode's id, unless it is the subject of another, which began there before a correction moved it."""
    numbered = (f"{news.episode}-{number}" for number in count(2))
    return next(subject for subject in chain([news.episode], numbered) if subject not in taken)


def _types(before: EpisodeNews | None, after: EpisodeNews) -> list[EventType]:
    """What to call a change; an episode that came and went since the last look is opened and closed."""
    closed = [EventType.EPISODE_CLOSED] if after.status is EpisodeStatus.CLOSED else []
    if before is None or (before.withdrawn and not after.withdrawn):
        return [EventType.EPISODE_OPENED, *closed]
    if before.status is EpisodeStatus.OPEN and closed:
        return closed
    return [EventType.EPISODE_REVISED]


def _said(news: EpisodeNews) -> tuple[object, ...]:
    """What a change of is told: not the decimals of what was expected, which any correction of weeks ago moves."""
    decided = (news.acknowledged, news.muted_until, news.closed)
    seen = (news.windows, news.observed, news.common_cause)
    return news.start, news.end, news.status, news.withdrawn, *seen, *decided


def _read(document: bytes) -> EpisodeNews:
    """What was told, maybe by a Trappvakt of before: what is new in an episode needs a default."""
    return msgspec.json.decode(document, type=EpisodeNews)


def _as_news(episode: EpisodeView) -> EpisodeNews:
    return EpisodeNews(**msgspec.structs.asdict(episode))


def _withdrawn(news: EpisodeNews) -> EpisodeNews:
    return msgspec.structs.replace(news, status=EpisodeStatus.CLOSED, withdrawn=True)
