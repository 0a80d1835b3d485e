"""Lines a second through the server, from one client to the disk. Run: python -m bench.gunicorn_write [BODIES]

`trappvakt serve` with two workers takes ready gzip bodies of 5,000 lines at /api/v2/write, one after the other on one
connection, then two at a time; every body is synced to disk before it is answered. Rates are told by the wall, and by
the processor's time of the API's processes, for a machine that has other work.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from bench.ingest import LINES, TENANT, line_protocol_bodies
from service.bootstrap import build_ports
from service.domain.keys import Role
from service.settings import load_settings
from service.usecases.keys import create_key

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@contextmanager
def served(folder: str) -> Iterator[tuple[str, int]]:
    """The address of a service on this data folder, and the process that keeps it."""
    command = [sys.executable, "-m", "service.cli", "--data", folder, "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1], process.pid
        process.terminate()


def api_seconds(supervisor: int) -> float:
    """User and system time of the API's processes so far."""
    parents = {int(stat.parent.name): _stat(stat) for stat in Path("/proc").glob("[0-9]*/stat")}
    api = next(pid for pid, (parent, _) in parents.items() if parent == supervisor and b"descriptor" in _command(pid))
    return sum(ticks for pid, (parent, ticks) in parents.items() if api in (pid, parent)) / TICKS_PER_SECOND


def _stat(path: Path) -> tuple[int, int]:
    try:
        fields = path.read_text().rpartition(")")[2].split()
    except OSError:  # it has ended meanwhile
        return 0, 0
    return int(fields[1]), int(fields[11]) + int(fields[12])


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def send(address: str, token: str, bodies: Sequence[bytes]) -> None:
    """Send bodies one after the other on one connection."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc)
    headers = {"Authorization": f"Token {token}", "Content-Encoding": "gzip", "Content-Type": "text/plain"}
    for body in bodies:
        connection.request("POST", "/api/v2/write?org=any&bucket=any&precision=ns", body, headers)
        response = connection.getresponse()
        answer = response.read()
        assert response.status == 204, answer
    connection.close()


def wait_until_idle(supervisor: int) -> None:
    """Wait until every worker has started, which nobody tells: while one does, it uses the processor."""
    before = -1.0
    while (now := api_seconds(supervisor)) > before:
        before = now
        time.sleep(1)


def measure(
    supervisor: int, bodies: Sequence[bytes], at_a_time: int, send_some: Callable[[Sequence[bytes]], None]
) -> None:
    """Send bodies, some at a time, and print the rates."""
    started, processor_started = time.perf_counter(), api_seconds(supervisor)
    with ThreadPoolExecutor(at_a_time) as pool:
        list(pool.map(send_some, [bodies[number::at_a_time] for number in range(at_a_time)]))
    seconds, processor = time.perf_counter() - started, api_seconds(supervisor) - processor_started
    lines = len(bodies) * LINES
    per_million = processor / lines * 1e6
    print(
        f"{at_a_time} at a time: {lines / seconds:9,.0f} lines/s, {per_million:5.2f} s of processor for a million lines"
    )


def main() -> None:
    """Print a table of rates."""
    each = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    bodies = line_protocol_bodies(2 * each + 4)
    with tempfile.TemporaryDirectory() as folder:
        ports = build_ports(load_settings(environment={}, overrides={"general.data_dir": folder}))
        _, token = create_key(ports, Role.INGEST, TENANT, "bench")
        with served(folder) as (address, supervisor):
            send_some = partial(send, address, token)
            for _ in range(8):  # new connections, so that both workers learn the places
                send_some(bodies[-4:])
            wait_until_idle(supervisor)
            measure(supervisor, bodies[:each], 1, send_some)
            measure(supervisor, bodies[each:-4], 2, send_some)


if __name__ == "__main__":
    main()
