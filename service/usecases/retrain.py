"""Retrain: what the stored counts teach about the fleet, as a new model version beside the champion.

1. Read the counts of the latest weeks, up to the watermark.
2. Hold the last quarter of them back: fit on the rest, and judge champion and challenger on what was held back.
3. Fit the fleet prior on all of them, and the calibration maps by simulation from that prior.
4. Measure what it keeps of its alarm budget in a simulated town that it was not calibrated on.
5. Write the version; scoring goes on under the champion until somebody promotes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version as package_version

import numpy as np
from numpy.typing import NDArray

from models.calendar import Calendar
from models.detector.columns import OccupancyColumns
from models.training.budget import achieved_budgets
from models.training.calibrating import calibrate
from models.training.fleet import FleetFit, fit_fleet
from models.version import ModelVersion
from service.domain.verdicts import VerdictColumns
from service.domain.versions import BudgetKept, VersionManifest, budgets_kept
from service.errors import Conflict, InvalidInput
from service.ports import Ports
from service.usecases.marks import marks_of
from service.usecases.rosters import full_roster, settings_calendar
from service.usecases.scoring import Roster, count_matrix, score_and_learn, window_starts

DEFAULT_WEEKS = 26
FEWEST_WEEKS = 4
_WEEK_SECONDS = 7 * 86_400
_NULL_SERIES = 1200  # with the weeks below some 600 series-years: enough to see a budget of one episode a year
_NULL_WEEKS = 26
_NULL_TOWNS = 1_000_000  # seeds from here on draw towns that no version was calibrated on
_HELD_BACK = 4  # one part in this many
_PACKAGES = ("trappvakt", "numpy", "scipy", "scikit-learn", "river", "joblib")

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class TrainingCounts:
    """Counts of all series on the window grid, float64[T, n], NaN where missing."""

    calendar: Calendar
    roster: Roster
    starts: NDArray[np.int64]
    counts: NDArray[np.float64]

    def before(self, row: int) -> TrainingCounts:
        """The windows before a row."""
        return replace(self, starts=self.starts[:row], counts=self.counts[:row])

    @property
    def digest(self) -> str:
        """SHA-256 of series, windows and counts."""
        digest = hashlib.sha256()
        for column in (self.roster.numbers, self.starts, self.counts):
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()


def retrain(ports: Ports, weeks: int | None = None, progress: Progress = lambda _step, _share: None) -> VersionManifest:
    """Fit a challenger and write it to the registry.

    Parameters
    ----------
    ports
        Counts, register and registry; state is only read.
    weeks
        How many of the latest weeks to learn from; :data:`DEFAULT_WEEKS` by default.
    progress
        Called with the name of a step and how much of it is done, 0 to 1.

    Raises
    ------
    Conflict
        If nothing has been scored yet or there are fewer than :data:`FEWEST_WEEKS` weeks of counts.
    InvalidInput
        If ``weeks`` is below :data:`FEWEST_WEEKS`.
    """
    manifest = ports.state.manifest()
    if manifest is None:
        raise Conflict("nothing has been scored yet; import counts and score them before retraining")
    champion = ports.registry.load(manifest.version)
    training = _read_counts(ports, manifest.origin, manifest.watermark, weeks or DEFAULT_WEEKS, progress)
    metrics = _judge(ports, champion, training, progress)
    progress("fitting the fleet prior", 0.0)
    fit = _fit_fleet(champion, training)
    progress("fitting the fleet prior", 1.0)
    challenger = _calibrated(
        _version_of(ports, champion, fit, training.calendar), training.calendar.window_minutes, progress
    )
    span = (training.starts[0], training.starts[-1] + training.calendar.window_seconds)
    description = VersionManifest(
        version_id=challenger.id,
        parent=champion.id,
        created=ports.clock.now(),
        window=(datetime.fromtimestamp(int(span[0]), UTC), datetime.fromtimestamp(int(span[1]), UTC)),
        counts_digest=training.digest,
        settings={"weeks": weeks or DEFAULT_WEEKS, "window_minutes": training.calendar.window_minutes},
        metrics=metrics,
        packages=_environment(),
        files={},
        budgets=_budgets_kept(challenger, training.calendar.window_minutes, progress),
    )
    return ports.registry.add(challenger, description, {"profile_fit": fit.profile_fit})


def _read_counts(ports: Ports, origin: int, end: int, weeks: int, progress: Progress) -> TrainingCounts:
    if weeks < FEWEST_WEEKS:
        raise InvalidInput(f"{weeks} weeks are too few to learn a week's shape from; use at least {FEWEST_WEEKS}")
    start = max(origin, end - weeks * _WEEK_SECONDS)
    if end - start < FEWEST_WEEKS * _WEEK_SECONDS:
        raise Conflict(f"only {(end - start) / _WEEK_SECONDS:.1f} weeks are scored; retraining needs {FEWEST_WEEKS}")
    step, roster = ports.settings.window_seconds, full_roster(ports)
    starts = window_starts(start, end, step)
    parts = []
    for begin in range(start, end, _WEEK_SECONDS):
        stop = min(begin + _WEEK_SECONDS, end)
        windows = ports.counts.read(begin, stop, step)
        parts.append(count_matrix(windows, window_starts(begin, stop, step), roster.numbers, step))
        progress("reading counts", (stop - start) / (end - start))
    counts = np.concatenate(parts)
    if np.isnan(counts).all():
        raise Conflict("there is not one count in the weeks to learn from; import counts, or name more weeks")
    begun = np.logical_or.accumulate(~np.isnan(counts), axis=0)
    silent = roster.with_silences(ports.state.ledger().silences).silent(starts, counts)
    counts[np.isnan(counts) & begun & roster.assumed_alive(starts) & ~silent] = 0.0
    if marks := marks_of(ports, roster.numbers, starts):
        counts[marks.left_out] = np.nan
    return TrainingCounts(settings_calendar(ports), roster, starts, counts)


def _version_of(ports: Ports, champion: ModelVersion, fit: FleetFit, calendar: Calendar) -> ModelVersion:
    """The challenger, but for its calibration maps, which are still the champion's."""
    return replace(
        champion,
        id=ports.registry.next_id(),
        prior=fit.prior,
        timezone=calendar.timezone,
        holidays=tuple(calendar.holidays),
    )


def _calibrated(version: ModelVersion, window_minutes: int, progress: Progress) -> ModelVersion:
    calibrated = calibrate(
        version,
        series=_NULL_SERIES,
        weeks=_NULL_WEEKS,
        seed=int(version.id),
        window_minutes=(window_minutes,),
        progress=lambda share: progress("calibrating", share),
    )
    progress("calibrating", 1.0)
    return calibrated


def _budgets_kept(version: ModelVersion, window_minutes: int, progress: Progress) -> list[BudgetKept]:
    """Some ten seconds of a processor."""
    step = "measuring false episodes"
    achieved = achieved_budgets(
        version,
        seed=_NULL_TOWNS + int(version.id),
        window_minutes=window_minutes,
        progress=lambda share: progress(step, share),
    )
    progress(step, 1.0)
    return budgets_kept(achieved)


def _fit_fleet(champion: ModelVersion, training: TrainingCounts) -> FleetFit:
    return fit_fleet(training.calendar, training.starts, training.counts, training.roster.kinds, parent=champion.prior)


def _judge(ports: Ports, champion: ModelVersion, training: TrainingCounts, progress: Progress) -> dict[str, float]:
    """Champion and challenger on the same windows, which neither the challenger's prior nor the score has seen."""
    held_back = len(training.starts) - len(training.starts) // _HELD_BACK
    trial = replace(champion, prior=_fit_fleet(champion, training.before(held_back)).prior)
    metrics = {"series": float(len(training.roster)), "windows": float((~np.isnan(training.counts)).sum())}
    for name, version in (("champion", champion), ("challenger", trial)):
        loss = _log_loss(ports, version, training, held_back)
        metrics[f"log_loss_{name}"] = loss
        progress("judging on the weeks held back", 0.5 if name == "champion" else 1.0)
    return metrics


def _log_loss(ports: Ports, version: ModelVersion, training: TrainingCounts, held_back: int) -> float:
    """Mean over windows of -log P(count) under the prediction made before learning it."""
    roster = training.roster
    columns = OccupancyColumns(version, training.calendar.window_minutes, roster.kinds, roster.shares)
    batch = ports.settings.advance.commit_windows
    total, windows = 0.0, 0
    for begin in range(0, len(training.starts), batch):
        part = slice(begin, begin + batch)
        verdicts = score_and_learn(
            columns,
            training.calendar,
            roster,
            training.starts[part],
            training.counts[part],
            silence_odds=ports.settings.detector.silence_odds,
        )
        losses = _losses(verdicts, since=int(training.starts[held_back]))
        total, windows = total + float(losses.sum()), windows + len(losses)
    return total / max(windows, 1)


def _losses(verdicts: VerdictColumns, since: int) -> NDArray[np.float64]:
    probability = (verdicts.p_value - verdicts.p_above)[verdicts.starts >= since]
    return -np.log(np.maximum(probability, 1e-300))


def _environment() -> dict[str, str]:
    configuration = np.show_config(mode="dicts")
    features = configuration["SIMD Extensions"]["found"] if configuration else []
    return {name: package_version(name) for name in _PACKAGES} | {"cpu features": " ".join(features)}
