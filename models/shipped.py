"""Version 0: the model that ships with the package, built from a simulated city by `models.training.building`."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import numpy as np

from models.version import AchievedBudget, ModelVersion

_FOLDER = "version0"
_SETTINGS = "version.json"
_BUDGETS = "budgets.json"


@cache
def shipped_version() -> ModelVersion:
    """The version in the package.

    Examples
    --------
    >>> shipped_version().id
    '0'
    """
    folder = files("models") / _FOLDER
    tables = {}
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".npy"):
            with entry.open("rb") as file:
                tables[entry.name.removesuffix(".npy")] = np.load(file, allow_pickle=False)
    settings = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))
    return ModelVersion.from_tables(tables, settings)


@cache
def shipped_budgets() -> tuple[AchievedBudget, ...]:
    """What the version in the package achieves of its budgets, at windows of an hour, as measured when it was built.

    Raises
    ------
    TypeError
        If the file lacks a field, or has one too many.

    Examples
    --------
    >>> shipped_budgets()[0].promised
    1.0
    """
    rows = json.loads((files("models") / _FOLDER / _BUDGETS).read_text(encoding="utf-8"))
    return tuple(AchievedBudget(**row) for row in rows)
