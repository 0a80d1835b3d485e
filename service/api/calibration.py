"""Live calibration, for whoever runs the service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from service.api.routes import Routes
from service.domain.keys import Key, Role
from service.ports import Ports
from service.usecases.findings.live_calibration import (
    DEFAULT_WEEKS,
    CalibrationGroup,
    EpisodeRate,
    LiveCalibration,
    TailRatio,
    live_calibration,
)
from service.usecases.revisions import verdicts_revision

routes = Routes("Operating")


class CalibrationQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far back."""

    weeks: Annotated[int, Meta(ge=1, le=26, description="Verdicts of so many weeks before the watermark.")] = (
        DEFAULT_WEEKS
    )


_TAILS = [
    TailRatio(level=0.05, ratio=1.02, low=0.97, high=1.07),
    TailRatio(level=0.01, ratio=1.11, low=0.99, high=1.23),
]


@routes.declare(
    "GET",
    "/v1/calibration",
    roles=(Role.OPERATOR,),
    answered=LiveCalibration(
        start=datetime(2026, 10, 25, tzinfo=UTC),
        end=datetime(2026, 11, 22, tzinfo=UTC),
        series=410,
        series_judged=410,
        overall=CalibrationGroup(group="all", windows=275520, expected=0.21, tails=_TAILS),
        by_kind=[CalibrationGroup(group="cellar", windows=91840, expected=0.08, tails=_TAILS)],
        by_decile=[CalibrationGroup(group="1", windows=27552, expected=0.004, tails=_TAILS)],
        episodes=EpisodeRate(promised=2, opened=2.4, low=1.7, high=3.4, episodes=31, stairwell_weeks=1280),
        drift=[],
    ),
    revision=verdicts_revision,
)
def read_calibration(ports: Ports, key: Key, query: CalibrationQuery) -> LiveCalibration:
    """Read whether small p-values come as often as they say, and episodes as seldom as the budget says.

    By kind of space and by decile of the expected count, with 95% intervals; ``drift`` says in words what is not as it
    should be. Windows with a known cause, and spaces in their first four weeks, are left out.
    """
    return live_calibration(ports, key.tenant, query.weeks)
