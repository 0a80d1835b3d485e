"""The outbox: what is queued is tried, ever more seldom, until it is taken or nobody tries any longer.

An attempt is recorded before it is made, so that a crash neither repeats it at once nor loses it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

import msgspec

from service.domain.deliveries import Delivery, DeliveryStatus
from service.errors import MailError, SettingsError, WebhookError
from service.ports import Ports

OLDEST = timedelta(days=7)
"""What happened longer ago is news to nobody, also not to a recipient who is new."""
FIRST_DELAY, LONGEST_DELAY = timedelta(minutes=1), timedelta(hours=6)
"""Between attempts: doubled from one to the next."""


def is_due(ports: Ports, delivery: Delivery) -> bool:
    """Whether its next attempt has come."""
    return delivery.next_attempt is None or delivery.next_attempt <= ports.clock.now()


def attempt(
    ports: Ports, delivery: Delivery, send: Callable[[], None], *, give_up_hours: int, jitter: float = 0.0
) -> None:
    """Try once, and record how it went; ``jitter`` as of :func:`delay_before`.

    Raises
    ------
    MailError, WebhookError, SettingsError
        What ``send`` raised; it is tried again later, unless it was queued more than ``give_up_hours`` ago.
    """
    now, attempts = ports.clock.now(), delivery.attempts + 1
    delay = delay_before(attempts, jitter * _fraction(delivery, attempts))
    tried = msgspec.structs.replace(delivery, attempts=attempts, next_attempt=now + delay)
    ports.deliveries.put(tried)
    try:
        send()
    except (MailError, WebhookError, SettingsError) as error:
        if now - delivery.queued >= timedelta(hours=give_up_hours):
            give_up(ports, tried, str(error))
        else:
            ports.deliveries.put(msgspec.structs.replace(tried, error=str(error)))
        raise
    sent = msgspec.structs.replace(tried, status=DeliveryStatus.SENT, sent=now, next_attempt=None, error=None)
    ports.deliveries.put(sent)


def give_up(ports: Ports, delivery: Delivery, why: str) -> None:
    """Try no longer."""
    ports.deliveries.put(
        msgspec.structs.replace(delivery, status=DeliveryStatus.GIVEN_UP, next_attempt=None, error=why)
    )


def queue_again(ports: Ports, delivery: Delivery) -> Delivery:
    """Begin anew, whatever became of it."""
    now = ports.clock.now()
    anew = msgspec.structs.replace(
        delivery, status=DeliveryStatus.WAITING, queued=now, attempts=0, next_attempt=now, sent=None, error=None
    )
    ports.deliveries.put(anew)
    return anew


def delay_before(attempts: int, longer: float = 0.0) -> timedelta:
    """How long to wait after so many attempts, by a share ``longer``.

    Examples
    --------
    >>> [str(delay_before(attempts)) for attempts in (1, 2, 5, 50)]
    ['0:01:00', '0:02:00', '0:16:00', '6:00:00']
    >>> str(delay_before(2, longer=0.5))
    '0:03:00'
    """
    return min(LONGEST_DELAY, FIRST_DELAY * (1 << min(attempts - 1, 30))) * (1 + longer)


def _fraction(delivery: Delivery, attempts: int) -> float:
    """In [0, 1), spread over deliveries and attempts; read off their names, so that nothing hangs on chance."""
    named = f"{delivery.tenant}\n{delivery.item}\n{delivery.recipient}\n{attempts}"
    return int.from_bytes(hashlib.sha256(named.encode()).digest()[:4], "big") / 2**32
