"""What runs: stores, secrets, clock, scheduler, the counts that come in and the deliveries that go out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from service.domain.deliveries import DeliveryStatus
from service.domain.installation import Disk
from service.domain.sensors import SensorState
from service.domain.times import utc_text
from service.errors import SettingsError
from service.ports import Ports
from service.settings.mail import mail_password
from service.settings.webhooks import webhook_secrets
from service.usecases.doctor.diagnosis import Diagnosis, doubtful, failed, some, well
from service.usecases.health import read_progress, store_failures
from service.usecases.sensors.reading import count_states
from service.usecases.telling.outbox import OLDEST

_PATIENCE_SECONDS = 900
"""So long a catch-up, a correction or a retraining may hold up windows that are due."""
_HALF = 0.5


def examine_stores(ports: Ports) -> Iterator[Diagnosis]:
    """Whether each store answers."""
    failures = store_failures(ports)
    for name, message in failures.items():
        if message is not None:
            yield failed(name, message)
    if not any(failures.values()):
        where = f"counts and verdicts in InfluxDB at {ports.settings.influxdb.url}" if _is_remote(ports) else "embedded"
        yield well("stores", f"{len(failures)} answer; {where}")


def examine_secrets(ports: Ports) -> Iterator[Diagnosis]:
    """Whether the files that the settings name can be read; what they hold is not shown."""
    settings = ports.settings
    reads: list[Callable[[], object]] = [partial(webhook_secrets, one) for one in settings.webhooks.subscriptions]
    if settings.mail.user:
        reads.append(partial(mail_password, settings.mail))
    for read in reads:
        try:
            read()
        except SettingsError as error:
            yield failed("settings", str(error))
    for section in ("mail", "webhooks", "influxdb"):
        file = getattr(settings, section).ca_file
        if file and not Path(file).is_file():
            yield failed(
                "settings", f"{section}.ca_file names {file}, which is no file", "name the PEM file of the authority"
            )
    if _is_remote(ports) and not settings.influxdb.verify_tls:
        yield doubtful(
            "settings",
            "influxdb.verify_tls is false: anybody between here and InfluxDB can read and change counts",
            "name the server's authority by influxdb.ca_file, and leave verify_tls as it is",
        )


def examine_clock(ports: Ports) -> Iterator[Diagnosis]:
    """Whether the clock is behind what is scored already; and what time it is where people live."""
    now, manifest = ports.clock.now(), ports.state.manifest()
    local = now.astimezone(ZoneInfo(ports.settings.general.timezone))
    told = f"it is {local:%Y-%m-%d %H:%M} in {ports.settings.general.timezone}"
    if manifest and manifest.watermark > now.timestamp():
        yield failed(
            "clock",
            f"{told}, but windows up to {utc_text(manifest.watermark)} are scored",
            "set the clock and keep it by NTP; until then new counts are refused as coming from the future",
        )
    else:
        yield well("clock", f"{told}; if a watch says otherwise, set general.timezone or the clock")


def examine_scheduler(ports: Ports, disk: Disk) -> Iterator[Diagnosis]:
    """Whether it runs, and how far it has come."""
    runs = disk.scheduler_runs
    if not runs:
        yield doubtful("scheduler", "does not run on this machine", "start it with `trappvakt serve`")
    progress = read_progress(ports, verdicts=False)
    overdue = progress.overdue_seconds
    if progress.watermark is None or overdue is None:
        yield doubtful(
            "windows", "nothing is scored yet", "import counts; the scheduler, or `trappvakt score`, then scores them"
        )
        return
    told = f"scored up to {utc_text(progress.watermark)}"
    if overdue > _PATIENCE_SECONDS:
        remedy = "read the line `tick` of its log: it tells the step that failed or takes long" if runs else None
        yield failed("windows", f"{told}; the next one has been due for {_duration(overdue)}", remedy)
    else:
        yield well("windows", f"{told}; nothing is overdue")
    if runs:
        yield well("scheduler", f"runs; {progress.commands} commands wait")
    elif progress.commands:
        yield doubtful("scheduler", f"{progress.commands} commands wait for it", "start it with `trappvakt serve`")


def _duration(seconds: float) -> str:
    """Minutes, and from two days on days: nobody reads 132735 minutes as a quarter of a year."""
    days = seconds / 86_400
    return f"{days:.0f} days" if days >= 2 else f"{seconds / 60:.0f} minutes"


def examine_counts(ports: Ports) -> Iterator[Diagnosis]:
    """Whether counts come in, from how many of the series."""
    progress = read_progress(ports)
    if not progress.series or progress.verdicts is None or progress.watermark is None:
        return
    told = f"the newest window has counts of {progress.verdicts} of {progress.series} series"
    if progress.verdicts >= _HALF * progress.series:
        yield well("counts", told)
        return
    extent = ports.counts.extent()
    newest = f"; the newest count is of {utc_text(extent[1])}" if extent else ""
    yield doubtful(
        "counts",
        told + newest,
        "look whether senders reach the API (`trappvakt_ingest_rows_total`), by a valid key and a right clock",
    )


def examine_sensors(ports: Ports) -> Iterator[Diagnosis]:
    """How many sensors are in which trouble."""
    counted = {state: number for state, number in count_states(ports).items() if number}
    told = ", ".join(f"{number} {state.value}" for state, number in counted.items())
    if counted.keys() - {SensorState.OK, SensorState.AWAITED}:
        yield doubtful("sensors", told, "`trappvakt sensors` names them, and says why and what to do")
    elif counted:
        yield well("sensors", told)


def examine_deliveries(ports: Ports) -> Iterator[Diagnosis]:
    """What was not taken, and what nobody tries any longer; after a week that is history."""
    since = ports.clock.now() - OLDEST
    for delivery in ports.deliveries.find(status=DeliveryStatus.WAITING):
        if delivery.error:
            yield doubtful(
                "deliveries", f"to {delivery.recipient}: {delivery.error}", "it is tried again; mend what it says"
            )
    given_up = [one for one in ports.deliveries.find(status=DeliveryStatus.GIVEN_UP) if one.queued > since]
    if given_up:
        yield doubtful(
            "deliveries",
            f"{len(given_up)} given up in the last week, to {some(sorted({one.recipient for one in given_up}))}",
            "`trappvakt lists deliveries` and `trappvakt webhooks deliveries` tell why; `resend` of either sends again",
        )


def _is_remote(ports: Ports) -> bool:
    return ports.settings.store.kind == "influxdb"
