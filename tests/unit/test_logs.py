"""Logs: one shape for everybody's records, and no secret in them."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from service.logs import HIDDEN, configure_logging
from service.settings.sections import Log

TOKEN = "tv_kWcq-0Zb3hN_6yUe"  # noqa: S105 - opens nothing


@pytest.fixture
def lines(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What is written to the log, at level info, as JSON unless a test asks for another format."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure_logging(Log(level="info", format=getattr(request, "param", "json")), stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_an_event_is_one_json_object(lines: io.StringIO) -> None:
    """Time, level, event and its fields, on one line."""
    structlog.get_logger("test").info("tick", windows=3, place="Söder")
    record = json.loads(lines.getvalue())
    assert record["event"] == "tick"
    assert (record["level"], record["windows"], record["place"]) == ("info", 3, "Söder")
    assert record["timestamp"].endswith("Z")


@pytest.mark.parametrize("lines", ["logfmt"], indirect=True)
def test_an_event_is_one_line_of_logfmt(lines: io.StringIO) -> None:
    """Time, level and event first; lists with commas, texts quoted, line breaks escaped, and no secret."""
    log = structlog.get_logger("test")
    log.warning("tick", failed=["mail", "lists"], mail_error=f"key {TOKEN}:\nrefused", seconds=0.25, version=None)
    assert lines.getvalue().count("\n") == 1
    stamp, _, rest = lines.getvalue().partition(" ")
    assert stamp.startswith("timestamp=2")
    assert (
        rest
        == f'level=warning event=tick failed=mail,lists mail_error="key {HIDDEN}:\\nrefused" seconds=0.25 version=\n'
    )


def test_records_of_libraries_have_the_same_shape(lines: io.StringIO) -> None:
    """gunicorn and APScheduler log through the standard library."""
    logging.getLogger("gunicorn.error").warning("worker %s died", 7)
    assert json.loads(lines.getvalue())["event"] == "worker 7 died"


def test_lower_levels_are_left_out(lines: io.StringIO) -> None:
    """At level info nothing of level debug is written."""
    structlog.get_logger("test").debug("detail")
    assert lines.getvalue() == ""


@pytest.mark.parametrize(
    "fields",
    [
        {"token": TOKEN},
        {"influxdb_token": "abc"},
        {"Authorization": f"Token {TOKEN}"},
        {"header": "Token abcdef"},
        {"header": "Bearer abcdef"},
        {"message": f"the key {TOKEN} is unknown"},
    ],
)
def test_secrets_are_hidden(lines: io.StringIO, fields: dict[str, str]) -> None:
    """By name and by look."""
    structlog.get_logger("test").info("request", **fields)
    text = lines.getvalue()
    assert HIDDEN in text
    assert not any(secret in text for secret in (TOKEN, "abc"))


def test_secrets_are_hidden_in_a_traceback(lines: io.StringIO) -> None:
    """An exception may carry one in its message."""
    try:
        int(TOKEN)
    except ValueError:
        structlog.get_logger("test").exception("failed")
    assert "ValueError" in lines.getvalue()
    assert TOKEN not in lines.getvalue()
