"""How good lists were."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from service.cli.session import Session, pass_session, tenant_option
from service.cli.terminal import progress, show_table
from service.domain.evaluations import Evaluation, Incident, RankingEvaluation, Share
from service.errors import RowProblem
from service.ingest.struct_rows import read_struct_rows
from service.usecases.lists.evaluate import DEFAULT_K, DEFAULT_LISTS, MOST_K, MOST_LISTS
from service.usecases.lists.evaluate import evaluate as evaluate_lists

_HEADERS = ("list", "ranking", "precision", "hit rate", "PAI", "PEI", "stability")


@click.command()
@click.option("--k", type=click.IntRange(1, MOST_K), default=DEFAULT_K, show_default=True, help="First entries judged.")
@click.option(
    "--lists", type=click.IntRange(1, MOST_LISTS), default=DEFAULT_LISTS, show_default=True, help="Newest lists judged."
)
@click.option("--area", help="Only lists that are confined to this area.")
@click.option(
    "--truth",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE.csv",
    help="What is known from elsewhere (stairwell, start, end), instead of outcomes.",
)
@tenant_option
@pass_session
def evaluate(session: Session, *, k: int, lists: int, area: str | None, truth: Path | None, tenant: str | None) -> None:
    """Tell how good the newest approved lists were, by what was found, beside simpler rankings."""
    known, problems = _read(truth, session.settings.general.timezone) if truth else (None, [])
    with progress("Evaluating lists") as bar:
        found = evaluate_lists(
            session.ports,
            session.tenant(tenant),
            k=k,
            lists=lists,
            area=area,
            incidents=known,
            progress=bar.update,
        )
    if found.lists:
        show_table(_HEADERS, _rows(found))
        for note in found.notes:
            click.echo(note)
    else:
        click.echo("There is no approved list to judge yet; `trappvakt lists approve ID` approves one")
    for problem in problems:
        click.echo(f"line {problem.row}: {problem.message}", err=True)
    if problems:
        sys.exit(1)


def _read(path: Path, timezone: str) -> tuple[list[Incident], list[RowProblem]]:
    with path.open("rb") as stream:
        rows = list(read_struct_rows(stream, timezone, Incident))
    return [row[1] for row in rows if not isinstance(row, RowProblem)], [r for r in rows if isinstance(r, RowProblem)]


def _rows(found: Evaluation) -> Iterator[tuple[object, ...]]:
    """The lists one by one, and all together where there are several."""
    blocks = [(one.list_id, one.rankings, one.stability) for one in found.lists]
    if len(blocks) > 1:
        blocks.append(("all", found.overall, found.stability))
    for name, rankings, stability in blocks:
        for place, one in enumerate(rankings):
            own = "" if place or stability is None else f"{stability:.2f}"
            yield name, one.ranking.value, _share(one.precision), _share(one.hit_rate), _pai(one), _share(one.pei), own


def _share(one: Share) -> str:
    if one.share is None:
        return "unknown"
    return f"{one.share:.2f} ({one.low:.2f}-{one.high:.2f}; {one.found} of {one.of})"


def _pai(one: RankingEvaluation) -> str:
    return "unknown" if one.pai is None else f"{one.pai:.1f} ({one.pai_low:.1f}-{one.pai_high:.1f})"
