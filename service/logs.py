"""Structured logs on standard error: JSON or logfmt for machines, colours on a terminal, and no secret in any."""

from __future__ import annotations

import logging
import re
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from service.settings.sections import Log

HIDDEN = "***"
_SECRET_NAME = re.compile(r"token|secret|password|authorization", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"\btv_[\w-]{8,}|(?<=Token )\S+|(?<=Bearer )\S+")


def configure_logging(log: Log, stream: TextIO | None = None) -> None:
    """Send structlog's events and those of the standard library's loggers the same way.

    Parameters
    ----------
    log
        Level and format; ``auto`` is ``console`` on a terminal and ``json`` otherwise.
    stream
        Defaults to standard error, so that a command's output stays clean.
    """
    out = stream or sys.stderr
    chosen = log.format if log.format != "auto" else "console" if out.isatty() else "json"
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_RENDERERS[chosen]],
        )
    )
    logging.basicConfig(level=log.level.upper(), handlers=[handler], force=True)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)  # its every run is our tick, logged as such


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blank what is a secret by its name or looks like one of our keys, wherever it stands in an event."""
    return {name: HIDDEN if _SECRET_NAME.search(name) else _hidden(value) for name, value in event.items()}


def _hidden(value: object) -> object:
    return _SECRET_VALUE.sub(HIDDEN, value) if isinstance(value, str) else value


def _in_words(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Lists as their elements with commas between, because logfmt knows texts and numbers only."""
    return {name: ",".join(map(str, one)) if isinstance(one, list | tuple) else one for name, one in event.items()}


_LOGFMT = structlog.processors.LogfmtRenderer(
    key_order=["timestamp", "level", "event"], drop_missing=True, bool_as_flag=False
)
_RENDERERS: dict[str, list[Processor]] = {
    "console": [structlog.dev.ConsoleRenderer()],
    "json": [structlog.processors.JSONRenderer(ensure_ascii=False, default=str)],
    "logfmt": [_in_words, _LOGFMT],
}
