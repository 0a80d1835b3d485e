"""The documents are true: every command is told, every example runs; beside a demo in tests/e2e/test_demo.py."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from service.cli import main
from service.domain.events import EventType
from service.settings import load_settings
from tests.documents import PAGES, REPOSITORY, RUN_ALONE, RUN_BESIDE_THE_DEMO, blocks, run_examples
from tests.preloaded import preloaded


def commands(group: click.Group, context: click.Context, path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below a group, with the words that call it."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, context, f"{path} {name}")
        else:
            yield f"{path} {name}", command


ALL_COMMANDS = list(commands(main, click.Context(main), "trappvakt"))


@pytest.mark.parametrize(("words", "command"), ALL_COMMANDS, ids=[words for words, _ in ALL_COMMANDS])
def test_every_command_and_option_is_documented(words: str, command: click.Command) -> None:
    """On the page of commands, by the words that call it; and it explains itself."""
    page = (REPOSITORY / "docs/commands.md").read_text("utf-8")
    assert f"`{words}" in page
    assert command.help
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            assert option.help, f"{words} {option.opts}"
            assert any(name in page for name in (*option.opts, *option.secondary_opts)), f"{words} {option.opts}"


def test_every_event_is_documented() -> None:
    """Whoever subscribes to what begins wants what ends it as well."""
    page = (REPOSITORY / "docs/integrators.md").read_text("utf-8")
    assert [kind for kind in EventType if f"| `{kind}` |" not in page] == []


def test_the_readme_has_the_two_commands_that_ci_and_people_run() -> None:
    """One line each; .ci/run takes the second one from the page."""
    lines = [line for _, text in blocks(REPOSITORY / "README.md", "text") for line in text.splitlines()]
    assert len(lines) == 2
    demo, test = lines
    assert demo.endswith("-q . && .venv/bin/trappvakt demo")
    assert test.endswith('-q -e ".[test]" && .venv/bin/pytest')
    assert "grep --max-count=1 'bin/pytest$' README.md" in (REPOSITORY / ".ci/run").read_text("utf-8")
    assert os.access(REPOSITORY / ".ci/run", os.X_OK)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page: Path) -> None:
    """Within the repository."""
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_per_cent_are_told_as_english_does(page: Path) -> None:
    """As on the pages in the browser; benchmarks are as they were printed."""
    told = re.findall(r".{0,20}\d %", page.read_text("utf-8"))
    assert told == [] or page.name == "benchmarks.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_settings_examples_are_valid(page: Path, tmp_path: Path) -> None:
    """Each TOML block is a settings file, unless it names itself telegraf's."""
    for _, text in blocks(page, "toml"):
        if text.startswith("# telegraf"):
            assert tomllib.loads(text)["outputs"]
        else:
            path = tmp_path / "example.toml"
            path.write_text(text, "utf-8")
            load_settings(path, {})


def test_settings_for_the_container_are_valid() -> None:
    """They listen on every address of the container and keep data in its volume."""
    settings = load_settings(REPOSITORY / "config/container.toml", {})
    dockerfile = (REPOSITORY / "Dockerfile").read_text("utf-8")
    assert f"VOLUME {settings.general.data_dir}" in dockerfile
    assert f"EXPOSE {settings.api.port}" in dockerfile
    assert f"127.0.0.1:{settings.api.port}/health/live" in dockerfile


@pytest.mark.parametrize("name", RUN_ALONE)
def test_examples_run(name: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Those that need nothing but an empty folder."""
    with preloaded(tmp_path_factory.mktemp("programs")) as programs:
        run_examples(name, tmp_path, {}, programs)


def test_every_page_that_has_examples_is_run() -> None:
    """No example escapes."""
    with_examples = {page.stem for page in PAGES if blocks(page, "sh", "python")}
    assert with_examples == {*RUN_ALONE, *RUN_BESIDE_THE_DEMO}
