"""The scheduler in a process of its own, on a clock that runs faster: two hours are over every second.

python -m tests.e2e.fast_scheduler SETTINGS DATA BASE REAL
"""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from service.bootstrap import build_ports
from service.logs import configure_logging
from service.scheduler import run_scheduler
from service.settings import load_settings

HOURS_PER_SECOND = 2


class FastClock:
    """Shows ``base`` at the real time ``real`` (seconds since 1970), and some hours more with every second."""

    def __init__(self, base: datetime, real: float) -> None:
        self.base = base
        self.real = real

    def now(self) -> datetime:
        return self.base + timedelta(hours=HOURS_PER_SECOND) * (time.time() - self.real)


def main(settings: str, data: str, base: str, real: str) -> None:
    """Schedule until SIGTERM."""
    loaded = load_settings(Path(settings), {}, {"general.data_dir": data})
    configure_logging(loaded.log)
    run_scheduler(build_ports(loaded, FastClock(datetime.fromisoformat(base), float(real))))


if __name__ == "__main__":
    main(*sys.argv[1:])
