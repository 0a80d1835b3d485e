"""Health and metrics of the service, for whoever runs it."""

from __future__ import annotations

import msgspec

from service.api.metrics import MEDIA_TYPE, render
from service.api.routes import Reply, Routes
from service.ports import Ports
from service.usecases.health import check_stores, read_progress, store_failures

routes = Routes("Health")


class Health(msgspec.Struct, frozen=True):
    """``pass``, and what was checked."""

    status: str
    checked: list[str] = []


@routes.declare("GET", "/health/live", answered=Health("pass"))
def read_liveness() -> Health:
    """Tell that this process answers."""
    return Health("pass")


@routes.declare("GET", "/health/ready", answered=Health("pass", ["counts", "verdicts"]))
def read_readiness(ports: Ports) -> Health:
    """Tell that every store answers; otherwise 503 names the one that does not."""
    return Health("pass", check_stores(ports))


@routes.declare("GET", "/metrics", produces={MEDIA_TYPE: str})
def read_metrics(ports: Ports) -> Reply:
    """Metrics in Prometheus' text form: requests, rows, age of the watermark, newest verdicts, stores that answer."""
    up = {name: message is None for name, message in store_failures(ports).items()}
    return Reply(render(read_progress(ports) if all(up.values()) else None, up), media_type=MEDIA_TYPE)
