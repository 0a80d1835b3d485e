"""Health and metrics of the service, for whoever runs it."""

from __future__ import annotations

import msgspec

from service.api.metrics import AtScrape, render
from service.api.routes import TEXT, Reply, Routes
from service.ports import Ports
from service.usecases.health import (
    check_stores,
    free_bytes,
    read_progress,
    second_state,
    store_failures,
    watermark_age_seconds,
)
from service.usecases.sensors.reading import count_states

routes = Routes("Health")


class Health(msgspec.Struct, frozen=True):
    """``pass``, or ``warn`` where somebody should look at it; and what was checked."""

    status: str
    checked: list[str] = []


class Readiness(Health, frozen=True):
    """How far scoring lies behind the present besides; ``null`` before the first tick.

    ``rebuilt`` is there while scoring waits for a state that is learnt anew, because the one in force is of another
    Trappvakt's format (``warn``): how much of it is done, 0 to 1.
    """

    watermark_age_seconds: float | None = None
    rebuilt: float | None = None


@routes.declare("GET", "/health/live", answered=Health("pass"))
def read_liveness() -> Health:
    """Tell that this process answers."""
    return Health("pass")


@routes.declare("GET", "/health/ready", answered=Readiness("pass", ["counts", "verdicts"], 1512.5))
def read_readiness(ports: Ports) -> Readiness:
    """Tell that every store answers, and the lag of scoring; otherwise 503 names the one that does not."""
    checked, second = check_stores(ports), second_state(ports)
    rebuilt = second.share if second and second.outdated else None
    return Readiness("pass" if rebuilt is None else "warn", checked, watermark_age_seconds(ports), rebuilt)


@routes.declare("GET", "/metrics", produces={TEXT: str})
def read_metrics(ports: Ports) -> Reply:
    """Metrics in Prometheus' text form; the page on operations tells what each of them means."""
    up = {name: message is None for name, message in store_failures(ports).items()}
    known = up["places register"] and up["state"] and up["deliveries"]
    progress = read_progress(ports, verdicts=up["verdicts"]) if known else None
    sensors = count_states(ports) if up["places register"] and up["sensors"] else {}
    return Reply(render(AtScrape(ports.settings, progress, sensors, up, free_bytes(ports))), media_type=TEXT)
