"""Draws docs/hotspot.svg: the week of the demo's first hot-spot as a heat map.

    python docs/draw_hotspot.py

The demo runs through its real import, scoring and ranking, on a clock that stands still, so the picture stays the same
until the code that it shows changes.
"""

from __future__ import annotations

import tempfile
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.bootstrap import build_ports
from service.demo import TENANT, fill, prepare_folder
from service.domain.hotspots import HotspotEntry
from service.ports import Ports
from service.settings import load_settings
from service.usecases.learning.rosters import settings_calendar

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PERIOD_DAYS = 14
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NOON = 12
CELL, GAP, LEFT, TOP = 26, 2, 58, 74
CALM, HOT = np.array([244, 241, 234]), np.array([178, 24, 43])
INK, FAINT, FRAME = "#2b2b2b", "#6b6b6b", "#1b1b1b"


class StandingClock:
    """A clock that stands."""

    def now(self) -> datetime:
        """Always the same time."""
        return NOW


def main() -> None:
    """Run the demo and draw."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ports = build_ports(load_settings(prepare_folder(folder), {}), StandingClock())
        entry = fill(ports, folder, lambda _step, _done, _total: None).hotspots.entries[0]
        week = presences_per_hour(ports, entry)
    Path(__file__).with_name("hotspot.svg").write_text(drawn(entry, week), "utf-8")


def presences_per_hour(ports: Ports, entry: HotspotEntry) -> NDArray[np.float64]:
    """Mean presences over the list's period, float64[7, 24]: a row is a day from noon to noon, so no night is cut."""
    [series] = [
        one for one in ports.register.series(TENANT) if (one.stairwell, one.space) == (entry.stairwell, entry.space)
    ]
    end = int(NOW.timestamp())
    verdicts = ports.verdicts.columns(np.array([series.number]), end - PERIOD_DAYS * 86_400, end)
    calendar = settings_calendar(ports.settings)
    since_noon = calendar.local_seconds(verdicts.starts) // 3600 - NOON
    cells = (since_noon // 24 + 3) % 7, since_noon % 24
    total, windows = np.zeros((7, 24)), np.zeros((7, 24))
    np.add.at(total, cells, verdicts.count)
    np.add.at(windows, cells, 1.0)
    return total / np.maximum(windows, 1.0)


def drawn(entry: HotspotEntry, week: NDArray[np.float64]) -> str:
    """The picture."""
    pitch = CELL + GAP
    reason = textwrap.wrap(entry.reason_en, 96)
    width, height = LEFT + 24 * pitch + 20, TOP + 7 * pitch + 66 + 19 * len(reason)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" rx="8" fill="#ffffff"/>',
        text(LEFT, 28, f"{entry.address}, {entry.space}", size=17, weight=600),
        text(
            LEFT,
            48,
            f"presences an hour, mean of {PERIOD_DAYS} days; rows run from noon to noon; framed: the hot-spot",
            FAINT,
        ),
    ]
    for hour in range(0, 24, 3):
        parts.append(text(LEFT + hour * pitch, TOP - 8, f"{(hour + NOON) % 24:02}", FAINT))
    for day, name in enumerate(WEEKDAYS):
        parts.append(text(LEFT - 12, TOP + day * pitch + CELL * 0.68, name, FAINT, anchor="end"))
    for (day, hour), value in np.ndenumerate(week):
        x, y = LEFT + hour * pitch, TOP + day * pitch
        fill = colour(value / week.max())
        parts.append(f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" rx="3" fill="{fill}"/>')
    parts.append(f'<path d="{outline(block(entry))}" fill="none" stroke="{FRAME}" stroke-width="2.5"/>')
    parts += legend(TOP + 7 * pitch + 18, week.max())
    parts += [text(LEFT, TOP + 7 * pitch + 62 + 19 * k, line, size=13) for k, line in enumerate(reason)]
    return "\n".join([*parts, "</svg>", ""])


def block(entry: HotspotEntry) -> set[tuple[int, int]]:
    """Row and column of every cell of the hot-spot; a block belongs to the day it starts."""
    length = (entry.to_hour - entry.from_hour) % 24 or 24
    since_noon = [day * 24 + entry.from_hour + hour - NOON for day in entry.weekdays for hour in range(length)]
    return {(cell // 24 % 7, cell % 24) for cell in since_noon}


def outline(cells: set[tuple[int, int]]) -> str:
    """Lines between the cells of the block and all others."""
    pitch = CELL + GAP
    lines = []
    for day, hour in sorted(cells):
        x, y = LEFT + hour * pitch - GAP / 2, TOP + day * pitch - GAP / 2
        sides = {
            (day - 1, hour): f"M{x} {y}h{pitch}",
            (day + 1, hour): f"M{x} {y + pitch}h{pitch}",
            (day, hour - 1): f"M{x} {y}v{pitch}",
            (day, hour + 1): f"M{x + pitch} {y}v{pitch}",
        }
        lines += [line for neighbour, line in sides.items() if neighbour not in cells]
    return "".join(lines)


def legend(y: float, highest: float) -> list[str]:
    """A scale from nothing to the highest value."""
    steps = 6
    swatches = [
        f'<rect x="{LEFT + 40 + k * 20}" y="{y}" width="18" height="12" rx="2" fill="{colour(k / (steps - 1))}"/>'
        for k in range(steps)
    ]
    ends = [
        text(LEFT + 30, y + 10, "0", FAINT, anchor="end"),
        text(LEFT + 46 + steps * 20, y + 10, f"{highest:.1f}", FAINT),
    ]
    return [*swatches, *ends]


def colour(share: float) -> str:
    """From calm to hot; the power lets a single presence be seen."""
    red, green, blue = (CALM + (HOT - CALM) * share**0.75).round().astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"


def text(
    x: float, y: float, words: str, fill: str = INK, *, size: int = 12, weight: int = 400, anchor: str = "start"
) -> str:
    """A line of text."""
    safe = words.replace("&", "&amp;").replace("<", "&lt;")
    font = f'font-size="{size}" font-weight="{weight}" text-anchor="{anchor}"'
    return f'<text x="{x}" y="{y:g}" fill="{fill}" {font}>{safe}</text>'


if __name__ == "__main__":
    main()
