"""The sections of the settings; config/default.toml says what each key is for."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from service.settings.calendars import AreaCalendar

Positive = Annotated[int, Meta(ge=1)]
NotNegative = Annotated[int, Meta(ge=0)]
_NAME = "a letter, and then letters, digits and . _ : -"
Name = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_.:-]*$(?!\n)", max_length=100, description=_NAME)]
NameIfAny = Annotated[
    str, Meta(pattern=r"^([A-Za-z][A-Za-z0-9_.:-]*)?$(?!\n)", max_length=100, description=f"{_NAME}; or nothing")
]


class General(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where data lives and which calendar people keep."""

    data_dir: str
    timezone: str
    holidays: str
    extra_holidays: tuple[date, ...]
    areas: tuple[AreaCalendar, ...]


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Length of a window and how long late readings are waited for."""

    minutes: Literal[1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60]
    lateness_minutes: NotNegative


class Places(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of readings from unknown places."""

    mode: Literal["learning", "strict"]


class Readings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How readings that are no counts become counts."""

    longest_gap_minutes: Positive
    shortest_stay_minutes: Annotated[int, Meta(ge=0, le=1440)]


class Sensors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a device is taken for faulty."""

    false_silences_per_1000_weeks: Annotated[float, Meta(gt=0, le=1000)]
    examine_at_hour: Annotated[int, Meta(ge=0, le=23)]


class Schema(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What measurement, field and tags of counts are called, in line protocol and in InfluxDB."""

    measurement: Name
    field: Name
    tenant_tag: NameIfAny
    stairwell_tag: NameIfAny
    space_tag: NameIfAny
    kind_tag: NameIfAny
    sensor_tag: Name
    tenant: Annotated[str, Meta(max_length=100)]


OWN_SCHEMA = Schema("presence", "count", "tenant", "stairwell", "space", "kind", "sensor", "")
"""As Trappvakt itself calls them."""


class Store(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where counts and verdicts live."""

    kind: Literal["sqlite", "influxdb"]


class InfluxDB(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to reach InfluxDB 2; the token is no setting but a secret."""

    url: Annotated[str, Meta(pattern="^https?://", description="an address like http://influxdb:8086")]
    org: str
    counts_bucket: str
    verdicts_bucket: str
    token_file: str
    timeout_seconds: Positive
    connect_timeout_seconds: Positive
    verify_tls: bool
    ca_file: str
    proxy: Annotated[str, Meta(pattern="^(https?://.*)?$", description="an address like http://proxy:3128, or nothing")]
    reconcile_days: Annotated[int, Meta(ge=0, le=3660)]


class Detector(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The alarms people can bear."""

    episodes_per_100_stairwell_weeks: Annotated[float, Meta(gt=0, le=1000)]
    silence_odds: Annotated[float, Meta(gt=0, lt=1)]


class Advance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How ticks are run."""

    interval_seconds: Positive
    commit_windows: Positive
    checkpoint_weeks: Positive
    shard_series: Positive
    workers: Positive
    backend: Literal["loky", "dask"]
    dask_scheduler: str


class Retraining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How versions are made from the stored counts."""

    every_weeks: NotNegative
    weeks: Annotated[int, Meta(ge=4, le=520)]
    workers: Positive
    candidates: Annotated[int, Meta(ge=0, le=12)]
    simulated_share: Annotated[float, Meta(ge=0.01, le=1.0)]
    sample_series: Annotated[int, Meta(ge=10)]


class Hotspots(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How lists are made."""

    days: Annotated[int, Meta(ge=2, le=366)]
    top: Annotated[int, Meta(ge=1, le=10_000)]
    false_discovery_rate: Annotated[float, Meta(gt=0, lt=1)]
    least_confidence: Annotated[float, Meta(ge=0, lt=1)]
    overtake_margin: Annotated[float, Meta(ge=0, le=10)]
    min_dwellings: NotNegative
    schedule: Literal["daily", "weekly"]
    make_on_weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    make_at_hour: Annotated[int, Meta(ge=0, le=23)]
    by_area: bool
    keep_days: Positive
    share_with_police: tuple[str, ...]


class Gates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the trial of a model version has to show before it is put in force."""

    calibration_ratio: Annotated[float, Meta(gt=1, le=10)]
    recall_loss: Annotated[float, Meta(ge=0, le=1)]
    list_overlap: Annotated[float, Meta(ge=0, le=1)]


class Api(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the API is served."""

    host: str
    port: Annotated[int, Meta(ge=0, le=65_535)]
    workers: Positive
    threads: Positive
    max_body_bytes: Positive
    max_page: Positive
    stalled_seconds: Positive
    writes_per_minute: NotNegative
    requests_per_minute: NotNegative
    health_seconds: NotNegative


class Dashboard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How people sign in to the pages."""

    session_hours: Annotated[int, Meta(ge=1, le=168)]
    sign_ins_per_minute: NotNegative


class Log(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is logged and how."""

    level: Literal["debug", "info", "warning", "error"]
    format: Literal["auto", "json", "logfmt", "console"]
