"""Whether anything is held longer than the settings say, or deleted sooner."""

from __future__ import annotations

from collections.abc import Iterator

from service.ports import Ports
from service.usecases.doctor.diagnosis import Diagnosis, doubtful, well
from service.usecases.retention.reading import Retained, read_retention


def examine_retention(ports: Ports) -> Iterator[Diagnosis]:
    """Kind by kind."""
    kinds = read_retention(ports)
    for one in kinds:
        if one.overdue:
            yield _held_too_long(one)
        if one.store_disagrees:
            said = f"{one.setting} is {one.days}" if one.days else f"{one.setting} keeps them for good"
            yield doubtful(
                "retention",
                f"the bucket of {one.kind} deletes them by itself after {one.store_days} days, but {said}",
                "give the bucket a longer retention in InfluxDB (`influx bucket update`), or set as many days here",
            )
    if not any(one.overdue or one.store_disagrees for one in kinds):
        limited = [f"{one.kind} {one.days}" for one in kinds if one.days]
        yield well("retention", f"nothing is older than it may be, in days: {', '.join(limited) or 'all is kept'}")


def _held_too_long(one: Retained) -> Diagnosis:
    return doubtful(
        "retention",
        f"{one.kind} are held since {one.oldest:%Y-%m-%d %H:%M}Z, but {one.setting} is {one.days}"
        + (f"; they wait: {one.waits}" if one.waits else ""),
        "let the scheduler run, which deletes once a day; its log tells in the line `tick` what failed or waits",
    )
