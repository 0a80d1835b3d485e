"""Metrics in Prometheus' text form.

What processes count (:mod:`service.metrics`) is laid together. What the stores know is read from them at the scrape, so
that it is the same whichever process answers. No metric names a tenant, a place or a key.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from service.domain.sensors import SensorState
from service.metrics import REQUEST_SECONDS, REQUESTS, ROWS
from service.settings import Settings
from service.usecases.health import Progress


def observe(operation: str, status: int, seconds: float) -> None:
    """Count one request."""
    REQUESTS.labels(operation, str(status)).inc()
    REQUEST_SECONDS.labels(operation).observe(seconds)


def observe_rows(accepted: int, refused: int) -> None:
    """Count the rows of one body of counts."""
    ROWS.labels("accepted").inc(accepted)
    ROWS.labels("refused").inc(refused)


@dataclass(frozen=True, eq=False)
class AtScrape(Collector):
    """What is read from the stores; what is not known at the moment is left out.

    Parameters
    ----------
    settings
        What is measured beside: the window's length and the budget.
    progress
        None while places, state or deliveries do not answer.
    sensors
        How many are in each state; nothing while that cannot be read.
    store_up
        Whether each store answers.
    free_bytes
        Room left where the data folder is; None if it is not there.
    """

    settings: Settings
    progress: Progress | None
    sensors: Mapping[SensorState, int]
    store_up: Mapping[str, bool]
    free_bytes: int | None

    def collect(self) -> Iterator[Metric]:
        """Families of metrics."""
        yield InfoMetricFamily("trappvakt_build", "The Trappvakt that runs.", {"version": version("trappvakt")})
        yield GaugeMetricFamily(
            "trappvakt_window_seconds", "Length of a window in seconds.", self.settings.window_seconds
        )
        yield GaugeMetricFamily(
            "trappvakt_episode_budget_per_100_stairwell_weeks",
            "Episodes that may be opened: the setting detector.episodes_per_100_stairwell_weeks.",
            self.settings.detector.episodes_per_100_stairwell_weeks,
        )
        answers = (([name], float(answers)) for name, answers in self.store_up.items())
        yield _labelled("trappvakt_store_up", "Whether a store answers: 1 or 0.", ["store"], answers)
        if self.free_bytes is not None:
            yield GaugeMetricFamily(
                "trappvakt_data_free_bytes", "Room left on the disk of the data folder.", self.free_bytes
            )
        if self.progress is not None:
            yield from _progress(self.progress)
        if self.sensors:
            numbers = (([state.value], number) for state, number in self.sensors.items())
            yield _labelled("trappvakt_sensors", "Sensors by state; one may be in several.", ["state"], numbers)


def render(known: AtScrape) -> bytes:
    """Everything as Prometheus reads it."""
    registry = CollectorRegistry()
    registry.register(known)
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)
        return generate_latest(registry)
    return generate_latest(registry) + generate_latest(REGISTRY)


def _labelled(
    name: str, explanation: str, labels: Sequence[str], values: Iterable[tuple[Sequence[str], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, explanation, labels=labels)
    for cells, value in values:
        family.add_metric(cells, value)
    return family


def _progress(progress: Progress) -> Iterator[Metric]:
    yield GaugeMetricFamily("trappvakt_series", "Series that counts are awaited of.", progress.series)
    yield GaugeMetricFamily("trappvakt_commands_queued", "Commands not yet finished.", progress.commands)
    waiting = "Deliveries that wait, or were given up."
    yield _labelled("trappvakt_deliveries", waiting, ["channel", "status"], progress.deliveries.items())
    learnt = {"promotion": 1.0, "rebuild": 1.0}
    if progress.second:
        learnt["rebuild" if progress.second.outdated else "promotion"] = progress.second.share
    second = "How much is learnt of a second state, 0 to 1; 1 where there is none."
    yield _labelled(
        "trappvakt_second_state_ratio", second, ["cause"], (([cause], share) for cause, share in learnt.items())
    )
    known = {
        "trappvakt_watermark_timestamp_seconds": ("Every window before it is scored, Unix time.", progress.watermark),
        "trappvakt_watermark_age_seconds": ("Time since the watermark.", progress.watermark_age_seconds),
        "trappvakt_overdue_seconds": (
            "How long the first window to be scored has been due; 0 when none is.",
            progress.overdue_seconds,
        ),
        "trappvakt_newest_window_verdicts": ("Verdicts of the newest window scored.", _scored(progress)),
        "trappvakt_newest_window_anomalous": (
            "Anomalous verdicts of the newest window scored.",
            _scored(progress) and progress.anomalous,
        ),
    }
    for name, (explanation, value) in known.items():
        if value is not None:
            yield GaugeMetricFamily(name, explanation, value)
    if progress.version is not None:
        yield InfoMetricFamily("trappvakt_champion", "The model version in force.", {"version": progress.version})


def _scored(progress: Progress) -> int | None:
    return None if progress.watermark is None else progress.verdicts
