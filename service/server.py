"""gunicorn serves API and pages: worker processes that share one socket and are replaced when they die."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any
from wsgiref.types import WSGIApplication

import msgspec
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException, UnsupportedTransferCoding
from gunicorn.workers.gthread import ThreadWorker
from prometheus_client import multiprocess

from service.bootstrap import build_ports
from service.metrics import FOLDER_VARIABLE, open_after_fork
from service.ports import Ports
from service.settings import Settings
from service.supervisor import die_with_parent

_REFUSED = {
    LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
}
_IN_MEMORY = "/dev/shm"  # noqa: S108 - a folder of random name, its owner's alone
_PREFIX = "trappvakt-metrics-"
_YOUNG_SECONDS = 60
"""A folder may be made and not yet held."""


def serve_api(settings: Settings, descriptor: int) -> None:
    """Serve until SIGTERM; returns when the last request is answered.

    Parameters
    ----------
    settings
        ``api`` says with how many processes and threads.
    descriptor
        A listening socket.
    """
    from service.site import create_site  # noqa: PLC0415 - the supervisor, which needs our folder alone, loads none

    ApiServer(settings, descriptor, create_site).run()  # type: ignore[no-untyped-call]


@contextmanager
def metrics_folder() -> Iterator[str]:
    """An empty folder for the metrics of a service, gone with it; in memory where the system has a place for that.

    On a disk that is full, the system ends the process (SIGBUS) that sets a value in a file it has mapped, so that none
    would be left to say that the disk is full. What a killed service has left there is cleared by the next.
    """
    parent = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else gettempdir()
    for left in Path(parent).glob(f"{_PREFIX}*"):
        with suppress(OSError), _locked(left):
            if time.time() - left.stat().st_mtime > _YOUNG_SECONDS:
                shutil.rmtree(left)
    with TemporaryDirectory(prefix=_PREFIX, dir=parent) as folder, ExitStack() as held:
        with suppress(OSError):  # where a file system knows no locks of folders, nothing is cleared
            held.enter_context(_locked(Path(folder)))
        yield folder


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder of our own, as the system does not for the dead; raises OSError if another process does."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


class PlainLogger(Logger):
    """Leaves gunicorn's records to the root logger, which :mod:`service.logs` has set up."""

    def setup(self, cfg: Any) -> None:
        """Take gunicorn's settings without adding handlers."""
        super().setup(cfg)  # type: ignore[no-untyped-call]
        self.error_log.handlers.clear()
        self.error_log.propagate = True

    def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Tell of an exception; of a client that stood still too long in one line, since it is no fault of ours."""
        if isinstance(sys.exc_info()[1], BlockingIOError):
            self.warning("a client stood still for api.stalled_seconds, so its connection was closed")  # type: ignore[no-untyped-call]
        else:
            super().exception(msg, *args, **kwargs)  # type: ignore[no-untyped-call]


class ImpatientWorker(ThreadWorker):
    """Waits ``api.stalled_seconds`` for a client that stands still in the middle of a request.

    gunicorn waits for good, so that a few clients whose network is gone would keep all threads.
    """

    def enqueue_req(self, conn: Any) -> None:
        """Hand a connection to a thread, with an end to how long it waits for the next bytes to come or go."""
        limit = struct.pack("@ll", self.app.stalled_seconds, 0)
        for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            conn.sock.setsockopt(socket.SOL_SOCKET, direction, limit)
        super().enqueue_req(conn)  # type: ignore[no-untyped-call]

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Refuse what is no request with a problem document; gunicorn's answer is a page.

        The log gets none of it: where a colon is missing, gunicorn's words for it have the cookie of a session.
        """
        if req is not None or not isinstance(exc, ParseException):
            super().handle_error(req, client, addr, exc)  # type: ignore[no-untyped-call]
            return
        status = next((status for kind, status in _REFUSED.items() if isinstance(exc, kind)), HTTPStatus.BAD_REQUEST)
        self.log.warning("a request from %s is no HTTP that is taken: %s", (addr or ["?"])[0], type(exc).__name__)
        with suppress(OSError):
            client.sendall(_refusal(status))


class ApiServer(BaseApplication):
    """The API as gunicorn runs it; parameters as of :func:`serve_api`.

    What ``create_site`` stands on is loaded in the master, once, so that a worker shares it and is there at once.
    """

    def __init__(self, settings: Settings, descriptor: int, create_site: Callable[[Ports], WSGIApplication]) -> None:
        self._settings = settings
        self._create_site = create_site
        self.stalled_seconds = settings.api.stalled_seconds
        self._bind = f"fd://{descriptor}"
        super().__init__(prog="trappvakt")  # type: ignore[no-untyped-call]

    def load_config(self) -> None:
        """Translate our settings into gunicorn's."""
        chosen = {
            "bind": self._bind,
            "workers": self._settings.api.workers,
            "threads": self._settings.api.threads,
            "worker_class": ImpatientWorker,
            "logger_class": PlainLogger,
            "graceful_timeout": 10,
            "timeout": 60,
            "control_socket_disable": True,
            "post_fork": _after_fork,
            "child_exit": _forget_metrics,
        }
        configuration: Any = self.cfg
        for name, value in chosen.items():
            if name in configuration.settings:  # older gunicorns have no control socket to disable
                configuration.set(name, value)

    def load(self) -> Any:
        """Build the application inside the worker: connections to stores do not survive a fork."""
        site = self._create_site(build_ports(self._settings))
        return lambda environ, start_response: site(_with_whole_body(environ), start_response)


class ChunkedBody:
    """A body in chunks, whose faults are errors of reading: werkzeug knows those for the client's.

    Parameters
    ----------
    body
        gunicorn's, whose own errors would be taken for a fault of the service.
    """

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int) -> bytes:
        """Up to so many bytes; raises OSError if they are not framed as chunks are."""
        try:
            return bytes(self._body.read(size))
        except ParseException as error:
            raise OSError(str(error)) from error


def _refusal(status: HTTPStatus) -> bytes:
    """An answer to what never came as far as the application, which knows all other problems."""
    detail = "the request line or a header is malformed, too long, or one too many; see to the client or its proxy"
    problem = {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}
    body = msgspec.json.encode(problem)
    head = f"HTTP/1.1 {status:d} {status.phrase}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _with_whole_body(environ: dict[str, Any]) -> dict[str, Any]:
    """The request, whose body is refused if it breaks off; gunicorn says of what came that it is all there is."""
    if environ.get("CONTENT_LENGTH"):
        environ.pop("wsgi.input_terminated", None)  # so that werkzeug holds the body against its length
    else:
        environ["wsgi.input"] = ChunkedBody(environ["wsgi.input"])
    return environ


def _after_fork(server: Any, _worker: Any) -> None:
    die_with_parent(server.pid)
    open_after_fork()


def _forget_metrics(_server: Any, worker: Any) -> None:
    if FOLDER_VARIABLE in os.environ:
        multiprocess.mark_process_dead(worker.pid)
