"""Queries: verdicts, anomalies and places as their readers see them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from service.domain.annotations import AnnotationKind
from service.domain.places import Kind, Series, Stairwell
from service.domain.reasons import Reason
from service.domain.times import second_of
from service.domain.verdicts import WARM_UP_WEEKS, Verdict, VerdictQuery
from service.errors import NotFound
from service.ports import Ports
from service.usecases.findings.verdict_reasons import explain_verdict
from service.usecases.learning.marks import causes_between, kinds_of

LATELY = timedelta(weeks=4)
"""How far back windows are looked through for those of a score."""
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

Probability = Annotated[float, Meta(ge=0, le=1)]


class VerdictView(msgspec.Struct, frozen=True, kw_only=True):
    """What the model said of the count of one space in one window, before it learnt from it.

    ``p_value`` is P(Y >= count) and ``p_above`` is P(Y > count), of this window alone. ``score`` has persistence in it
    and ranks windows; ``tail`` is the calibrated rate of episodes a week at this score, which decides ``anomalous``.
    """

    stairwell: str
    space: str
    kind: Kind
    start: Annotated[datetime, Meta(description="Start of the window, inclusive.")]
    end: Annotated[datetime, Meta(description="End of the window, exclusive.")]
    count: float
    expected: float
    lower: Annotated[float, Meta(description="Lower end of the central 95% of what was expected.")]
    upper: Annotated[float, Meta(description="Upper end of the central 95% of what was expected.")]
    p_value: Probability
    p_above: Probability
    score: float
    episode_probability: Probability
    tail: float
    anomalous: bool
    evidence_weeks: float
    warming_up: Annotated[bool, Meta(description="Little of the normal is learnt from the space itself yet.")]
    version: Annotated[str, Meta(description="Model version that gave the verdict.")]
    reason: Reason | None = None
    annotation: Annotated[
        AnnotationKind | None,
        Meta(description="The known cause that the window is annotated with: it is not anomalous, whatever its score."),
    ] = None


_SAID_ALIKE = {*VerdictView.__struct_fields__} & {*Verdict.__struct_fields__} - {"start"}


class VerdictKey(msgspec.Struct, frozen=True, array_like=True):
    """After which verdict a page goes on."""

    start: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
    series: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class VerdictFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which verdicts to read; times are half-open, ``after`` is the key of the last verdict of the page before."""

    start: datetime | None = None
    end: datetime | None = None
    anomalous_only: bool = False
    min_score: float | None = None
    after: VerdictKey | None = None
    limit: int = 100


def read_stairwell_verdicts(
    ports: Ports, tenant: str, stairwell: str, space: str | None, wanted: VerdictFilter
) -> tuple[list[VerdictView], VerdictKey | None]:
    """Verdicts of one stairwell, or of one of its spaces, by start; and where the next page goes on.

    Raises
    ------
    NotFound
        If the tenant has no such stairwell or space.
    """
    ports.register.stairwell(tenant, stairwell)
    chosen = _series(ports, tenant, lambda one: one.stairwell == stairwell and space in (None, one.space))
    if space is not None and not chosen:
        raise NotFound(f"stairwell {stairwell!r} has no space {space!r}")
    return _page(ports, chosen, wanted)


def find_anomalies(
    ports: Ports, tenant: str, stairwell: str | None, area: str | None, wanted: VerdictFilter
) -> tuple[list[VerdictView], VerdictKey | None]:
    """Verdicts of a tenant, or of one stairwell or area, by start; and where the next page goes on.

    The anomalous ones are found by an index. All others are walked through: those of some weeks, unless the reader says
    since when.
    """
    chosen = _series(ports, tenant, lambda one: stairwell in (None, one.stairwell) and area in (None, one.area))
    if wanted.start is None and wanted.after is None and not wanted.anomalous_only:
        wanted = msgspec.structs.replace(wanted, start=_lately(ports, wanted.end))
    return _page(ports, chosen, wanted)


def _lately(ports: Ports, end: datetime | None) -> datetime | None:
    """Some weeks before a time, or before the watermark; None before the first tick."""
    manifest = ports.state.manifest()
    if end is None and manifest is not None:
        end = datetime.fromtimestamp(manifest.watermark, UTC)
    return end and max(end, _EARLIEST + LATELY) - LATELY


def list_stairwells(ports: Ports, tenant: str, after: str | None, limit: int) -> tuple[list[Stairwell], str | None]:
    """Stairwells by id, and the id after which the next page goes on."""
    found = ports.register.stairwells(tenant, after, limit + 1)
    return found[:limit], found[limit - 1].stairwell if len(found) > limit else None


def read_stairwell(ports: Ports, tenant: str, stairwell: str) -> Stairwell:
    """One stairwell.

    Raises
    ------
    NotFound
        If the tenant has no such stairwell.
    """
    return ports.register.stairwell(tenant, stairwell)


def _series(ports: Ports, tenant: str, wanted: Callable[[Series], bool]) -> Mapping[int, Series]:
    return {one.number: one for one in ports.register.series(tenant) if wanted(one)}


def _page(
    ports: Ports, series: Mapping[int, Series], wanted: VerdictFilter
) -> tuple[list[VerdictView], VerdictKey | None]:
    query = VerdictQuery(
        series=tuple(series),
        start=second_of(wanted.start),
        end=second_of(wanted.end),
        anomalous_only=wanted.anomalous_only,
        min_score=wanted.min_score,
        after=(wanted.after.start, wanted.after.series) if wanted.after else None,
        limit=wanted.limit + 1,
    )
    found = ports.verdicts.find(query)
    page = found[: wanted.limit]
    views = list(_views(ports, series, page))
    return views, VerdictKey(page[-1].start, page[-1].series) if len(found) > len(page) else None


def _views(ports: Ports, series: Mapping[int, Series], verdicts: Sequence[Verdict]) -> Iterable[VerdictView]:
    window = timedelta(minutes=ports.settings.window.minutes)
    timezone = ports.settings.general.timezone
    for verdict, annotation in zip(verdicts, _annotations(ports, series, verdicts), strict=True):
        one = series[verdict.series]
        start = datetime.fromtimestamp(verdict.start, UTC)
        yield VerdictView(
            stairwell=one.stairwell,
            space=one.space,
            kind=one.kind,
            start=start,
            end=start + window,
            **{name: getattr(verdict, name) for name in _SAID_ALIKE},
            warming_up=verdict.evidence_weeks < WARM_UP_WEEKS,
            reason=explain_verdict(verdict, one.kind, timezone, window) if verdict.anomalous else None,
            annotation=annotation,
        )


def _annotations(
    ports: Ports, series: Mapping[int, Series], verdicts: Sequence[Verdict]
) -> Sequence[AnnotationKind | None]:
    """What is annotated of the window of each verdict; the verdicts are of one tenant, by start."""
    if not verdicts:
        return ()
    tenant, end = series[verdicts[0].series].tenant, verdicts[-1].start + ports.settings.window_seconds
    causes = causes_between(ports, verdicts[0].start, end, tenant)
    return kinds_of(causes, ((verdict.start, verdict.series) for verdict in verdicts))
