"""What is said when there is no InfluxDB, or not all of an answer; needs no server."""

from __future__ import annotations

import socket
import traceback

import pytest

from service.errors import StoreError
from service.settings.sections import InfluxDB
from service.stores.influx.annotated_csv import Answer
from service.stores.influx.connection import InfluxConnection

TOKEN = "token-that-nobody-may-see"  # noqa: S105


def settings(url: str) -> InfluxDB:
    return InfluxDB(
        url=url,
        org="o",
        counts_bucket="",
        verdicts_bucket="",
        token_file="",
        timeout_seconds=0.2,  # finer than a settings file can say
        connect_timeout_seconds=0.2,
        verify_tls=True,
        ca_file="",
        proxy="",
        reconcile_days=7,
    )


@pytest.mark.usefixtures("tried_again_at_once")
@pytest.mark.parametrize("listening", [False, True], ids=["refused", "silent"])
def test_unreachable_server_is_told(listening: bool) -> None:
    """Nobody listens, or somebody does and never answers; the message says what to check and shows no token."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if listening:
            server.listen()
        connection = InfluxConnection(settings(f"http://127.0.0.1:{server.getsockname()[1]}"), lambda: TOKEN)
        with pytest.raises(StoreError, match=r"cannot be reached .* check that it runs, and influxdb\.url") as refused:
            connection.write("b", ["presence count=1i 1"])
    assert TOKEN not in "".join(traceback.format_exception(refused.value))


def test_answer_that_breaks_off_is_told() -> None:
    """InfluxDB tells an error that comes late as a table behind the rows."""
    answer = b",result,table,_value\r\n,_result,0,3\r\n\r\nerror,reference\r\nout of memory,897\r\n"
    with pytest.raises(StoreError, match="broke off its answer: out of memory"):
        Answer(answer)
    for cut in (b",result,table,_value\r\n,_result,0", b',result,table,_value\r\n,_result,0,"3\r\n'):
        with pytest.raises(StoreError, match="ends amid a row"):
            Answer(cut)


def test_quoted_names_and_empty_answers_are_read() -> None:
    """Commas, quotes and other tables' columns stay what they are."""
    answer = (
        ',result,table,_value,space\r\n,_result,0,3,"vind, ""övre"""\r\n\r\n,result,table,_value\r\n,_result,1,4\r\n'
    )
    read = Answer(answer.encode())
    assert read.columns(["_value", "space"]) == {"_value": ["3", "4"], "space": ['vind, "övre"', ""]}
    assert read.integers("_value").tolist() == [3, 4]
    for empty in (b"", b"\r\n", b",result,table,_value\r\n"):
        assert Answer(empty).columns(["_value"]) == {"_value": []}
        assert Answer(empty).tables(["space"])[0] == {"space": []}
