"""Metrics in Prometheus' text form.

Requests are counted where they are served; with several processes prometheus-client lays their counters together in
the folder that PROMETHEUS_MULTIPROC_DIR names. What the stores know is read from them at the scrape, so that it is the
same whichever process answers. No metric names a tenant, a place or a key.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from service.usecases.health import Progress

MEDIA_TYPE = "text/plain"
_REQUESTS = Counter("trappvakt_http_requests", "Requests answered.", ["operation", "status"])
_SECONDS = Histogram("trappvakt_http_request_seconds", "Time to answer a request.", ["operation"])
_ROWS = Counter("trappvakt_ingest_rows", "Rows of counts received over HTTP.", ["outcome"])


def observe(operation: str, status: int, seconds: float) -> None:
    """Count one request."""
    _REQUESTS.labels(operation, str(status)).inc()
    _SECONDS.labels(operation).observe(seconds)


def observe_rows(accepted: int, refused: int) -> None:
    """Count the rows of one body of counts."""
    _ROWS.labels("accepted").inc(accepted)
    _ROWS.labels("refused").inc(refused)


def render(progress: Progress | None, store_up: dict[str, bool]) -> bytes:
    """Everything as Prometheus reads it; ``progress`` is None while places or state do not answer."""
    registry = CollectorRegistry()
    registry.register(_Progress(progress, store_up))
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)
        return generate_latest(registry)
    return generate_latest(registry) + generate_latest(REGISTRY)


class _Progress(Collector):
    def __init__(self, progress: Progress | None, store_up: dict[str, bool]) -> None:
        self._progress = progress
        self._store_up = store_up

    def collect(self) -> Iterator[Metric]:
        progress = self._progress
        up = GaugeMetricFamily("trappvakt_store_up", "Whether a store answers.", labels=["store"])
        for name, answers in self._store_up.items():
            up.add_metric([name], float(answers))
        yield up
        if progress is None:
            return
        yield GaugeMetricFamily("trappvakt_series", "Series in the places register.", progress.series)
        yield GaugeMetricFamily("trappvakt_commands_queued", "Commands not yet finished.", progress.commands)
        if progress.watermark is None or progress.watermark_age_seconds is None:
            return
        yield GaugeMetricFamily(
            "trappvakt_watermark_seconds", "Every window before it is scored (Unix time).", progress.watermark
        )
        yield GaugeMetricFamily(
            "trappvakt_watermark_age_seconds", "Time since the watermark.", progress.watermark_age_seconds
        )
        if progress.verdicts is not None and progress.anomalous is not None:
            yield GaugeMetricFamily(
                "trappvakt_newest_window_verdicts", "Verdicts of the newest window scored.", progress.verdicts
            )
            yield GaugeMetricFamily(
                "trappvakt_newest_window_anomalous",
                "Anomalous verdicts of the newest window scored.",
                progress.anomalous,
            )
        champion = GaugeMetricFamily("trappvakt_champion", "The model version in force.", labels=["version"])
        champion.add_metric([progress.version or ""], 1.0)
        yield champion
