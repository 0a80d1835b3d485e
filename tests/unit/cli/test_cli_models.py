"""Model versions from the command line, which takes the scheduler's place where none runs."""

from __future__ import annotations

import shutil

import pytest

from service.bootstrap import build_ports
from service.cli.terminal import progress
from service.ports import Ports
from service.settings import load_settings
from tests.challengers import add_challenger
from tests.unit.cli.program import Trappvakt


@pytest.fixture
def ports(filled: Trappvakt) -> Ports:
    """The same data, with a challenger."""
    ports = build_ports(load_settings(environment={}, overrides={"general.data_dir": str(filled.folder / "data")}))
    add_challenger(ports)
    return ports


def table(output: str) -> dict[str, list[str]]:
    """The rows of a table by their first cell."""
    return {line.split("\t")[0]: line.split("\t")[1:] for line in output.splitlines()}


def test_a_version_is_promoted_and_rolled_back(filled: Trappvakt, ports: Ports) -> None:
    """And the list tells which is the champion, and that the one before it needs no reason to return."""
    assert filled("models", "promote", "1").output.endswith("Model version 1 is the champion\n")
    listed = table(filled("models", "list").output)
    assert (listed["1"][:2], listed["0"][:2]) == (["yes", ""], ["", "passed"])
    assert "version 0 is the champion again" in filled("models", "rollback").output
    assert table(filled("models", "list").output)["0"][0] == "yes"


def test_gates_that_are_not_passed_want_a_reason(filled: Trappvakt, ports: Ports) -> None:
    """Which goes into the audit, with who gave it."""
    add_challenger(ports, "2", metrics={"list_overlap": 0.3})
    assert table(filled("models", "list").output)["2"][1] == "not passed: calibration, recall, overlap"
    refused = filled("models", "promote", "2", fails=True).stderr
    assert "30% of the first places of the champion stay" in refused
    assert "promote it with a reason" in refused
    filled("models", "promote", "2", "--override", "the fair was in town")
    (entry,) = ports.audit.entries("*")
    assert entry.detail == "replaces 0; gates overridden: the fair was in town"
    assert entry.actor.startswith("cli")


def test_a_retraining_tells_how_its_version_is_put_in_force(
    filled: Trappvakt, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or why not, in the words that a promotion is refused with; the retraining itself takes too long here."""
    monkeypatch.setattr("service.cli.retraining.retrain_version", lambda *_: ports.registry.manifest("1"))
    assert "`trappvakt models promote 1` puts it in force\n" in filled("retrain").output
    add_challenger(ports, "2", metrics={"list_overlap": 0.3})
    monkeypatch.setattr("service.cli.retraining.retrain_version", lambda *_: ports.registry.manifest("2"))
    told = filled("retrain").output
    assert "puts it in force" not in told
    assert filled("models", "promote", "2", fails=True).stderr.removeprefix("Error: ") in told


def test_a_retraining_without_a_terminal_names_each_step_once(capsys: pytest.CaptureFixture[str]) -> None:
    """It tells the step at work many times a minute, and how long it will still take."""
    with progress("Retraining") as bar:
        for step, done in (("reading counts", 0.1), ("reading counts", 0.2), ("trying settings", 0.2)):
            bar.tell(step, done)
    assert capsys.readouterr().err.splitlines() == ["Retraining", "reading counts", "trying settings"]


def test_a_version_is_shown_and_compared(filled: Trappvakt, ports: Ports) -> None:
    """With its gates in words, and what differs from the champion."""
    shown = table(filled("models", "show", "1").output)
    assert (shown["champion"], shown["weeks"]) == (["no"], ["8"])
    assert shown["recall"][0] == "yes"
    compared = table(filled("models", "compare", "1").output)
    assert compared["list_overlap"] == ["0.9", ""]
    assert "level" in compared
    assert "dispersion" not in compared


def test_an_altered_version_is_told_and_used_by_nobody(filled: Trappvakt, ports: Ports) -> None:
    """In one line that says what to do."""
    manifest = filled.folder / "data/versions/1/manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:-10])
    assert "Version 1 is not used: " in filled("models", "list").stderr
    for words in (("promote", "1"), ("show", "1"), ("compare", "1", "0")):
        message = filled("models", *words, fails=True).stderr
        assert "restore the folder from a backup" in message
    assert ports.state.manifest().version == "0"  # type: ignore[union-attr]


def test_what_nothing_names_is_pruned(filled: Trappvakt, ports: Ports) -> None:
    """Told first, and done unless it is a dry run."""
    add_challenger(ports, "2")
    size = ports.registry.size_bytes("1")
    dry = filled("models", "prune", "--keep", "1", "--dry-run").stdout
    assert f"1 versions, {size} bytes would be freed" in dry
    assert table(dry)["1"][1] == f"deleted: {size} bytes"
    assert f"1 versions, {size} bytes are freed" in filled("models", "prune", "--keep", "1").stdout
    assert set(table(filled("models", "list").stdout)) == {"version", "0", "2"}


def test_a_folder_from_elsewhere_is_adopted_by_a_person(filled: Trappvakt, ports: Ports) -> None:
    """Refused until then."""
    other = build_ports(load_settings(environment={}, overrides={"general.data_dir": str(filled.folder / "other")}))
    add_challenger(other, "5")
    shutil.copytree(filled.folder / "other/versions/5", filled.folder / "data/versions/5")
    assert "models adopt 5" in filled("models", "promote", "5", fails=True).stderr
    assert "Model version 5 is recorded" in filled("models", "adopt", "5").output
    filled("models", "promote", "5")
