"""Settings: config/default.toml holds every default, the user's file overrides single keys. Read once, at start-up."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from enum import Enum
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import msgspec

from service.errors import SettingsError
from service.settings.calendars import check_areas, holiday_dates
from service.settings.mail import Mail, check_mail
from service.settings.retention import Retention, check_retention
from service.settings.sections import (
    Advance,
    Api,
    Dashboard,
    Detector,
    Gates,
    General,
    Hotspots,
    InfluxDB,
    Log,
    Places,
    Readings,
    Retraining,
    Schema,
    Sensors,
    Store,
    Window,
)
from service.settings.webhooks import Webhooks, check_webhooks


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
    retention: Retention
    mail: Mail
    webhooks: Webhooks
    api: Api
    dashboard: Dashboard
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
    chosen = settings_file(path, environment)
    document = tomllib.loads(resources.files("service.settings").joinpath("default.toml").read_text("utf-8"))
    if chosen:
        _merge(document, read_settings_file(chosen), str(chosen))
    for dotted, value in (overrides or {}).items():
        section, key = dotted.split(".")
        _merge(document, {section: {key: value}}, "the command line")
    by_hand = set(overrides or {}) - {"general.data_dir"}  # any folder will do, so what is odd is elsewhere
    origins = ([str(chosen)] if chosen else []) + (["the command line"] if by_hand else [])
    return _validated(document, " and ".join(origins) or "the defaults")


def settings_file(path: Path | None = None, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The user's file: ``path``, or the one that TRAPPVAKT_CONFIG names, if any."""
    named = environment.get("TRAPPVAKT_CONFIG")
    return path or (Path(named) if named else None)


def read_settings_file(path: Path) -> dict[str, Any]:
    """What a file says, as it stands there; `load_settings` tells whether that makes sense.

    Raises
    ------
    SettingsError
        If the file cannot be read or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))  # editors of Windows begin a file with a byte order mark
    except OSError as error:
        raise SettingsError(f"the settings file {path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"the settings file {path} is not UTF-8; save it as such") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"the settings file {path} is not valid TOML: {error}") from error


def influxdb_token(settings: Settings, environment: Mapping[str, str] = os.environ) -> str:
    """The token for InfluxDB, from the environment or from the file the settings name.

    Raises
    ------
    SettingsError
        If there is none, or what is there is no token.
    """
    if token := environment.get("TRAPPVAKT_INFLUXDB_TOKEN", "").strip():
        return checked_token(token, "TRAPPVAKT_INFLUXDB_TOKEN")
    if file := settings.influxdb.token_file:
        try:
            if token := Path(file).read_text("utf-8", "replace").strip():
                return checked_token(token, f"influxdb.token_file {file}")
        except OSError as error:
            raise SettingsError(f"influxdb.token_file cannot be read: {error}") from error
    raise SettingsError(
        "InfluxDB needs a token: set TRAPPVAKT_INFLUXDB_TOKEN, or influxdb.token_file to a file that holds it"
    )


def checked_token(token: str, where: str) -> str:
    """The token, if a request can carry it; ``where`` it comes from is told, but not what it is.

    Raises
    ------
    SettingsError
        If not.
    """
    if not re.fullmatch("[!-~]+", token):
        raise SettingsError(f"{where} holds no token; a token is one line of ASCII without spaces")
    return token


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
    if settings.advance.backend == "dask" and not settings.advance.dask_scheduler:
        raise SettingsError(
            f'{origin}: advance.backend is "dask"; name the cluster by advance.dask_scheduler ("tcp://machine:8786")'
        )
    holiday_dates(settings.general.holidays, settings.general.extra_holidays, range(2026, 2027))
    try:
        check_areas(settings.general.holidays, settings.general.areas)
        check_mail(settings.mail)
        check_webhooks(settings.webhooks)
        check_retention(
            settings.retention,
            hotspots=settings.hotspots,
            retraining=settings.retraining,
            advance=settings.advance,
            influxdb=settings.influxdb,
        )
    except SettingsError as error:
        raise SettingsError(f"{origin}: {error}") from error
    return settings


def _readable(error: msgspec.ValidationError) -> str:
    """Name the key first; of what it takes the values, where they can be counted, or words in place of a pattern."""
    what, _, where = str(error).replace("`", "").partition(" - at $.")
    if what.startswith("Invalid enum value"):
        kind = _annotation(where)
        values = list(kind) if isinstance(kind, type) and issubclass(kind, Enum) else get_args(kind)
        what = f"{what.replace(' enum', '')}; use one of {', '.join(map(str, values))}"
    elif what.startswith("Expected str matching regex"):
        what = f"expected {_annotation(where).__metadata__[0].description}"
    elif what.startswith("Invalid RFC3339"):
        what = "expected a date like 2026-12-24"
    return f"{where}: {what[0].lower()}{what[1:]}"


def _annotation(where: str) -> Any:
    """What the types say of a key such as ``webhooks.subscriptions[0].name``."""
    found: Any = Settings
    for name, _index in re.findall(r"(\w+)|\[(\d+)\]", where):
        bare = get_args(found)[0] if get_origin(found) is Annotated else found
        found = get_type_hints(bare, include_extras=True)[name] if name else get_args(bare)[0]
    return found
