"""One tick: commands, new windows, the drafts of lists that are due, what is to be sent, deleted and learnt anew."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import structlog

from service import metrics
from service.errors import StateOutdated, StoreError, VersionOutdated
from service.ports import Ports
from service.trainer import Trainer
from service.usecases.audit import SCHEDULER
from service.usecases.commands import run_commands
from service.usecases.findings.common_cause import Begun, count_begun
from service.usecases.findings.live_calibration import live_calibration
from service.usecases.health import read_progress
from service.usecases.intake.reconcile import reconcile
from service.usecases.learning.advance import AdvanceReport, advance
from service.usecases.lists.drafts import list_due, make_drafts
from service.usecases.lists.hotspots import expire_lists
from service.usecases.lists.joint_lists import make_joint_list
from service.usecases.retention.deleting import delete_old
from service.usecases.sensors.check import check_sensors, examination_due
from service.usecases.telling.deliver import deliver_lists
from service.usecases.telling.episodes import tell_episodes
from service.usecases.telling.promotion import tell_promotion
from service.usecases.telling.webhooks import send_events
from service.usecases.versions.promote import begin_rebuild, go_on

_PROMOTING_SHARE = 0.8  # of the interval: a slice that is begun in time ends before the next tick

DELETING_PAUSE_SECONDS = 0.05  # between steps that last about as long

_log = structlog.get_logger(__name__)


class StopAsked(Exception):  # noqa: N818 - not an accident
    """Raised between two commits of a long catch-up when the process is asked to end."""


@dataclass
class Tick:
    """What the scheduler does on every tick; an error ends its step, never the scheduler.

    Parameters
    ----------
    ports
        The service's ports.
    stop
        Set when the process is asked to end.
    trainer
        Who starts retrainings.
    """

    ports: Ports
    stop: threading.Event = field(default_factory=threading.Event)
    trainer: Trainer | None = None
    _lists_made: datetime | None = None
    _reconciled: datetime | None = None
    _calibrated: date | None = None
    _examined: datetime | None = None
    _deleted_old: date | None = None

    def run(self) -> None:
        """Commands, new windows, drafts that are due, what is to be sent, promotions; one log line tells of all."""
        began = time.perf_counter()
        line: dict[str, object] = {}
        self._step("commands", line, self._run_commands)
        self._step("reconcile", line, self._reconcile)
        if self._step("advance", line, lambda: self._advance(began)) and "outdated" not in line:
            self._step("lists", line, self._make_lists)
            self._step("calibration", line, self._watch_calibration)
            self._step("sensors", line, self._check_sensors)
            self._step("episodes", line, self._tell_of_episodes)
        self._step("mail", line, self._deliver_lists)
        self._step("webhooks", line, self._send_events)
        self._step("retention", line, lambda: self._delete_old(began))
        self._step("promotion", line, lambda: self._go_on_promoting(began))
        if self.trainer:
            self._step("retraining", line, self.trainer.tend)
        self._step("progress", line, self._tell_progress)
        seconds = time.perf_counter() - began
        metrics.TICKS.inc()
        metrics.TICK_SECONDS.observe(seconds)
        metrics.LAST_TICK.set_to_current_time()
        tell = _log.warning if line.keys() & {"failed", "outdated"} else _log.info
        tell("tick", **line, seconds=round(seconds, 3))

    def _step(self, name: str, line: dict[str, object], step: Callable[[], dict[str, object]]) -> bool:
        """Run one step and add to the tick's line what it did and how long it took; False if it came to no end."""
        began = time.perf_counter()
        try:
            line.update(step())
        except StopAsked:
            return False
        except Exception as error:
            metrics.TICK_ERRORS.labels(step=name).inc()
            if isinstance(error, StoreError):
                metrics.STORE_ERRORS.labels(process="scheduler").inc()
            _log.exception("tick step failed", step=name)
            line.update({"failed": [*_failed(line), name], f"{name}_error": str(error) or type(error).__name__})
            return False
        finally:
            line[f"{name}_seconds"] = round(time.perf_counter() - began, 3)
        return True

    def _run_commands(self) -> dict[str, object]:
        return {"commands": run_commands(self.ports)}

    def _reconcile(self) -> dict[str, object]:
        """Once a day, look for counts that others wrote to InfluxDB too late; what is embedded has its own record."""
        settings, now = self.ports.settings, self.ports.clock.now()
        due = self._reconciled is None or now >= self._reconciled + timedelta(days=1)
        if settings.store.kind != "influxdb" or not settings.influxdb.reconcile_days or not due:
            return {}
        differing = reconcile(self.ports, settings.influxdb.reconcile_days, progress=self._between_commits)
        self._reconciled = now
        return {"reconciled": differing}

    def _advance(self, began: float) -> dict[str, object]:
        deadline = began + self.ports.settings.advance.interval_seconds
        try:
            report = advance(self.ports, progress=self._between_commits, enough=lambda: time.perf_counter() >= deadline)
        except (StateOutdated, VersionOutdated) as outdated:
            begin_rebuild(self.ports, outdated)
            return {"outdated": str(outdated)}
        begun = self._count_begun(report)
        metrics.VERDICTS.inc(report.verdicts)
        metrics.ANOMALOUS.inc(report.anomalous)
        metrics.WINDOWS_MISSING.inc(report.missing)
        metrics.EPISODES.inc(begun.episodes)
        metrics.COMMON_CAUSE.inc(begun.common_cause)
        metrics.CORRECTED.inc(report.corrected)
        metrics.UNCORRECTED.inc(report.uncorrected)
        metrics.LEVEL_SHIFTS.inc(report.level_shifts)
        return {
            "windows": report.windows,
            "verdicts": report.verdicts,
            "missing": report.missing,
            "anomalous": report.anomalous,
            "episodes_opened": begun.episodes,
            "common_cause": begun.common_cause,
            "corrected": report.corrected,
            "uncorrected": report.uncorrected,
            "level_shifts": report.level_shifts,
        }

    def _count_begun(self, report: AdvanceReport) -> Begun:
        """The episodes that began in the windows just scored."""
        if report.watermark is None or not report.anomalous:
            return Begun()
        since = int(report.watermark.timestamp()) - report.windows * self.ports.settings.window_seconds
        return count_begun(self.ports, since)

    def _delete_old(self, began: float) -> dict[str, object]:
        """Once a day, delete what is older than it is kept; a long deletion goes on with the next tick."""
        today, deadline = self.ports.clock.now().date(), began + self.ports.settings.advance.interval_seconds
        if self._deleted_old == today:
            return {}
        done = delete_old(self.ports, between=self._between_deletions, enough=lambda: time.perf_counter() >= deadline)
        if done.finished:
            self._deleted_old = today
        told = {f"deleted_{kind}": number for kind, number in done.rows.items()}
        return told | {f"{kind}_wait": why for kind, why in done.waits.items()}

    def _between_deletions(self) -> None:
        """Let others write, who would otherwise find the file locked by the next step at once."""
        self._between_commits(0, 0)
        time.sleep(DELETING_PAUSE_SECONDS)

    def _go_on_promoting(self, began: float) -> dict[str, object]:
        """Learn a second state for what is left of the interval, so that windows never wait for the next champion's."""
        deadline = began + _PROMOTING_SHARE * self.ports.settings.advance.interval_seconds
        promotion = self.ports.state.promotion()
        while go_on(self.ports):
            if self.stop.is_set() or time.perf_counter() >= deadline:
                break
        if promotion is None:
            return {}
        left = self.ports.state.promotion()
        return {"promoting": promotion.manifest.version, "promoted": round(left.share, 3) if left else 1.0}

    def _tell_progress(self) -> dict[str, object]:
        """How far the service has come, whatever became of the steps before."""
        progress = read_progress(self.ports, verdicts=False)
        return {
            "version": progress.version,
            "series": progress.series,
            "watermark": progress.watermark and datetime.fromtimestamp(progress.watermark, UTC).isoformat(),
            "overdue_seconds": progress.overdue_seconds,
            "waiting": progress.commands,
            **{f"{channel}_{status}": number for (channel, status), number in progress.deliveries.items() if number},
        }

    def _between_commits(self, _done: int, _total: int) -> None:
        if self.stop.is_set():
            raise StopAsked

    def _make_lists(self) -> dict[str, object]:
        """Make the drafts that are due, and a joint list if approvals ask for one; delete lists that are too old."""
        expired = [one.list_id for one in expire_lists(self.ports)]
        joint = make_joint_list(self.ports, SCHEDULER)
        made = [*([joint.list_id] if joint else []), *self._make_drafts()]
        return {name: ids for name, ids in (("lists", made), ("expired", expired)) if ids}

    def _watch_calibration(self) -> dict[str, object]:
        """Once a day, whether verdicts keep what they promise; what has drifted is told in the log."""
        today = self.ports.clock.now().date()
        if self._calibrated == today or self.ports.state.manifest() is None:
            return {}
        report = live_calibration(self.ports)
        for group in [report.overall, *report.by_kind] if report.overall else ():
            for tail in group.tails:
                metrics.CALIBRATION_RATIO.labels(group.group, f"{tail.level:g}").set(tail.ratio)
        if report.episodes:
            metrics.EPISODE_RATE.set(report.episodes.opened)
        self._calibrated = today
        return {"drift": report.drift} if report.drift else {}

    def _check_sensors(self) -> dict[str, object]:
        """What messages tell of sensors, and once a day what counts do; who fell silent or came back is published."""
        settings, now = self.ports.settings, self.ports.clock.now()
        examine = self._examined is None or self._examined < examination_due(settings, now)
        changes = check_sensors(self.ports, examine=examine, progress=self._between_commits)
        if examine:
            self._examined = now
        told = {"there": changes.there, "begun": changes.begun, "gone": changes.gone}
        return {f"sensor_faults_{name}": number for name, number in told.items() if number}

    def _deliver_lists(self) -> dict[str, object]:
        sent = deliver_lists(self.ports)
        return {"sent": sent} if sent else {}

    def _tell_of_episodes(self) -> dict[str, object]:
        """Publish what has become of episodes, once everything is scored, and of a promotion that was cut short."""
        tell_promotion(self.ports)
        told = tell_episodes(self.ports)
        return {"episodes_told": told} if told else {}

    def _send_events(self) -> dict[str, object]:
        taken = send_events(self.ports)
        return {"webhooks_taken": taken} if taken else {}

    def _make_drafts(self) -> list[str]:
        """Make the drafts that are due, once; where one fails, the next tick tries again."""
        due = list_due(self.ports.settings, self.ports.clock.now())
        if due is None or self._lists_made == due or self.ports.state.manifest() is None:
            return []
        made = make_drafts(self.ports, due)
        self._lists_made = due
        return made


def _failed(line: dict[str, object]) -> list[object]:
    """The steps of a tick that have failed so far."""
    failed = line.get("failed")
    return failed if isinstance(failed, list) else []
