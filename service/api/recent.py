"""Answers that anybody may ask for, without asking the stores each time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from service.errors import TrappvaktError
from service.ports.clock import Clock

Answer = TypeVar("Answer")


class Recent(Generic[Answer]):
    """Asks again once the last answer, or failure, is old; one thread asks, the others wait for it.

    Parameters
    ----------
    ask
        What gives the answer.
    clock
        What time it is.
    seconds
        How long an answer is good; 0: it is asked for each time.
    """

    def __init__(self, ask: Callable[[], Answer], clock: Clock, seconds: int) -> None:
        self._ask = ask
        self._clock = clock
        self._good = timedelta(seconds=seconds)
        self._lock = threading.Lock()
        self._asked: datetime | None = None
        self._answer: Answer | TrappvaktError

    def __call__(self) -> Answer:
        """The answer; raises what asking raised."""
        with self._lock:
            now = self._clock.now()
            if self._asked is None or not timedelta(0) <= now - self._asked < self._good:
                self._answer, self._asked = self._outcome(), now
            answer = self._answer
        if isinstance(answer, TrappvaktError):
            raise answer.with_traceback(None)
        return answer

    def _outcome(self) -> Answer | TrappvaktError:
        try:
            return self._ask()
        except TrappvaktError as error:
            return error
