"""A real InfluxDB 2, and buckets on it that live as long as the tests."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from uuid import uuid4

from influxdb_client import InfluxDBClient

from service.settings.sections import OWN_SCHEMA, InfluxDB, Schema
from service.stores.influx.aging import aging_points
from service.stores.influx.connection import InfluxConnection
from service.stores.influx.count_tags import CountTags
from service.stores.influx.counts import InfluxCountStore
from service.stores.influx.places import PlaceTags
from service.stores.influx.verdicts import InfluxVerdictStore
from service.stores.sqlite.changes import ChangeJournal
from service.stores.sqlite.connection import Database
from service.stores.sqlite.schema import COUNTS
from tests.contract.stores import Stores, sqlite_stores


class InfluxServer:
    """Makes stores over buckets of their own; :meth:`close` deletes the buckets."""

    def __init__(self, url: str, token: str, org: str) -> None:
        self.url, self.token, self.org = url, token, org
        self.client = InfluxDBClient(url=url, token=token, org=org, timeout=60_000)
        self._buckets: list[str] = []

    def bucket(self) -> str:
        """The name of a new, empty bucket."""
        name = f"trappvakt_test_{uuid4().hex}"
        self._buckets.append(self.client.buckets_api().create_bucket(bucket_name=name, org=self.org).id)
        return name

    def settings(self, **changes: object) -> InfluxDB:
        """Settings that reach the server, but for the changes."""
        known = {
            "url": self.url,
            "org": self.org,
            "counts_bucket": "",
            "verdicts_bucket": "",
            "token_file": "",
            "timeout_seconds": 60,
            "connect_timeout_seconds": 5,
            "verify_tls": True,
            "ca_file": "",
            "proxy": "",
            "reconcile_days": 7,
        }
        return InfluxDB(**known | changes)

    def stores(self, folder: Path, *, learning: bool = False, schema: Schema = OWN_SCHEMA) -> Stores:
        """Fresh stores, counts and verdicts in one new bucket."""
        embedded = sqlite_stores(folder)
        connection, bucket = InfluxConnection(self.settings(), lambda: self.token), self.bucket()
        places = PlaceTags(embedded.register, learning=learning)
        journal = ChangeJournal(Database(folder / "counts.db", COUNTS))
        tags = CountTags(embedded.register, places, schema)
        counts = InfluxCountStore(connection, bucket, tags=tags, schema=schema, changes=journal)
        aging = aging_points(connection, (bucket, bucket), tags=tags, places=places, schema=schema)
        return dataclasses.replace(
            embedded,
            counts=counts,
            verdicts=InfluxVerdictStore(connection, bucket, places),
            aging={**embedded.aging, **aging},
        )

    def close(self) -> None:
        """Delete every bucket made here."""
        for bucket in self._buckets:
            self.client.buckets_api().delete_bucket(bucket)
        self.client.close()
