"""A receiver of webhooks that really listens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.receivers import Receiver, receiver


@pytest.fixture
def host() -> Iterator[Receiver]:
    with receiver() as running:
        yield running
