"""The command line on a folder of its own, and what it is given to read."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from service.cli import main

PLACES = """tenant,area,property,building,stairwell,space,kind,sensor
norrbo,a1,p1,b1,A,cellar,cellar,g1
norrbo,a1,p1,b1,B,attic,attic,g2
"""
COUNTS = "time,stairwell,space,count\n" + "".join(
    f"2026-06-{day:02}T{hour:02}:00:00Z,A,cellar,{hour // 20}\n" for day in range(1, 15) for hour in range(24)
)


class Trappvakt:
    """The command with a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: object, fails: bool = False) -> Result:
        result = CliRunner().invoke(main, ["--data", str(self.folder / "data"), *map(str, words)])
        assert (result.exit_code != 0) == fails, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path
