"""What processes count and set as they work, for Prometheus; what stores know is read at the scrape instead.

With several processes prometheus-client lays their values together in the folder that PROMETHEUS_MULTIPROC_DIR names.
No metric names a tenant, a place or a key. docs/operations.md holds the table of all of them.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def ensure_folder() -> None:
    """Make the folder anew where it is gone, before a process opens its files there; without it none could work.

    systemd empties the shared memory of a user who logs out (``RemoveIPC``), whatever still runs. The service holds the
    folder it began with, and nobody a new one, so each process does, lest the next service clear it as a dead one's.
    """
    if folder := os.environ.get(FOLDER_VARIABLE):
        Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(OSError):  # the service has it, or the file system knows no locks of folders
            fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_SH | fcntl.LOCK_NB)  # to the end of the process


ensure_folder()  # prometheus-client opens them with the first of these
TICKS = Counter("trappvakt_ticks", "Ticks the scheduler ran.")
TICKS_MISSED = Counter("trappvakt_ticks_missed", "Ticks due while another ran; the next made up for them.")
TICK_ERRORS = Counter("trappvakt_tick_errors", "Steps of a tick that failed.", ["step"])
TICK_SECONDS = Histogram(
    "trappvakt_tick_duration_seconds",
    "Length of a tick in seconds.",
    buckets=(0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 300.0, 1800.0),  # a catch-up takes minutes
)
LAST_TICK = Gauge(
    "trappvakt_last_tick_timestamp_seconds", "End of the latest tick, Unix time.", multiprocess_mode="mostrecent"
)
VERDICTS = Counter("trappvakt_verdicts", "Verdicts written of windows that ended.")
ANOMALOUS = Counter("trappvakt_anomalous_verdicts", "Verdicts that were anomalous.")
WINDOWS_MISSING = Counter("trappvakt_windows_missing", "Windows of series that passed without a count.")
EPISODES = Counter("trappvakt_episodes_opened", "Episodes that began in windows scored for the first time.")
COMMON_CAUSE = Counter(
    "trappvakt_episodes_common_cause", "Episodes that began in windows scored for the first time, the whole town out."
)
CORRECTED = Counter("trappvakt_series_corrected", "Series replayed, as something behind the watermark had changed.")
UNCORRECTED = Counter(
    "trappvakt_series_uncorrected", "Series of which not all that changed could be replayed, as counts are deleted."
)
LEVEL_SHIFTS = Counter("trappvakt_level_shifts", "Level shifts learnt as the new normal of a space.")
CALIBRATION_RATIO = Gauge(
    "trappvakt_calibration_ratio",
    "P(p < level) / level of the latest weeks' verdicts, daily; 1 is right.",
    ["kind", "level"],
    multiprocess_mode="mostrecent",
)
EPISODE_RATE = Gauge(
    "trappvakt_episodes_opened_per_100_stairwell_weeks",
    "Episodes opened in the latest weeks, daily, beside trappvakt_episode_budget_per_100_stairwell_weeks.",
    multiprocess_mode="mostrecent",
)
STORE_ERRORS = Counter(
    "trappvakt_store_errors", "Ticks' steps and requests that a store failed, by who asked it.", ["process"]
)

REQUESTS = Counter("trappvakt_http_requests", "Requests answered.", ["operation", "status"])
REQUEST_SECONDS = Histogram(
    "trappvakt_http_request_duration_seconds", "Time to answer a request in seconds.", ["operation"]
)
ROWS = Counter("trappvakt_ingest_rows", "Rows of counts received over HTTP.", ["outcome"])


def open_after_fork() -> None:
    """Open a forked process's own files in the folder, lest it be gone by the first request, which would fail."""
    ensure_folder()
    TICKS.inc(0)
