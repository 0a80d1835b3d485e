"""Limits of requests: so many a minute by each key, counted over all processes in fixed windows of time."""

from __future__ import annotations

from enum import StrEnum

import msgspec
import structlog

from service.domain.keys import Key
from service.errors import StoreError
from service.ports import Ports

WINDOW_SECONDS = 60

_log = structlog.get_logger(__name__)


class Policy(StrEnum):
    """What is limited together."""

    WRITES = "writes"
    REQUESTS = "requests"


class Allowance(msgspec.Struct, frozen=True):
    """What a key has left of a policy.

    ``quota`` is what it has in each window, ``remaining`` what is left of it (negative: it has asked too often), and
    ``reset_seconds`` when the next window begins.
    """

    policy: Policy
    quota: int
    remaining: int
    reset_seconds: int

    @property
    def setting(self) -> str:
        """The setting that says how much it is."""
        return f"api.{self.policy}_per_minute"


def count_request(ports: Ports, key: Key, policy: Policy) -> Allowance | None:
    """Count a request of a key; None where nothing is limited.

    A limit protects the others from a program gone wild. When it cannot be told, requests are answered all the same.
    """
    api = ports.settings.api
    quota = api.writes_per_minute if policy is Policy.WRITES else api.requests_per_minute
    if not quota:
        return None
    window, elapsed = divmod(int(ports.clock.now().timestamp()), WINDOW_SECONDS)
    try:
        counted = ports.requests.count(key.key_id, policy, window)
    except StoreError as error:
        _log.warning("requests are not limited", reason=str(error))
        return None
    return Allowance(policy, quota, quota - counted, WINDOW_SECONDS - elapsed)
