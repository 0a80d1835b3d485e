"""Examples of properties are the same on every machine."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# For workers, which share the cores: their threads would spin. With -n 0 NumPy has been loaded before.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

settings.register_profile(
    "house", max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")
