"""What every command shares: the settings asked for, the ports built from them, and who is at the keyboard."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from service.bootstrap import build_ports
from service.errors import InvalidInput
from service.ingest.wall_clock import instants
from service.logs import configure_logging
from service.ports import Ports
from service.settings import Settings, load_settings
from service.settings.sections import Log


@dataclass
class Session:
    """The global options, and what follows from them when a command asks for it.

    Parameters
    ----------
    config, data
        The settings file and the data folder named on the command line, if any.
    """

    config: Path | None = None
    data: Path | None = None

    def settings_with(self, changes: Mapping[str, Any]) -> Settings:
        """The settings with single keys changed ({"api.port": 0})."""
        folder = {"general.data_dir": str(self.data)} if self.data else {}
        return load_settings(self.config, overrides={**folder, **changes})

    @cached_property
    def settings(self) -> Settings:
        """The settings."""
        return self.settings_with({})

    @cached_property
    def ports(self) -> Ports:
        """The ports of a command that ends; only what needs attention is logged."""
        configure_logging(Log(level="warning", format=self.settings.log.format))
        return build_ports(self.settings)

    @property
    def command(self) -> list[str]:
        """This program with the same global options, for a process of our own."""
        named = {"--config": self.config, "--data": self.data}
        options = [word for option, path in named.items() if path for word in (option, str(path.absolute()))]
        return [sys.executable, "-m", "service.cli", *options]

    @property
    def actor(self) -> str:
        """Who is at the keyboard, for the audit."""
        try:
            return f"cli:{getpass.getuser()}"
        except (KeyError, OSError):  # a container's user may have no name
            return "cli"

    def moment(self, option: str, text: str) -> datetime:
        """The time that an option names, in UTC; without an offset by the clock on the wall.

        Raises
        ------
        InvalidInput
            If it is not ISO 8601, or a time that there is not.
        """
        try:
            return instants(text, ZoneInfo(self.settings.general.timezone))[0]
        except ValueError as error:
            raise InvalidInput(f"{option}: {error}") from error

    def tenant(self, given: str | None) -> str:
        """The tenant named, or the only one there is.

        Raises
        ------
        InvalidInput
            If none is named and there is not exactly one.
        """
        if given:
            return given
        tenants = self._tenants()
        if len(tenants) == 1:
            return tenants[0]
        raise InvalidInput(f"name the tenant with --tenant; {self._known(tenants)}")

    def known_tenant(self, given: str | None) -> str:
        """The tenant named, which the register must know, or the only one there is.

        Raises
        ------
        InvalidInput
            If the register does not know the tenant named, or none is named and there is not exactly one.
        """
        if given and (unknown := self.why_unknown(given)):
            raise InvalidInput(f"{unknown}; if it is new, say so with --new-tenant")
        return self.tenant(given)

    def why_unknown(self, tenant: str) -> str | None:
        """What is to be said of a tenant that no place belongs to; None of any other."""
        tenants = self._tenants()
        return None if tenant in tenants else f"there is no housing company {tenant!r}; {self._known(tenants)}"

    def _tenants(self) -> list[str]:
        return sorted({series.tenant for series in self.ports.register.series()})

    def _known(self, tenants: list[str]) -> str:
        """Those there are; where there is none, the folder that was looked into, which may be the wrong one."""
        if tenants:
            return f"known are {', '.join(tenants)}"
        return f"none is known yet in {self.settings.data_dir.absolute()}: import places first, or name another folder"


pass_session = click.make_pass_decorator(Session)

tenant_option = click.option("--tenant", help="Housing company; may be left out where there is only one.")
