"""Series that benchmarks can be checked on."""

from __future__ import annotations

import numpy as np

from bench.quality.panel import Panel
from models.calendar import Calendar

CALENDAR = Calendar("Australia/Melbourne", (), 60)
FIRST_MONDAY = 1_420_376_400  # 2015-01-05 00:00 in Melbourne


def steady_panel(weeks: int, mean: float, seed: int, series: int = 1) -> Panel:
    """Poisson counts of one rate around the clock."""
    windows = weeks * 168
    counts = np.random.default_rng(seed).poisson(mean, (windows, series)).astype(float)
    starts = FIRST_MONDAY + 3600 * np.arange(windows, dtype=np.int64)
    return Panel(CALENDAR, starts, counts, ("other",) * series, np.full(series, 0.02))
