"""Limits of requests: so many a minute by each key, counted over all processes in fixed windows of time."""

from __future__ import annotations

import hmac
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
    SIGN_INS = "sign_ins"


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
        return f"{'dashboard' if self.policy is Policy.SIGN_INS else 'api'}.{self.policy}_per_minute"


def count_request(ports: Ports, key: Key, policy: Policy) -> Allowance | None:
    """Count a request of a key; None where nothing is limited.

    A limit protects the others from a program gone wild. When it cannot be told, requests are answered all the same.
    """
    api = ports.settings.api
    return _count(
        ports, key.key_id, policy, api.writes_per_minute if policy is Policy.WRITES else api.requests_per_minute
    )


def count_sign_in(ports: Ports, origin: str) -> Allowance | None:
    """Count a try to sign in; None where nothing is limited.

    Parameters
    ----------
    ports
        The counter.
    origin
        The address it came from. Addresses are counted in 256 drawers that only who has the secret of sessions can
        tell: so what is kept names nobody, and does not grow with those who try.
    """
    drawer = hmac.digest(ports.session_secret.read(), origin.encode(), "sha256")[0]
    return _count(ports, f"drawer {drawer}", Policy.SIGN_INS, ports.settings.dashboard.sign_ins_per_minute)


def _count(ports: Ports, who: str, policy: Policy, quota: int) -> Allowance | None:
    if not quota:
        return None
    window, elapsed = divmod(int(ports.clock.now().timestamp()), WINDOW_SECONDS)
    try:
        counted = ports.requests.count(who, policy, window)
    except StoreError as error:
        _log.warning("requests are not limited", reason=str(error))
        return None
    return Allowance(policy, quota, quota - counted, WINDOW_SECONDS - elapsed)
