"""The command ``trappvakt`` on the path of examples, loaded once: each call is a process of its own, forked from it.

To load what a command stands on takes three quarters of a second, most of what a command takes on a small folder.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from service.cli import main
from service.cli.application import COMMANDS

_CALL = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect({address!r})
    told = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(asked, [len(told).to_bytes(4, "big")], [0, 1, 2])
    asked.sendall(told)
    code = asked.recv(1)
    sys.exit(code[0] if code else "the process was killed")
"""


@contextmanager
def preloaded(folder: Path) -> Iterator[str]:
    """A folder that holds the command, to go before the path that programs are looked up on."""
    address, command = str(folder / "calls"), folder / "trappvakt"
    command.write_text(_CALL.format(python=sys.executable, address=address), "utf-8")
    command.chmod(0o700)
    serving = [sys.executable, "-m", __name__, address]
    with subprocess.Popen(serving, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield str(folder)
        finally:
            process.terminate()


def serve_calls(address: str) -> None:
    """Load every command; then run each call in a process of its own, on the caller's streams, and say how it ended."""
    for where, _ in COMMANDS.values():
        import_module(f"service.cli.{where.partition(':')[0]}")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        print("ready", flush=True)
        while True:
            asked, _ = listening.accept()
            with asked:
                if os.fork() == 0:
                    asked.send(bytes([_called(asked)]))
                    os._exit(0)


def _called(asked: socket.socket) -> int:
    """Run the call as the caller would, and return its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, streams, _, _ = socket.recv_fds(asked, 4, 3)
    words, folder, environment = json.loads(asked.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL))
    for own, stream in enumerate(streams):
        os.dup2(stream, own)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    try:
        main(words, prog_name="trappvakt")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    serve_calls(sys.argv[1])
