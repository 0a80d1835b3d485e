"""Replay: a file of counts in, a file of verdicts out, without a store."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import click

from models.shipped import shipped_version
from service.cli.files import OutputFile
from service.cli.importing import file_argument
from service.cli.session import Session, pass_session
from service.cli.terminal import progress, rows_text
from service.errors import InvalidInput
from service.ingest.csv_counts import read_counts_csv
from service.settings.sections import Window
from service.usecases.learning.rosters import settings_calendar
from service.usecases.trials.replay import collect, replay_hotspots
from service.usecases.trials.replay import replay as replay_counts
from service.usecases.trials.replay_files import write_hotspots, write_scores

WINDOW_MINUTES: tuple[int, ...] = get_args(get_type_hints(Window)["minutes"])


class Minutes(click.ParamType[int]):
    """A length of time, written as 30min, 1h or plain minutes."""

    name = "minutes"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Whole minutes."""
        match = re.fullmatch(r"(\d+) *(min|h)?", str(value))
        if match is None:
            self.fail(f"{value!r} is no length of a window; write it like 30min or 1h", param, ctx)
        minutes = int(match[1]) * (60 if match[2] == "h" else 1)
        if minutes not in WINDOW_MINUTES:
            known = ", ".join(map(str, WINDOW_MINUTES))
            self.fail(f"a window of {minutes} minutes does not divide the hour; use one of {known}", param, ctx)
        return minutes


@click.command()
@file_argument
@click.option("--out", type=OutputFile(), required=True, metavar="SCORES.csv", help="Where the verdicts go.")
@click.option("--hotspots", type=OutputFile(), metavar="LIST.csv", help="Where a list of hot-spots goes.")
@click.option("--days", type=click.IntRange(2, 366), help="Length of the list's period.  [default: hotspots.days]")
@click.option("--top", type=click.IntRange(1, 10_000), help="Most entries of the list.  [default: hotspots.top]")
@click.option("--window", type=Minutes(), help="Length of a window: 30min, 1h.  [default: window.minutes]")
@click.option("--timezone", help="IANA name of the clock on the wall.  [default: general.timezone]")
@click.option(
    "--holidays",
    metavar="SE|none",
    help="Country of the holidays.  [default: general.holidays; none where --timezone names another town's]",
)
@pass_session
def replay(
    session: Session,
    file: Path,
    *,
    out: Path,
    hotspots: Path | None,
    days: int | None,
    top: int | None,
    window: int | None,
    timezone: str | None,
    holidays: str | None,
) -> None:
    """Score a CSV file of counts (time, stairwell, space, count) under version 0, without a store.

    Every window is judged by what came before it. Bad rows are told by line; the exit code is then 1, though the good
    rows are written.
    """
    _check_apart(file, out, hotspots)
    if timezone and not holidays and timezone != session.settings.general.timezone:
        holidays = "none"  # those of the settings are another town's
    given = {"window.minutes": window, "general.timezone": timezone, "general.holidays": holidays}
    given |= {"hotspots.days": days, "hotspots.top": top}
    settings = session.settings_with({key: value for key, value in given.items() if value is not None})
    calendar = settings_calendar(settings)
    with file.open("rb") as stream, progress("Reading counts") as bar:
        rows = read_counts_csv(stream, settings.general.timezone, bar.update)
        collected = collect(rows, settings.window_seconds)
        budget = settings.detector.episodes_per_100_stairwell_weeks
        verdicts = replay_counts(
            collected, shipped_version(), calendar, budget, lambda done, total: bar.step("Scoring windows", done, total)
        )
    with out.open("w", encoding="utf-8", newline="") as table:
        write_scores(table, verdicts, collected.names)
    if hotspots:
        ranked = replay_hotspots(collected, verdicts, shipped_version(), calendar, settings.hotspots)
        with hotspots.open("w", encoding="utf-8", newline="") as table:
            write_hotspots(table, ranked, collected.names)
    for problem in collected.problems:
        click.echo(f"line {problem.row}: {problem.message}", err=True)
    if collected.problems:
        others = "the others are scored" if len(verdicts) else "none is left to score"
        click.echo(f"Error: {rows_text(len(collected.problems))} of {file} left out; {others}", err=True)
        sys.exit(1)


def _check_apart(*paths: Path | None) -> None:
    """Refuse to write one file over another that the same replay reads or writes."""
    named = [path.resolve() for path in paths if path and not path.is_char_device()]
    if len(set(named)) < len(named):
        raise InvalidInput("the counts, --out and --hotspots must be different files; name another")
