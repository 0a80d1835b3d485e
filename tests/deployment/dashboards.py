"""The dashboards as Grafana reads them, and their queries with its variables filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DASHBOARDS = sorted((Path(__file__).parents[2] / "config/grafana/dashboards").glob("*.json"))


def read(path: Path) -> dict[str, Any]:
    """One dashboard."""
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


def queries(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What each panel and each variable asks, by its title or name."""
    for panel in document["panels"]:
        for target in panel["targets"]:
            yield f"{panel['title']}, {target['refId']}", target["query"]
    for variable in document["templating"]["list"]:
        yield f"variable {variable['name']}", variable["query"]["query"]


def filled(query: str, bucket: str, start: str, stop: str, **variables: str) -> str:
    """A query as Grafana sends it: its own record ``v`` after the imports, variables in double quotes."""
    own = f'v = {{defaultBucket: "{bucket}", timeRangeStart: {start}, timeRangeStop: {stop}}}\n'
    for name, value in variables.items():
        quoted = '"' + value.replace('"', '\\"') + '"'
        query = query.replace(f"${{{name}:doublequote}}", quoted)
    imports = "".join(re.findall(r"^import .*\n", query, re.MULTILINE))
    return imports + own + query.removeprefix(imports)
