"""Settings: config/default.toml holds every default, the user's file overrides single keys. Read once, at start-up."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from service.calendar_settings import AreaCalendar, check_areas, holiday_dates
from service.errors import SettingsError
from service.mail_settings import Mail, check_mail
from service.webhook_settings import Webhooks, check_webhooks

Positive = Annotated[int, Meta(ge=1)]
NotNegative = Annotated[int, Meta(ge=0)]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_.:-]*$(?!\n)", max_length=100)]
NameIfAny = Annotated[str, Meta(pattern=r"^([A-Za-z][A-Za-z0-9_.:-]*)?$(?!\n)", max_length=100)]


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
    lateness_minutes: Annotated[int, Meta(ge=0)]


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

    url: Annotated[str, Meta(pattern="^https?://")]
    org: str
    counts_bucket: str
    verdicts_bucket: str
    token_file: str
    timeout_seconds: Positive
    connect_timeout_seconds: Positive
    verify_tls: bool
    ca_file: str
    proxy: Annotated[str, Meta(pattern="^(https?://.*)?$")]
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


class Retraining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How versions are made from the stored counts."""

    every_weeks: NotNegative
    weeks: Annotated[int, Meta(ge=4, le=520)]
    workers: Positive
    candidates: Annotated[int, Meta(ge=0, le=12)]
    sample_series: Annotated[int, Meta(ge=10)]


class Hotspots(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How lists are made."""

    days: Annotated[int, Meta(ge=2, le=366)]
    top: Annotated[int, Meta(ge=1, le=10_000)]
    false_discovery_rate: Annotated[float, Meta(gt=0, lt=1)]
    overtake_margin: Annotated[float, Meta(ge=0, le=10)]
    min_dwellings: Annotated[int, Meta(ge=0)]
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
    writes_per_minute: NotNegative
    requests_per_minute: NotNegative
    health_seconds: NotNegative


class Log(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is logged and how."""

    level: Literal["debug", "info", "warning", "error"]
    format: Literal["auto", "json", "logfmt", "console"]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    general: General
    window: Window
    places: Places
    readings: Readings
    sensors: Sensors
    schema: Schema
    store: Store
    influxdb: InfluxDB
    detector: Detector
    advance: Advance
    retraining: Retraining
    hotspots: Hotspots
    gates: Gates
    mail: Mail
    webhooks: Webhooks
    api: Api
    log: Log

    @property
    def data_dir(self) -> Path:
        """Folder of the embedded stores."""
        return Path(self.general.data_dir)

    @property
    def window_seconds(self) -> int:
        """Length of a window in seconds."""
        return self.window.minutes * 60


def load_settings(
    path: Path | None = None,
    environment: Mapping[str, str] = os.environ,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Defaults, then the user's file, then ``overrides`` ({"api.port": 9000}).

    The file is ``path`` or the one that TRAPPVAKT_CONFIG names.

    Raises
    ------
    SettingsError
        If the file cannot be read, a key is unknown or a value is odd; the message names the key.
    """
    named = environment.get("TRAPPVAKT_CONFIG")
    chosen = path or (Path(named) if named else None)
    document = tomllib.loads(resources.files("service").joinpath("default.toml").read_text("utf-8"))
    if chosen:
        _merge(document, _read(chosen), str(chosen))
    for dotted, value in (overrides or {}).items():
        section, key = dotted.split(".")
        _merge(document, {section: {key: value}}, "the command line")
    origins = ([str(chosen)] if chosen else []) + (["the command line"] if overrides else [])
    return _validated(document, " and ".join(origins) or "the defaults")


def influxdb_token(settings: Settings, environment: Mapping[str, str] = os.environ) -> str:
    """The token for InfluxDB, from the environment or from the file the settings name.

    Raises
    ------
    SettingsError
        If there is none.
    """
    if token := environment.get("TRAPPVAKT_INFLUXDB_TOKEN", "").strip():
        return token
    if settings.influxdb.token_file:
        try:
            if token := Path(settings.influxdb.token_file).read_text("utf-8").strip():
                return token
        except OSError as error:
            raise SettingsError(f"influxdb.token_file cannot be read: {error}") from error
    raise SettingsError(
        "InfluxDB needs a token: set TRAPPVAKT_INFLUXDB_TOKEN, or influxdb.token_file to a file that holds it"
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"the settings file {path} cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the settings file {path} is not valid TOML: {error}") from error


def _merge(document: dict[str, Any], changes: Mapping[str, Any], origin: str) -> None:
    for section, values in changes.items():
        if section not in document:
            raise SettingsError(f"{origin}: there is no section [{section}]; known are {', '.join(document)}")
        if not isinstance(values, dict):
            raise SettingsError(f"{origin}: {section} is a section, so write [{section}] and its keys below it")
        for key, value in values.items():
            if key not in document[section]:
                known = ", ".join(document[section])
                raise SettingsError(f"{origin}: there is no key {section}.{key}; known are {known}")
            document[section][key] = value


def _validated(document: dict[str, Any], origin: str) -> Settings:
    try:
        settings = msgspec.convert(document, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{origin}: {_readable(error)}") from error
    try:
        ZoneInfo(settings.general.timezone)
    except (KeyError, ValueError, OSError) as error:
        raise SettingsError(f"{origin}: general.timezone is {settings.general.timezone!r}, not an IANA name") from error
    tags = [
        tag for name in Schema.__struct_fields__ if name.endswith("_tag") if (tag := getattr(settings.schema, name))
    ]
    if len(set(tags)) < len(tags):
        raise SettingsError(f"{origin}: two of the schema's tags have one name ({', '.join(tags)}); give each its own")
    holiday_dates(settings.general.holidays, settings.general.extra_holidays, range(2026, 2027))
    try:
        check_areas(settings.general.holidays, settings.general.areas)
        check_mail(settings.mail)
        check_webhooks(settings.webhooks)
    except SettingsError as error:
        raise SettingsError(f"{origin}: {error}") from error
    return settings


def _readable(error: msgspec.ValidationError) -> str:
    """Name the key first, and the values it takes where they can be counted."""
    what, _, where = str(error).replace("`", "").partition(" - at $.")
    section, _, key = where.partition(".")
    known = get_args(get_type_hints(get_type_hints(Settings)[section]).get(key))
    if what.startswith("Invalid enum value"):
        what = f"{what.replace(' enum', '')}; use one of {', '.join(map(str, known))}"
    return f"{where}: {what[0].lower()}{what[1:]}"
