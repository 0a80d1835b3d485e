"""What a key may still ask, as the headers of draft-ietf-httpapi-ratelimit-headers-10 tell it."""

from __future__ import annotations

from collections.abc import Mapping

from flask import g

from service.domain.keys import Key
from service.errors import TooManyRequests
from service.ports import Ports
from service.usecases.request_limits import WINDOW_SECONDS, Allowance, Policy, count_request, count_sign_in

POLICY, LEFT = "RateLimit-Policy", "RateLimit"
HEADERS = {
    POLICY: 'What a key may ask: `"requests";q=600;w=60` is a quota of 600 requests in 60 seconds.',
    LEFT: 'What it has left: `"requests";r=599;t=42` is 599 requests for 42 more seconds.',
}


def limit(key: Key, policy: Policy, ports: Ports) -> None:
    """Count a request of a key.

    Raises
    ------
    TooManyRequests
        If it has asked too often.
    """
    _check("the key", count_request(ports, key, policy))


def limit_sign_ins(address: str, ports: Ports) -> None:
    """Count a try to sign in from an address; raises TooManyRequests."""
    _check("somebody at your address", count_sign_in(ports, address))


def _check(who: str, allowance: Allowance | None) -> None:
    g.allowance = allowance
    if allowance and allowance.remaining < 0:
        raise TooManyRequests(
            f"{who} has made more than {allowance.quota} requests of this kind in a minute ({allowance.setting}); "
            f"the next is taken in {allowance.reset_seconds} seconds",
            allowance.reset_seconds,
        )


def limit_headers() -> Mapping[str, str]:
    """The headers of the request that is being answered; none where nothing is limited."""
    allowance: Allowance | None = g.get("allowance")
    if allowance is None:
        return {}
    return {
        POLICY: f'"{allowance.policy}";q={allowance.quota};w={WINDOW_SECONDS}',
        LEFT: f'"{allowance.policy}";r={max(0, allowance.remaining)};t={allowance.reset_seconds}',
    }
