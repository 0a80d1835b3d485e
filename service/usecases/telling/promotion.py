"""Telling that another model version is the champion: every change of it once, wherever a promotion was cut short."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from service.domain.deliveries import Told
from service.domain.events import Event, EventType, ModelPromoted
from service.domain.keys import EVERY_TENANT
from service.ports import Ports
from service.usecases.telling.publish import publish

TOPIC = SUBJECT = "champion"


def tell_promotion(ports: Ports, replaced: str | None = None) -> None:
    """Publish that the champion is another than the one last told of.

    A promotion calls it when it is done, the scheduler with every tick, for one that was killed before it could.

    Parameters
    ----------
    ports
        The state and the outbox.
    replaced
        The champion before, should none have been told of yet; by default, the one there is goes without saying.
    """
    manifest = ports.state.manifest()
    if manifest is None:
        return
    told = next(iter(ports.deliveries.told(EVERY_TENANT, TOPIC)), None)
    before = msgspec.json.decode(told.document, type=ModelPromoted).version if told else replaced
    if told and before == manifest.version:
        return
    sequence = told.sequence + 1 if told else 1
    watermark = datetime.fromtimestamp(manifest.watermark, UTC)
    promoted = ModelPromoted(version=manifest.version, replaced=before, watermark=watermark)
    with ports.deliveries.transaction():
        if before not in (None, manifest.version):
            publish(ports, _event(ports, promoted, sequence))
        document = msgspec.json.encode(promoted)
        remembered = Told(tenant=EVERY_TENANT, topic=TOPIC, subject=SUBJECT, sequence=sequence, document=document)
        ports.deliveries.remember(remembered)


def _event(ports: Ports, promoted: ModelPromoted, sequence: int) -> Event:
    return Event(
        type=EventType.MODEL_PROMOTED,
        tenant=None,
        key=f"{SUBJECT}/{sequence}",
        subject=SUBJECT,
        time=ports.clock.now(),
        data=promoted,
        sequence=sequence,
    )
