"""The one place that talks to InfluxDB: what is sent, how often it is tried, and what is said when it fails."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.dialect import Dialect
from influxdb_client.rest import ApiException
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from service.errors import SettingsError, StoreError
from service.settings.sections import InfluxDB
from service.stores.influx.annotated_csv import Answer
from service.stores.influx.lines import text

LINES_PER_REQUEST = 5_000
"""Joined lines of one request: 1,777,000 points a second, against 65,000 as point objects."""

_DIALECT: Any = Dialect(header=True, delimiter=",", annotations=[], comment_prefix="#", date_time_format="RFC3339")
_PATIENT = Retry(total=3, backoff_factor=0.2, status_forcelist=(429, 502, 503, 504), allowed_methods=None)
_CHECK = "from(bucket: _bucket) |> range(start: _start, stop: _stop) |> limit(n: 1)"

EVER = (0, 9_214_646_400)
"""1970 to 2262 in seconds UTC, as long as nanoseconds last."""
FIRST = """|> first() |> keep(columns: ["_time"]) |> group() |> min(column: "_time")"""
LAST = """|> last() |> keep(columns: ["_time"]) |> group() |> max(column: "_time")"""
"""Steps to the ends of what is asked for; the server looks at those of each series only."""


class InfluxConnection:
    """A server, an organisation and a token.

    Writes and queries are both safe to repeat, so every method is retried when the connection breaks or the server is
    busy; the client's own writers would give up at once. Connections do not survive ``fork()``: a process opens its
    own.

    Parameters
    ----------
    settings
        Where the server is, and how it is reached.
    read_token
        Gives the token there is now: asked at once, and after a refusal, since it may have been exchanged.
    """

    def __init__(self, settings: InfluxDB, read_token: Callable[[], str]) -> None:
        self._settings = settings
        self._read_token = read_token
        self._token = read_token()
        self._opened: tuple[tuple[int, str], dict[bool, InfluxDBClient]] = ((0, ""), {})

    def write(self, bucket: str, lines: Iterable[str]) -> None:
        """Write points in line protocol, nanoseconds, in requests of some thousand lines."""
        remaining = iter(lines)
        while batch := list(islice(remaining, LINES_PER_REQUEST)):
            with self._errors(bucket):
                writer = self._connected().write_api(write_options=SYNCHRONOUS)
                writer.write(bucket, self._settings.org, "\n".join(batch).encode())

    def delete(self, bucket: str, measurement: str, tags: Mapping[str, str], first: int, last: int) -> None:
        """Delete the points with these tags from the first instant to the last, in nanoseconds, both of them too."""
        conditions = [f"_measurement={text(measurement)}", *(f"{text(name)}={text(tags[name])}" for name in tags)]
        with self._errors(bucket):
            eraser = self._connected().delete_api()
            eraser.delete(_rfc3339(first), _rfc3339(last), " AND ".join(conditions), bucket, self._settings.org)

    def bucket_keeps_seconds(self, bucket: str) -> int | None:
        """How long the bucket keeps points by its own rule; None if for good."""
        with self._errors(bucket):
            found = self._connected().buckets_api().find_bucket_by_name(bucket)
        rules = found.retention_rules if found else []
        return next((int(one.every_seconds) for one in rules or [] if one.every_seconds), None)

    def ask(
        self, bucket: str, flux: str, span: tuple[int, int], parameters: Mapping[str, object], *, patient: bool = True
    ) -> Answer:
        """A query's answer.

        Parameters
        ----------
        bucket
            Bound to ``_bucket``.
        flux
            The query; whatever comes from outside is in ``parameters``, never in the text.
        span
            Bound to ``_start`` and ``_stop``, seconds UTC.
        parameters
            Bound by their names, with their types.
        patient
            Whether to try again, and to wait for a long answer.
        """
        start, stop = (datetime.fromtimestamp(moment, UTC) for moment in span)
        bound = {"_bucket": bucket, **parameters, "_start": start, "_stop": stop}
        with self._errors(bucket):
            reader = self._connected(patient=patient).query_api()
            body = reader.query_raw(flux, dialect=_DIALECT, params=bound).read()
        return Answer(body)

    def check(self, bucket: str) -> None:
        """Raise StoreError unless the bucket can be read, at once and in one try: somebody waits for the answer."""
        self.ask(bucket, _CHECK, (0, 1), {}, patient=False)

    def check_writing(self, bucket: str) -> None:
        """Raise StoreError unless the bucket may be written to: a write of nothing is refused like any other."""
        with self._errors(bucket):
            writer = self._connected(patient=False).write_api(write_options=SYNCHRONOUS)
            writer.write(bucket, self._settings.org, b"\n")

    def _connected(self, *, patient: bool = True) -> InfluxDBClient:
        wanted = os.getpid(), self._token
        if self._opened[0] != wanted:  # the clients and whose they are change in one step: other threads look, too
            self._opened = wanted, {way: open_client(self._settings, wanted[1], patient=way) for way in (True, False)}
        return self._opened[1][patient]

    @contextmanager
    def _errors(self, bucket: str) -> Iterator[None]:
        """Tell of a failure as a StoreError that says what to check; the token is in none of them."""
        url, org = self._settings.url, self._settings.org
        try:
            with reachable(url):
                yield
        except ApiException as error:
            self._take_exchanged_token()
            raise StoreError(f"InfluxDB at {url} {_refusal(error, bucket, org)}") from error

    def _take_exchanged_token(self) -> None:
        """Go on with the token there is now; what was refused is tried again by whoever asked."""
        with suppress(SettingsError):
            self._token = self._read_token()


def open_client(settings: InfluxDB, token: str, *, patient: bool) -> InfluxDBClient:
    """A client of the server that the settings name.

    Parameters
    ----------
    settings
        Where the server is, and how it is reached.
    token
        Of whoever asks.
    patient
        Whether to try four times, ever more slowly, and to wait for a long answer.

    Raises
    ------
    SettingsError
        If the file of the authority to trust cannot be read.
    """
    _check_authority(settings.ca_file)
    connect = settings.connect_timeout_seconds * 1000
    return InfluxDBClient(
        url=settings.url,
        token=token,
        org=settings.org,
        timeout=(connect, settings.timeout_seconds * 1000 if patient else connect),
        verify_ssl=settings.verify_tls,
        ssl_ca_cert=settings.ca_file or None,
        proxy=settings.proxy or None,
        retries=_PATIENT if patient else False,
    )


@contextmanager
def reachable(url: str) -> Iterator[None]:
    """Tell of a server that does not answer as a StoreError that says what to check."""
    try:
        yield
    except (HTTPError, http.client.HTTPException, OSError) as error:
        raise StoreError(
            f"InfluxDB at {url} cannot be reached ({_reason(error)}); check that it runs, and influxdb.url, proxy, "
            "ca_file, verify_tls and the time-outs"
        ) from error


def _reason(error: Exception) -> str:
    """The name of what went wrong in the end, below the tries that were made."""
    return type(getattr(error, "reason", None) or error).__name__


def _check_authority(file: str) -> None:
    if file and not Path(file).is_file():
        raise SettingsError(f"influxdb.ca_file names {file}, which is no file; name the PEM file of the authority")


def _rfc3339(nanoseconds: int) -> str:
    """A time as text, because a datetime would cut it to microseconds."""
    return f"{np.datetime64(nanoseconds, 'ns')}Z"


def _refusal(error: ApiException, bucket: str, org: str) -> str:
    said = said_by(error)
    match error.status:
        case 401 | 403:
            return (
                f"refused the token ({error.status}); check TRAPPVAKT_INFLUXDB_TOKEN or influxdb.token_file, and that "
                f"the token may read and write bucket {bucket} of organisation {org}"
            )
        case 404 | 400 if error.status == 404 or "organization name" in said:  # a query says 400, a write 404
            return (
                f"has no bucket {bucket} in organisation {org}, or the token may not see it ({said}); create it, or "
                "check influxdb.org and the influxdb buckets"
            )
        case 400 | 422 if "field type conflict" in said or "unsupported input type" in said:  # of a write, of a query
            return (
                f"holds the field as another type in bucket {bucket} ({said}); let every writer send count as an "
                'integer (count=3i), and delete what is none, as a text is (count="3")'
            )
        case _:
            return f"refused the request on bucket {bucket} ({error.status}: {said})"


def said_by(error: ApiException) -> str:
    """What the server says of its refusal."""
    try:
        return str(json.loads(error.body)["message"])
    except (TypeError, ValueError, KeyError):
        return str(error.reason)
