"""What people see: progress while something takes long, and tables.

On a terminal tables are drawn to its width; into a pipe they go as tab-separated text, whole and without a frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table


class Bar:
    """A bar that fills; work of several steps has one after the other.

    Where there is no terminal to draw it on, each step is a line when it begins.
    """

    def __init__(self, display: Progress, step: str) -> None:
        self._display = display
        self._said = ""
        self._begin(step)

    def _begin(self, step: str) -> None:
        self._step = step
        self._task = self._display.add_task(step, total=None)
        self._say(step)

    def _say(self, step: str) -> None:
        if self._display.disable and step != self._said:
            self._said = step
            click.echo(step, err=True)

    def update(self, done: float, total: float) -> None:
        """Show how much of the step is done."""
        self._display.update(self._task, completed=done, total=total)

    def step(self, step: str, done: float, total: float = 1.0) -> None:
        """Show how much of a step is done; a name not seen before ends the step before it."""
        if step != self._step:
            self._display.remove_task(self._task)
            self._begin(step)
        self.update(done, total)

    def tell(self, step: str, done: float) -> None:
        """Show how much of all is done, 0 to 1, and the step at work."""
        self._say(step)
        self._display.update(self._task, description=step, completed=done, total=1.0)


@contextmanager
def progress(step: str) -> Iterator[Bar]:
    """Show a bar on standard error while the block runs; into a pipe or a log a line a step."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    display = Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    )
    with display:
        yield Bar(display, step)


@contextmanager
def waiting(task: str) -> Iterator[Callable[[str], None]]:
    """Say on standard error what is waited for; gives what says otherwise, on a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        click.echo(task, err=True)
    with console.status(task) as status:
        yield status.update


def rows_text(number: int) -> str:
    """So many rows, in words."""
    return f"{number} {'row' if number == 1 else 'rows'}"


def show_table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table with these column headers."""
    console = Console()
    texts = [[_text(cell) for cell in row] for row in rows]
    if not console.is_terminal:
        for row in [list(headers), *texts]:
            click.echo("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
        return
    table = Table(*headers, box=None, header_style="bold", pad_edge=False)
    for row in texts:
        table.add_row(*row)
    console.print(table, markup=False)


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="seconds")
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
