"""Gates: what the trial of a challenger has to show before it is put in force, or a person answers for it."""

from __future__ import annotations

import math
from typing import Annotated

import msgspec
from msgspec import Meta

from service.domain.versions import VersionManifest
from service.errors import GatesNotPassed
from service.ports import Ports
from service.settings.sections import Gates


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """One gate: what was found, what it must keep to, and the same in words."""

    name: str
    passed: bool
    value: Annotated[float | None, Meta(description="Null: the trial did not tell, which does not pass.")]
    limit: float | None
    reason: str


def judge_gates(manifest: VersionManifest, champion: str, settings: Gates) -> list[Gate]:
    """What the trial in a version's manifest says of each gate, beside the champion in force.

    Examples
    --------
    >>> from service.domain.versions import SHIPPED_MANIFEST
    >>> found = {"calibration_champion": 0.3, "calibration_challenger": 0.25, "list_overlap": 0.8}
    >>> tried = msgspec.structs.replace(SHIPPED_MANIFEST, version_id="1", parent="0", metrics=found)
    >>> gates = judge_gates(tried, "0", Gates(calibration_ratio=1.25, recall_loss=0.05, list_overlap=0.6))
    >>> [gate.name for gate in gates if gate.passed], gates[2].reason
    (['trial', 'calibration', 'overlap'], 'the trial did not tell of recall_challenger, recall_champion')
    """
    return [_tried_beside(manifest, champion), *(gate(manifest.metrics, settings) for gate in _GATES)]


def gates_before(ports: Ports, manifest: VersionManifest) -> list[Gate]:
    """The gates that lie between a version and being put in force.

    None for the champion and for the one before it: they were judged when they were put in force.
    """
    state = ports.state.manifest()
    if state is None or manifest.version_id in (state.version, state.previous):
        return []
    return judge_gates(manifest, state.version, ports.settings.gates)


def check_gates(ports: Ports, manifest: VersionManifest, override: str | None = None) -> list[Gate]:
    """The gates that a version does not pass, for which the override answers.

    Raises
    ------
    GatesNotPassed
        If there are any, and no reason to override them.
    """
    failed = [gate for gate in gates_before(ports, manifest) if not gate.passed]
    if failed and not override:
        raise GatesNotPassed(
            f"model version {manifest.version_id} does not pass its gates: {'; '.join(one.reason for one in failed)}; "
            "retrain, or promote it with a reason to override them, which goes into the audit"
        )
    return failed


def _tried_beside(manifest: VersionManifest, champion: str) -> Gate:
    passed = manifest.parent == champion
    beside = f"it was tried beside version {manifest.parent}" if manifest.parent else "it was never tried"
    reason = beside if passed else f"{beside}, and version {champion} is in force"
    return Gate(name="trial", passed=passed, value=None, limit=None, reason=reason)


def _calibration(metrics: dict[str, float], settings: Gates) -> Gate:
    """Not further off than the settings allow, or than the champion is."""
    name, names = "calibration", ("calibration_challenger", "calibration_champion")
    if missing := _missing(name, metrics, names):
        return missing
    value, champion = (metrics[one] for one in names)
    limit = max(math.log(settings.calibration_ratio), champion)
    reason = (
        f"small p-values are {_times(value)} too frequent or too rare, where {_times(limit)} is allowed "
        f"(gates.calibration_ratio, or the champion's {_times(champion)})"
    )
    return Gate(name=name, passed=value <= limit, value=value, limit=limit, reason=reason)


def _recall(metrics: dict[str, float], settings: Gates) -> Gate:
    name, names = "recall", ("recall_challenger", "recall_champion")
    if missing := _missing(name, metrics, names):
        return missing
    value, champion = (metrics[one] for one in names)
    limit = champion - settings.recall_loss
    reason = (
        f"{value:.0%} of the injected loitering is found, where {limit:.0%} is asked for "
        f"(the champion's {champion:.0%} less gates.recall_loss)"
    )
    return Gate(name=name, passed=value >= limit, value=value, limit=limit, reason=reason)


def _overlap(metrics: dict[str, float], settings: Gates) -> Gate:
    name = "overlap"
    if missing := _missing(name, metrics, ("list_overlap",)):
        return missing
    value, limit = metrics["list_overlap"], settings.list_overlap
    reason = (
        f"{value:.0%} of the first places of the champion stay on the list, where {limit:.0%} are asked for "
        "(gates.list_overlap)"
    )
    return Gate(name=name, passed=value >= limit, value=value, limit=limit, reason=reason)


_GATES = (_calibration, _recall, _overlap)


def _missing(gate: str, metrics: dict[str, float], names: tuple[str, ...]) -> Gate | None:
    missing = [name for name in names if not math.isfinite(metrics.get(name, math.nan))]
    reason = f"the trial did not tell of {', '.join(missing)}"
    return Gate(name=gate, passed=False, value=None, limit=None, reason=reason) if missing else None


def _times(log_ratio: float) -> str:
    return f"{math.exp(log_ratio):.2f} times"
