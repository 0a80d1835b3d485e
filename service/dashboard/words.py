"""The words of the pages, in every language by the same names."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from types import SimpleNamespace
from typing import Any

from service.exports.wording import Language


@cache
def words(language: Language) -> SimpleNamespace:
    """What pages say, by page and name: ``words(Language.EN).lists.title``."""
    text = resources.files("service.dashboard").joinpath(f"words/{language}.toml").read_text("utf-8")
    return SimpleNamespace(**{page: _named(said) for page, said in tomllib.loads(text).items()})


def _named(said: dict[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(**{name: _named(one) if isinstance(one, dict) else one for name, one in said.items()})
