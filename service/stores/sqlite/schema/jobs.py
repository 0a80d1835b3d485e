"""Retrainings under way."""

from __future__ import annotations

from service.stores.sqlite.connection import Migration

JOBS: tuple[Migration, ...] = (
    ("CREATE TABLE job (number INTEGER PRIMARY KEY AUTOINCREMENT, document BLOB NOT NULL)",),  # JSON
)
