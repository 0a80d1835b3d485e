"""Whether the verdicts of the last weeks keep what they promise."""

from __future__ import annotations

from collections.abc import Iterator

import click

from models.evaluation.calibration import LEVELS
from service.cli.session import Session, pass_session
from service.cli.terminal import show_table
from service.usecases.findings.live_calibration import DEFAULT_WEEKS, LiveCalibration, live_calibration


@click.command()
@click.option("--weeks", type=click.IntRange(1, 26), default=DEFAULT_WEEKS, show_default=True, help="How far back.")
@click.option("--tenant", help="One housing company; by default all.")
@pass_session
def calibration(session: Session, weeks: int, tenant: str | None) -> None:
    """Tell whether small p-values and episodes come as often as promised, and what has drifted."""
    report = live_calibration(session.ports, tenant, weeks)
    headers = [f"{name} {level:g}" for level in LEVELS for name in ("P(p<a)/a at", "from", "to")]
    show_table(("windows of", "windows", "expected", *headers), _rows(report))
    if rate := report.episodes:
        click.echo(
            f"{rate.opened:.2f} episodes opened per 100 stairwell-weeks ({rate.low:.2f}-{rate.high:.2f}); "
            f"promised are {rate.promised:g}"
        )
    if report.overall is None and report.episodes is None:
        click.echo("Nothing was judged in these weeks, so nothing is known of drift")
        return
    for told in report.drift or ["No drift is evident"]:
        click.echo(told)


def _rows(report: LiveCalibration) -> Iterator[tuple[object, ...]]:
    for title, groups in (("", [report.overall]), ("", report.by_kind), ("decile ", report.by_decile)):
        for one in groups:
            if one is not None:
                tails = (value for tail in one.tails for value in (tail.ratio, tail.low, tail.high))
                yield f"{title}{one.group}", one.windows, one.expected, *tails
