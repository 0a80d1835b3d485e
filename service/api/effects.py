"""Before and after: what changed in a stairwell at a date."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from service.api.routes import Routes
from service.domain.keys import Key, Role
from service.domain.places import Identifier
from service.domain.reasons import Reason
from service.errors import Conflict, NotFound, TooLittleData, VersionRefused
from service.ports import Ports
from service.usecases.trials.before_after import (
    DEFAULT_WEEKS,
    FEWEST_WEEKS,
    MOST_WEEKS,
    BeforeAfter,
    Period,
    before_after,
)

routes = Routes("Evaluation")

Weeks = Annotated[
    int,
    Meta(ge=FEWEST_WEEKS, le=MOST_WEEKS, description="At most so many weeks; as many of them as are scored."),
]


class BeforeAfterQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"day": "date"}):
    """When something was done, and how far to look."""

    day: Annotated[date, Meta(description="Local date, the first day after.")]
    weeks_before: Weeks = DEFAULT_WEEKS
    weeks_after: Weeks = DEFAULT_WEEKS


@routes.declare(
    "GET",
    "/v1/stairwells/{stairwell}/before-after",
    roles=(Role.READER, Role.OPERATOR),
    raises=(NotFound, Conflict, TooLittleData, VersionRefused),
    answered=BeforeAfter(
        stairwell="kvarnen-3a",
        date=date(2026, 9, 14),
        timezone="Europe/Stockholm",
        before=Period(start=date(2026, 7, 20), end=date(2026, 9, 14), weeks=8, presences=141, hours_heard=1344),
        after=Period(start=date(2026, 9, 14), end=date(2026, 11, 9), weeks=8, presences=66, hours_heard=1310),
        ratio=0.47,
        low=0.32,
        high=0.69,
        confidence=0.9,
        p_value=0.02,
        compared=["kvarnen-5b", "tranan-2"],
        placebos=118,
        reason=Reason(
            sv="Färre vistelser: från den 14 sep. 2026 0,47 gånger så många som väntat "
            "(90\N{NO-BREAK SPACE}% säkert: 0,32–0,69).",
            en="Fewer presences: from 14 Sept 2026 on 0.47 times as many as expected (90% sure: 0.32–0.69).",
        ),
    ),
)
def read_before_after(ports: Ports, key: Key, query: BeforeAfterQuery, stairwell: Identifier) -> BeforeAfter:
    """Read how presences in a stairwell changed at a date, against stairwells where nothing was done.

    The ratio says how many times as many there were as there would have been, had it gone as at the stairwells most
    like it before. The interval is read off the other stairwells, each taken as if something had been done there; in
    simulated towns an interval of 90% holds the true ratio in 86 to 95 of 100 cases. Hours of a known cause, holidays
    and what was not heard are left out, and so are the stairwells of the same building. It tells that presences
    changed, and never why: something else may have happened at the same time.
    """
    return before_after(
        ports,
        key.tenant,
        stairwell,
        query.day,
        weeks_before=query.weeks_before,
        weeks_after=query.weeks_after,
    )
