"""schemathesis reads the contract and tries to break it: examples, boundaries, random requests, sequences."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

from service.api.contract import OPERATIONS
from service.api.paging import PageQuery
from service.domain.keys import Role
from tests.api.conftest import Town, served
from tests.worlds import sqlite_ports

AFTER_THE_EXAMPLES = datetime(2026, 12, 1, tzinfo=UTC)
MEANINGFUL = (
    "write",
    "counts",
    "readings",
    "places",
    "annotations",
    "patrol-visits",
    "mute",
    "outcomes",
    "hotspot-lists",
    "approve",
    "resend",
)
PAGED = sorted({operation.path for operation in OPERATIONS if issubclass(operation.query, PageQuery)})
REFUSED_FOR_THEIR_MEANING = ["2xx", "401", "403", "404", "409", "422"]
"""A row may be of the future, a cursor of another operation: no schema says so."""
EXAMPLES = [4, pytest.param(40, marks=pytest.mark.long)]
PHASES = {"examples", "coverage", "fuzzing", "stateful"}


@pytest.mark.parametrize("examples", EXAMPLES)
def test_no_failure_in_any_phase(tmp_path, examples):
    """No 5xx, no undocumented status, type or header, no bad request accepted, no good one refused."""
    explore(Town(sqlite_ports(tmp_path, now=AFTER_THE_EXAMPLES)), {"max-examples": examples})


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("town", ["sqlite"], indirect=True)
def test_what_is_scored_is_read_without_failure(town, examples):
    """Good requests where there are verdicts, profiles and lists to be told; bad ones are refused before any is."""
    explore(town, {"max-examples": examples, "mode": "positive"}, {"include-method": "POST", "enabled": False})


def explore(town: Town, generation: dict[str, object], *operations: dict[str, object]) -> None:
    """Run every phase against the served application."""
    with served(town.app, threaded=False) as address:
        config = configuration(town.tokens[Role.OPERATOR], generation, *operations)
        schema = schemathesis.openapi.from_url(f"{address}/openapi.json", config=config)
        seen = list(from_schema(schema).execute())
    assert complaints(seen) == []
    ran = {event.phase.value for event in seen if isinstance(event, events.ScenarioFinished)}
    assert ran >= PHASES, "every phase has run"


def configuration(token: str, generation: dict[str, object], *operations: dict[str, object]) -> SchemathesisConfig:
    """Seeded; one method that a path does not have stands for all of them, as they are refused in one place."""
    return SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "continue-on-failure": True,
            "headers": {"Authorization": f"Bearer {token}"},
            "generation": {"deterministic": True, "database": "none", **generation},
            "phases": {"coverage": {"unexpected-methods": ["TRACE"]}, "stateful": {"max-steps": 5}},
            "operations": [
                *operations,
                {
                    "include-path-regex": f"/({'|'.join(MEANINGFUL)})$|^({'|'.join(map(re.escape, PAGED))})$",
                    "checks": {"positive_data_acceptance": {"expected-statuses": REFUSED_FOR_THEIR_MEANING}},
                },
            ],
        }
    )


def complaints(seen: list[events.EngineEvent]) -> list[str]:
    """What schemathesis found, in words."""
    found = [repr(event.value) for event in seen if isinstance(event, events.NonFatalError | events.FatalError)]
    for event in seen:
        if isinstance(event, events.ScenarioFinished):
            for checks in event.recorder.checks.values():
                found += [
                    f"{check.failure_info.failure.operation}: {check.failure_info.failure.message}"
                    for check in checks
                    if check.status is Status.FAILURE and check.failure_info
                ]
    return found
