"""Examples of properties are the same on every machine, and tests spend no time on what nobody reads."""

from __future__ import annotations

import os

import structlog
from hypothesis import HealthCheck, settings

# For workers, which share the cores: their threads would spin. With -n 0 NumPy has been loaded before.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Nor do they give memory back that they ask for again at once: pages anew are a quarter of what a list costs.
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(2**25))
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(2**28))

settings.register_profile(
    "house", max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")

# As long as no logs are configured, structlog draws every local of a traceback in boxes: 0.1 s for each error.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, since tests that start programs wait for them."""
    return (os.cpu_count() or 1) + 1
