"""Health: whether every store answers, and how far the service has come."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping

import msgspec
import numpy as np

from models.detector.state import STATE_SCHEMA
from service.domain.annotations import AnnotationQuery
from service.domain.deliveries import Channel, DeliveryStatus
from service.domain.hotspots import ListStatus
from service.domain.state import Manifest, Promotion
from service.domain.verdicts import VerdictQuery
from service.errors import StoreError, TrappvaktError
from service.ports import Ports
from service.usecases.sensors.watched import left_spaces

_NOBODY = ""
_NO_SERIES = -1


class SecondState(msgspec.Struct, frozen=True, kw_only=True):
    """A state that is learnt beside the one in force: of which version, and how much of it is done, 0 to 1.

    ``outdated`` is why the one in force cannot be read, and nothing is scored until this one is done; empty where it
    can, and a version is being promoted beside it.
    """

    version: str
    share: float
    outdated: str


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the service has come; the watermark is in seconds UTC, ``None`` before the first tick.

    ``series`` are those of the register that counts are awaited of: all but those whose sensors were taken away.
    ``overdue_seconds`` are how long the first window that is to be scored has been due: 0 when none is.
    ``verdicts`` and ``anomalous`` are of the newest window scored: a window without a verdict had no count. They are
    ``None`` while the verdicts cannot be read. ``deliveries`` are counted by (channel, status), where they wait or were
    given up. ``second`` is the state that is learnt beside the one in force, if any is.
    """

    series: int
    watermark: int | None
    watermark_age_seconds: float | None
    overdue_seconds: float | None
    deliveries: dict[tuple[str, str], int]
    verdicts: int | None
    anomalous: int | None
    commands: int
    version: str | None
    second: SecondState | None


def store_failures(ports: Ports) -> dict[str, str | None]:
    """Ask every store something small; the answer is a message for each one that fails, None for the others."""
    window = ports.settings.window_seconds
    probes: Mapping[str, Callable[[], object]] = {
        "places register": ports.register.revision,
        "counts": lambda: ports.counts.read(0, window, window, np.array([_NO_SERIES])),
        "readings": lambda: ports.readings.neighbours(_NO_SERIES, 0, 0, 0),
        "sensors": lambda: ports.sensors.noted(1),
        "verdicts": lambda: ports.verdicts.find(VerdictQuery(series=(_NO_SERIES,), limit=1)),
        "state": ports.state.manifest,
        "hot-spot lists": lambda: ports.lists.records(_NOBODY, [ListStatus.DRAFT], limit=1),
        "keys": lambda: ports.keys.by_digest(b""),
        "annotations": lambda: ports.annotations.find(AnnotationQuery(tenant=_NOBODY, limit=1)),
        "episode decisions": ports.episodes.revision,
        "outcomes": lambda: ports.outcomes.find(_NOBODY, _NOBODY),
        "deliveries": lambda: ports.deliveries.find(tenant=_NOBODY),
        "audit": lambda: ports.audit.entries(_NOBODY, limit=1),
        "model versions": ports.registry.manifests,
        "jobs": lambda: ports.jobs.newest(1),
    }
    return {name: _failure(probe) for name, probe in probes.items()}


def check_stores(ports: Ports) -> list[str]:
    """The names of the stores, all of which answer.

    Raises
    ------
    StoreError
        If one does not; the message names it.
    """
    failures = store_failures(ports)
    if failed := [f"{name}: {message}" for name, message in failures.items() if message is not None]:
        lag = None if failures["state"] else watermark_age_seconds(ports)
        behind = "" if lag is None else f"; every window up to {round(lag / 60)} minutes ago is scored"
        raise StoreError("; ".join(failed) + behind)
    return list(failures)


def watermark_age_seconds(ports: Ports) -> float | None:
    """How far scoring lies behind the present; None before the first tick."""
    return _age_seconds(ports, ports.state.manifest())


def _count_deliveries(ports: Ports) -> dict[tuple[str, str], int]:
    """How many deliveries wait, and how many were given up, by (channel, status)."""
    statuses = (DeliveryStatus.WAITING, DeliveryStatus.GIVEN_UP)
    counted = {(channel.value, status.value): 0 for channel in Channel for status in statuses}
    for (channel, _, _, status), number in ports.deliveries.unsent().items():
        counted[channel.value, status.value] += number
    return counted


def free_bytes(ports: Ports) -> int | None:
    """Room left on the disk of the data folder; None while the folder is not there."""
    try:
        return shutil.disk_usage(ports.settings.data_dir).free
    except OSError:
        return None


def read_progress(ports: Ports, *, verdicts: bool = True) -> Progress:
    """How far the service has come, read from the stores, so that every process tells the same.

    Without ``verdicts``, those of the newest window are left out: their store may be away.
    """
    manifest = ports.state.manifest()
    series = np.array([one.number for one in ports.register.series()], dtype=np.int64)
    watermark = manifest.watermark if manifest else None
    anomalous = np.zeros(0, dtype=np.bool_)
    if verdicts and watermark is not None:
        anomalous = ports.verdicts.columns(series, watermark - ports.settings.window_seconds, watermark, ()).anomalous
    return Progress(
        series=len(series) - len(left_spaces(ports)),
        watermark=watermark,
        watermark_age_seconds=_age_seconds(ports, manifest),
        overdue_seconds=_overdue_seconds(ports, manifest),
        deliveries=_count_deliveries(ports),
        verdicts=len(anomalous) if verdicts else None,
        anomalous=int(anomalous.sum()) if verdicts else None,
        commands=len(ports.state.commands()),
        version=manifest.version if manifest else None,
        second=_second_state(manifest, ports.state.promotion()),
    )


def second_state(ports: Ports) -> SecondState | None:
    """The state that is learnt beside the one in force; None if none is, or if it has just come in force."""
    return _second_state(ports.state.manifest(), ports.state.promotion())


def _age_seconds(ports: Ports, manifest: Manifest | None) -> float | None:
    return None if manifest is None else ports.clock.now().timestamp() - manifest.watermark


def _overdue_seconds(ports: Ports, manifest: Manifest | None) -> float | None:
    age, settings = _age_seconds(ports, manifest), ports.settings
    if age is None:
        return None
    return max(0.0, age - settings.window_seconds - settings.window.lateness_minutes * 60)


def _second_state(manifest: Manifest | None, second: Promotion | None) -> SecondState | None:
    if manifest is None or second is None or second.entry:
        return None
    other = "" if manifest.layout == STATE_SCHEMA else f"the state has layout {manifest.layout}"
    return SecondState(version=second.manifest.version, share=second.share, outdated=second.outdated or other)


def _failure(probe: Callable[[], object]) -> str | None:
    try:
        probe()
    except TrappvaktError as error:
        return str(error)
    return None
