"""The demo, served once: it finds the loitering it simulated, its model is replaced, the documents' examples run."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service.demo import simulate_town
from service.settings import load_settings
from service.usecases.versions.retraining import FEWEST_WEEKS
from tests.documents import INSTALLED, RUN_BESIDE_THE_DEMO, run_examples
from tests.e2e.programs import Demo, demo_served, get, last_scored_hour, post_counts, request, run, run_here, wait_for
from tests.preloaded import preloaded

ON_THE_DEMO = ("evaluation", "operations", "police", "retention")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, served: its address, its data folder and a key for each role."""
    with demo_served(tmp_path_factory.mktemp("demo") / "data") as served:
        yield served


def verdicts(demo: Demo, stairwell: str, since: datetime) -> list[dict[str, Any]]:
    """All verdicts of a stairwell from a time on."""
    path = f"/v1/stairwells/{stairwell}/verdicts?limit=1000&from={since:%Y-%m-%dT%H:%M:%SZ}"
    return list(get(demo.address, path, demo.keys["reader"])["items"])


def test_every_role_has_a_key(demo: Demo) -> None:
    """Printed once, at the start."""
    assert set(demo.keys) == {"ingest", "reader", "police", "operator", "auditor"}


def test_the_police_read_the_first_list(demo: Demo) -> None:
    """Where loitering was simulated stands first, and is most of what is significant; chance has its share too."""
    listed = get(demo.address, "/v1/hotspots", demo.keys["police"])
    town = simulate_town(load_settings(demo.config, {}), datetime.fromisoformat(listed["made"]))
    hot = town.hot_stairwells(listed["days"])
    assert len(town.stairwells) >= 60
    assert len(town.starts) >= 8 * 7 * 24
    first = {entry["stairwell"] for entry in listed["entries"][:8]}
    assert len(first & set(hot)) >= 3
    significant = {entry["stairwell"] for entry in listed["entries"] if entry["significant"]}
    assert len(significant & set(hot)) > len(significant) / 2


def test_the_model_is_replaced_while_windows_are_scored(demo: Demo) -> None:
    """retrain, promote, rollback: no window is unscored, none scored twice, and each verdict names its version."""
    config = ("--config", demo.config)
    until = last_scored_hour()
    since = until - timedelta(days=14)
    stairwell, sent = a_stairwell_and_what_it_sent(demo, since, until)
    before = verdicts(demo, stairwell, since)
    version = retrained(demo)
    run(*config, "models", "promote", version, "--override", "a town of sixty stairwells is small")
    assert champion(config) == version
    assert versions_of_new_windows(demo, "after-promotion") == {version}
    run_here(*config, "models", "rollback")
    assert champion(config) == "0"
    assert versions_of_new_windows(demo, "after-rollback") == {"0"}
    after = verdicts(demo, stairwell, since)
    assert after[: len(before)] == before
    judged = [(verdict["space"], verdict["start"]) for verdict in after]
    assert [one for one in judged if one[1] < in_utc(until)] == sent


def retrained(demo: Demo) -> str:
    """The version that a rough retraining makes, which the scheduler runs beside its ticks."""
    asked = request(demo.address, "/v1/models", demo.keys["operator"], {"weeks": FEWEST_WEEKS})
    path = f"/v1/jobs/{asked['job']}"
    done = wait_for(lambda: ended(get(demo.address, path, demo.keys["operator"])), seconds=600)
    assert (done["status"], done["error"]) == ("done", None)
    return str(done["version"])


def ended(job: dict[str, Any]) -> dict[str, Any] | None:
    """A job that has ended."""
    return None if job["finished"] is None else job


def a_stairwell_and_what_it_sent(demo: Demo, since: datetime, until: datetime) -> tuple[str, list[tuple[str, str]]]:
    """The first stairwell of the town, and space and time of each count it sent between two times."""
    with (demo.folder / "counts.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    stairwell = rows[0]["stairwell"]
    sent = [
        (row["space"], in_utc(datetime.fromisoformat(row["time"]))) for row in rows if row["stairwell"] == stairwell
    ]
    return stairwell, [one for one in sent if in_utc(since) <= one[1] < in_utc(until)]


def in_utc(time: datetime) -> str:
    """A time as the API writes it."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def versions_of_new_windows(demo: Demo, stairwell: str) -> set[str]:
    """The versions that judge two days of counts that come in now."""
    post_counts(demo.address, demo.keys["ingest"], stairwell, [1] * 48, last_scored_hour())
    since = last_scored_hour() - timedelta(days=3)
    assert wait_for(lambda: is_known(demo, stairwell) and len(verdicts(demo, stairwell, since)) == 48)
    return {verdict["version"] for verdict in verdicts(demo, stairwell, since)}


def is_known(demo: Demo, stairwell: str) -> bool:
    """Whether the register has a stairwell."""
    page = get(demo.address, "/v1/places?limit=1000", demo.keys["reader"])
    return stairwell in {place["stairwell"] for place in page["items"]}


def champion(config: tuple[object, ...]) -> str:
    """The version in force, as the command tells it."""
    rows = [line.split("\t") for line in run_here(*config, "models", "list").stdout.splitlines()[1:]]
    return next(row[0] for row in rows if row[1] == "yes")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The folder of a command that is loaded once."""
    with preloaded(tmp_path_factory.mktemp("programs")) as folder:
        yield folder


@pytest.mark.parametrize("name", RUN_BESIDE_THE_DEMO)
def test_examples_run(name: str, demo: Demo, tmp_path: Path, programs: str) -> None:
    """They are given the demo's address, folder and keys; those of the analyst work on the demo's data.

    Who installs the program runs it as it is installed, and the others as it is loaded once.
    """
    keys = {role.upper(): key for role, key in demo.keys.items()}
    configured = {"TRAPPVAKT_CONFIG": str(demo.config)} if name in ON_THE_DEMO else {}
    run_examples(
        name,
        tmp_path,
        {**keys, "ADDRESS": demo.address, "DATA": str(demo.folder), **configured},
        INSTALLED if name == "deployment" else programs,
    )
