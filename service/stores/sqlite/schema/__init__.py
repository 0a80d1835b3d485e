"""The tables of the embedded files, a module each.

A migration that has been released is never changed: append another.
"""

from __future__ import annotations

from service.stores.sqlite.schema.audit import AUDIT
from service.stores.sqlite.schema.counts import COUNTS
from service.stores.sqlite.schema.jobs import JOBS
from service.stores.sqlite.schema.register import REGISTER
from service.stores.sqlite.schema.requests import REQUESTS
from service.stores.sqlite.schema.sensors import SENSORS
from service.stores.sqlite.schema.state import STATE

__all__ = ["AUDIT", "COUNTS", "JOBS", "REGISTER", "REQUESTS", "SENSORS", "STATE"]
