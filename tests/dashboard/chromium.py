"""A headless Chromium that tests drive as a person would: through the pipe of its DevTools protocol."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_ABOVE = 10  # of the descriptors 3 and 4, where Chromium has its pipe
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
    "--disable-background-networking",
    "--no-first-run",
)


class Browser:
    """One tab.

    Parameters
    ----------
    writes, reads
        Descriptors of the pipe: messages are JSON, each ended by a null byte.
    """

    def __init__(self, writes: int, reads: int) -> None:
        self._writes = writes
        self._reads = os.fdopen(reads, "rb")
        self._number = 0
        self._session: str | None = None
        self.problems: list[str] = []
        """What the browser complained of: scripts and styles that it refused, files that it did not get."""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def look(self, width: int, height: int = 900, *, dark: bool = False, medium: str = "") -> None:
        """Take a screen of this size, in a light or a dark theme, or a sheet of paper (the medium ``print``)."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", media=medium, features=[scheme])

    def open(self, address: str) -> None:
        """Go to an address."""
        self._call("Page.navigate", url=address)
        self._loaded()

    def ask(self, expression: str) -> Any:
        """What a line of JavaScript gives; the protocol runs it where the page's own policy would not."""
        told = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def write(self, selector: str, text: str) -> None:
        """Write into a field."""
        assert self.ask(f"document.querySelector({json.dumps(selector)}).value = {json.dumps(text)}") == text

    def click(self, selector: str, *, leads_on: bool = False) -> None:
        """Click on what a selector finds, and wait for the page that it leads to."""
        self.ask(f"document.querySelector({json.dumps(selector)}).click()")
        if leads_on:
            self._loaded()

    def picture(self, path: Path) -> None:
        """The whole page as a picture."""
        size = self._call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 8000), "scale": 1}
        told = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(told["data"]))

    def print(self) -> str:
        """The page as a PDF, in base64."""
        told: str = self._call("Page.printToPDF", preferCSSPageSize=True)["data"]
        return told

    def _call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writes, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self._number:
                assert "error" not in told, told["error"]
                return told["result"]

    def _loaded(self) -> None:
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def _next(self) -> Any:
        read = bytearray()
        while (byte := self._reads.read(1)) != b"\0":
            assert byte, "the browser has ended"
            read += byte
        told = json.loads(read)
        if told.get("method") == "Log.entryAdded":
            self.problems.append(told["params"]["entry"]["text"])
        return told


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser with a profile of its own, ended with the test."""
    from_us, to_us = os.pipe(), os.pipe()
    theirs = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, _ABOVE) for one in (from_us[0], to_us[1])]
    redirected = 'exec "$@" 3<&{} 4>&{}'.format(*theirs)
    command = [PROGRAM or "", *_OPTIONS, f"--user-data-dir={folder / 'profile'}"]
    process = subprocess.Popen(
        ["bash", "-c", redirected, "bash", *command],
        pass_fds=theirs,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for descriptor in (from_us[0], to_us[1], *theirs):
        os.close(descriptor)
    try:
        yield Browser(from_us[1], to_us[0])
    finally:
        process.terminate()
        process.wait(20)
        os.close(from_us[1])
