"""Verdicts, anomalies and the normal week they are held against."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from service.api.paging import Page, PageQuery, page_of
from service.api.routes import Routes
from service.domain.keys import FINDING_READERS, Key
from service.domain.places import Identifier, Kind
from service.domain.reasons import Reason
from service.errors import NotFound, VersionRefused
from service.ports import Ports
from service.usecases.findings.level_shifts import LevelShift, level_shifts
from service.usecases.findings.profile import SpaceProfile, normal_week
from service.usecases.findings.queries import (
    VerdictFilter,
    VerdictKey,
    VerdictView,
    find_anomalies,
    read_stairwell_verdicts,
)
from service.usecases.revisions import verdicts_revision

routes = Routes("Verdicts")

_VERDICT = VerdictView(
    stairwell="kvarnen-3a",
    space="cellar",
    kind=Kind.CELLAR,
    start=datetime(2026, 11, 19, 2, tzinfo=UTC),
    end=datetime(2026, 11, 19, 3, tzinfo=UTC),
    count=3,
    expected=0.08,
    lower=0,
    upper=1,
    p_value=0.0001,
    p_above=0.00001,
    score=9.1,
    episode_probability=0.97,
    tail=0.0004,
    anomalous=True,
    evidence_weeks=9.3,
    warming_up=False,
    version="0",
    reason=Reason(
        sv="3 vistelser i källaren torsdag kl. 03:00–04:00 där 0,08 är normalt; så många är mycket ovanligt då.",
        en="3 presences in the cellar, Thursday 03:00–04:00 where 0.08 are normal; so many are very rare then.",
    ),
)
_SHIFT = LevelShift(
    stairwell="kvarnen-3a",
    space="cellar",
    kind=Kind.CELLAR,
    ratio=2.1,
    learnt=datetime(2026, 11, 14, 17, tzinfo=UTC),
    reason=Reason(
        sv="Nivån i källaren steg till 2,1 gånger den väntade; inlärt den 14 nov. 2026.",
        en="The level in the cellar rose to 2.1 times what was expected; learnt on 14 Nov 2026.",
    ),
)


class Interval(PageQuery, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Which windows, by their start; without ``from`` and ``to`` all there are."""

    from_: Annotated[datetime, Meta(tz=True, description="First start, inclusive; RFC 3339 with an offset.")] | None = (
        None
    )
    to: Annotated[datetime, Meta(tz=True, description="Last start, exclusive; RFC 3339 with an offset.")] | None = None

    def filter(self, *, anomalous_only: bool = False, min_score: float | None = None) -> VerdictFilter:
        """What the use cases call it."""
        return VerdictFilter(
            start=self.from_,
            end=self.to,
            anomalous_only=anomalous_only,
            min_score=min_score,
            after=self.after(VerdictKey),
            limit=self.limit,
        )


class VerdictsQuery(Interval, frozen=True, kw_only=True):
    """Which verdicts of a stairwell."""

    space: Annotated[str, Meta(description="One space only.", max_length=100)] | None = None


class AnomaliesQuery(Interval, frozen=True, kw_only=True):
    """Which anomalies of a tenant."""

    stairwell: Annotated[str, Meta(description="One stairwell only.", max_length=100)] | None = None
    area: Annotated[str, Meta(description="One area only.", max_length=100)] | None = None
    min_score: (
        Annotated[
            float, Meta(description="Every window with at least this score, instead of those that are anomalous.")
        ]
        | None
    ) = None


class VerdictPage(Page[VerdictView], frozen=True):
    """Verdicts by start of the window."""


_PAGE = VerdictPage.of([_VERDICT], VerdictKey(1795053600, 7))


class LevelShiftsQuery(PageQuery, frozen=True, kw_only=True):
    """How far back."""

    weeks: Annotated[int, Meta(ge=1, le=52, description="Shifts learnt in so many weeks before the watermark.")] = 4


class LevelShiftPage(Page[LevelShift], frozen=True):
    """Level shifts, the newest first; of each space its latest."""


class Profile(msgspec.Struct, frozen=True):
    """The normal week of a stairwell, in local time."""

    stairwell: str
    timezone: str
    spaces: list[SpaceProfile]


@routes.declare(
    "GET",
    "/v1/stairwells/{stairwell}/verdicts",
    roles=FINDING_READERS,
    raises=(NotFound,),
    answered=_PAGE,
    revision=verdicts_revision,
)
def list_verdicts(ports: Ports, key: Key, query: VerdictsQuery, stairwell: Identifier) -> VerdictPage:
    """List the verdicts of one stairwell, by start of the window.

    A window without a verdict had no count, or is not scored yet.
    """
    return VerdictPage.of(*read_stairwell_verdicts(ports, key.tenant, stairwell, query.space, query.filter()))


@routes.declare("GET", "/v1/anomalies", roles=FINDING_READERS, answered=_PAGE, revision=verdicts_revision)
def list_anomalies(ports: Ports, key: Key, query: AnomaliesQuery) -> VerdictPage:
    """List what is not normal, over all stairwells, by start of the window.

    Without ``min_score`` these are the anomalous windows: those within the alarm budget. With it they are all windows
    of at least that score, anomalous or not; without ``from``, those of the four weeks before ``to`` or, without this,
    before the watermark.
    """
    wanted = query.filter(anomalous_only=query.min_score is None, min_score=query.min_score)
    return VerdictPage.of(*find_anomalies(ports, key.tenant, query.stairwell, query.area, wanted))


@routes.declare(
    "GET",
    "/v1/stairwells/{stairwell}/profile",
    roles=FINDING_READERS,
    raises=(NotFound, VersionRefused),
    answered=Profile(
        "kvarnen-3a",
        "Europe/Stockholm",
        [
            SpaceProfile(
                space="cellar", kind=Kind.CELLAR, evidence_weeks=9.3, expected=[[0.05] * 24] * 8, level_shift=_SHIFT
            )
        ],
    ),
    revision=verdicts_revision,
)
def read_profile(ports: Ports, key: Key, stairwell: Identifier) -> Profile:
    """Read the normal week of a stairwell: the presences expected in every window.

    ``expected`` has a row per day type, Monday to Sunday and then holidays, and a column per window of the local day.
    ``level_shift`` says when the level of a space last became another, and how much.
    """
    return Profile(stairwell, ports.settings.general.timezone, normal_week(ports, key.tenant, stairwell))


@routes.declare(
    "GET", "/v1/level-shifts", roles=FINDING_READERS, answered=LevelShiftPage([_SHIFT]), revision=verdicts_revision
)
def list_level_shifts(ports: Ports, key: Key, query: LevelShiftsQuery) -> LevelShiftPage:
    """List the spaces whose level shifted for good, the newest first.

    Most hours of the week became busier or quieter and stayed so for days: new tenants, another sensor, one that was
    moved. The model has learnt it as the new normal, and a person may want to know why.
    """
    shifts = level_shifts(ports, key.tenant, query.weeks)
    return LevelShiftPage.of(*page_of(shifts, _newest_first, query))


def _newest_first(shift: LevelShift) -> tuple[float, str, str]:
    return -shift.learnt.timestamp(), shift.stairwell, shift.space
