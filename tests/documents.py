"""The pages of the project, and the examples on them, which are run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
PAGES = sorted([REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")])
RUN_ALONE = ("commands",)
RUN_BESIDE_THE_DEMO = ("deployment", "evaluation", "integrators", "operations", "police", "retention")
INSTALLED = str(Path(sys.executable).parent)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, *languages: str) -> list[tuple[str, str]]:
    """The fenced blocks of a page in these languages."""
    return [(language, text) for language, text in _BLOCK.findall(page.read_text("utf-8")) if language in languages]


def run_examples(name: str, folder: Path, environment: Mapping[str, str], programs: str = INSTALLED) -> None:
    """Run those of a page in one folder, one after the other; the first that fails is told with what it printed.

    ``programs`` is the folder where ``trappvakt`` is looked for first.
    """
    path = os.pathsep.join((programs, INSTALLED, os.environ["PATH"]))
    examples = blocks(REPOSITORY / f"docs/{name}.md", "sh", "python")
    assert examples
    for language, text in examples:
        shell = ["bash", "-euo", "pipefail", "-c"] if language == "sh" else [sys.executable, "-c"]
        done = subprocess.run(
            [*shell, text],
            cwd=folder,
            env={**os.environ, "PATH": path, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
