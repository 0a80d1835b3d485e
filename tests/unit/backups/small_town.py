"""A small town of two weeks, one of them scored; its backup, and what is restored from that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from models.city import simulate_city
from service.bootstrap import build_backups
from service.domain.keys import Role
from service.ports import Ports
from service.usecases.backups import make_backup, restore_backup
from service.usecases.keys import create_key
from service.usecases.learning.advance import advance
from tests.worlds import TENANT, city_points, end_of, register_city, sqlite_ports

CITY = simulate_city(5, stairwells=4, weeks=2)
NOW = end_of(CITY) + timedelta(minutes=40)
HALF = slice(0, len(CITY.starts) // 2)


def quiet(_done: int, _total: int) -> None:
    """Nobody watches."""


def back_up(ports: Ports, target: Path, progress: Callable[[int, int], None] = quiet) -> str:
    return make_backup(ports, build_backups(ports.settings), target, "test", progress).digest


def restored(source: Path, into: Path, digest: str | None = None) -> Ports:
    ports = sqlite_ports(into, NOW)
    restore_backup(ports, build_backups(ports.settings), source, digest, "test", quiet)
    return ports


def half_scored(folder: Path) -> Ports:
    """One of two weeks is counted and scored."""
    ports = sqlite_ports(folder, NOW, advance__commit_windows=24)
    register_city(ports, CITY)
    ports.counts.append(city_points(CITY, HALF))
    create_key(ports, Role.OPERATOR, TENANT, "test")
    advance(ports)
    folder.chmod(0o700)
    return ports
