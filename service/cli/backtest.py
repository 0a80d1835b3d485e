"""What other settings would have done on the stored counts."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec

from service.cli.session import Session, pass_session
from service.cli.terminal import progress, show_table
from service.domain.backtests import Backtest, BacktestFigures
from service.errors import SettingsError
from service.exports.backtest_page import render_backtest_page
from service.exports.backtest_plots import LIGHT, PLOTS, draw_png
from service.usecases.trials.backtest import Asked
from service.usecases.trials.backtest import backtest as judge_anew

_DAY = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"])


@click.command()
@click.option("--from", "start", type=_DAY, help="First day to judge.  [default: eight weeks before the end]")
@click.option("--to", "end", type=_DAY, help="End, exclusive.  [default: all that is scored]")
@click.option(
    "--set", "changes", multiple=True, metavar="KEY=VALUE", help="A setting to try; may be given several times."
)
@click.option("--version", help="A model version to try instead of the champion.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the loitering injected.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Where page, plots and figures go."
)
@pass_session
def backtest(
    session: Session,
    *,
    start: datetime | None,
    end: datetime | None,
    changes: tuple[str, ...],
    version: str | None,
    seed: int,
    out: Path | None,
) -> None:
    """Judge stored counts anew, as the settings are and as --set and --version would have them.

    Nothing stored is changed. Loitering is injected into copies of some series, so that it is known what there is to
    find.
    """
    zone = ZoneInfo(session.settings.general.timezone)
    changed = dict(_change(text) for text in changes)
    asked = Asked(session.settings_with(changed), changed, version) if changed or version else None
    with progress("Reading counts") as bar:
        found = judge_anew(
            session.ports,
            asked,
            start=start.replace(tzinfo=zone) if start else None,
            end=end.replace(tzinfo=zone) if end else None,
            seed=seed,
            progress=bar.step,
        )
    show_table(("measure", *(one.name for one in found.figures)), _rows(found.figures))
    for told in _told(found):
        click.echo(told)
    if out:
        write_backtest(out, found)
        click.echo(f"The page is {out / 'index.html'}")


def write_backtest(folder: Path, found: Backtest) -> None:
    """A page, a picture of each plot, and the figures as JSON."""
    page = render_backtest_page(found)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_bytes(page)
    (folder / "figures.json").write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    for plot in PLOTS:
        (folder / f"{plot.name}.png").write_bytes(draw_png(plot, found, LIGHT))


def _change(text: str) -> tuple[str, Any]:
    """A key and its value, which is read like one of a settings file; a bare word is text."""
    key, equals, value = text.partition("=")
    if not equals or key.count(".") != 1:
        raise SettingsError(f"--set is {text!r}; write it like detector.episodes_per_100_stairwell_weeks=3")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value


def _rows(figures: Sequence[BacktestFigures]) -> Iterator[tuple[object, ...]]:
    yield "log-loss", *(f"{one.log_loss:.4f}" for one in figures)
    for place, level in enumerate(figures[0].levels):
        yield f"P(p < {level:g}) / {level:g}", *(f"{one.overall[place]:.2f}" if one.overall else "" for one in figures)
    for place, level in enumerate(figures[0].levels):
        ends = (sorted(decile.ratios[place] for decile in one.deciles) for one in figures)
        yield f"the same by decile, {level:g}", *(f"{of[0]:.2f}-{of[-1]:.2f}" if of else "" for of in ends)
    yield (
        "episodes per 100 stairwell-weeks",
        *(f"{one.opened:.1f} ({one.opened_low:.1f}-{one.opened_high:.1f})" for one in figures),
    )
    for place, recall in enumerate(figures[0].recall):
        found = (one.recall[place] for one in figures)
        yield f"loitering found within {recall.days} days", *(f"{one.found} of {one.of}" for one in found)


def _told(found: Backtest) -> Iterator[str]:
    """What becomes of the list."""
    if found.overlap is not None:
        yield f"{found.overlap:.0%} of the first places of the list at the end are the same"
        for name, places in (("Would enter", found.entering), ("Would leave", found.leaving)):
            if places:
                yield f"{name}: {', '.join(places)}"
