"""Replay from the command line: a file of counts and nothing stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.program import COUNTS, Trappvakt


def test_replay_writes_the_good_rows_and_names_the_bad_ones(trappvakt: Trappvakt) -> None:
    """By line, with exit code 1 at the end."""
    counts = trappvakt.file(
        "counts.csv",
        "time,stairwell,count\n2026-03-29T01:30,A,1\n2026-03-29T02:30,A,1\n2026-03-29T01:30,A,2\n2026-03-29T03:30,A,x\n",
    )
    out = trappvakt.folder / "scores.csv"
    result = trappvakt("replay", counts, "--out", out, "--window", "30min", fails=True)
    assert result.exit_code == 1
    told = [line for line in result.stderr.splitlines() if line.startswith(("line", "Error"))]
    assert [line.split(":")[0] for line in told[:3]] == ["line 3", "line 4", "line 5"]
    assert told[3:] == [f"Error: 3 rows of {counts} left out; the others are scored"]
    assert len(out.read_text().splitlines()) == 2


def test_replay_of_nothing_but_bad_rows_says_that_nothing_is_scored(trappvakt: Trappvakt) -> None:
    counts = trappvakt.file("counts.csv", "time,stairwell,count\n2026-03-29T01:30,A,x\n2026-03-29T02:30,A,1\n")
    result = trappvakt("replay", counts, "--out", trappvakt.folder / "scores.csv", fails=True)
    assert result.stderr.splitlines()[-1] == f"Error: 2 rows of {counts} left out; none is left to score"


def test_without_a_terminal_each_step_of_long_work_is_a_line(trappvakt: Trappvakt) -> None:
    """A log or a pipe is silent for minutes otherwise, and nobody knows whether it works."""
    result = trappvakt("replay", trappvakt.file("counts.csv", COUNTS), "--out", trappvakt.folder / "scores.csv")
    assert result.stderr.splitlines() == ["Reading counts", "Scoring windows"]


@pytest.mark.parametrize("option", ["--out", "--hotspots"])
def test_replay_knows_before_its_work_that_it_cannot_write(trappvakt: Trappvakt, option: str) -> None:
    """Long work does not end in a lost result; nothing is written."""
    counts, out = trappvakt.file("counts.csv", COUNTS), trappvakt.folder / "s.csv"
    paths = {"--out": out, option: trappvakt.folder / "absent" / "x.csv"}
    result = trappvakt("replay", counts, *(word for pair in paths.items() for word in pair), fails=True)
    assert result.exit_code == 2
    assert "there is no folder" in result.stderr
    assert not out.exists()


@pytest.mark.parametrize(("option", "name"), [("--out", "counts.csv"), ("--hotspots", "s.csv")])
def test_replay_writes_over_none_of_its_own_files(trappvakt: Trappvakt, option: str, name: str) -> None:
    """Neither over the counts nor the scores."""
    counts = trappvakt.file("counts.csv", COUNTS)
    paths = {"--out": trappvakt.folder / "s.csv", option: trappvakt.folder / name}
    result = trappvakt("replay", counts, *(word for pair in paths.items() for word in pair), fails=True)
    assert "must be different files" in result.stderr
    assert counts.read_text("utf-8") == COUNTS


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
def test_a_full_disk_is_one_line(trappvakt: Trappvakt) -> None:
    """With the path, and without a traceback."""
    result = trappvakt("replay", trappvakt.file("counts.csv", COUNTS), "--out", "/dev/full", fails=True)
    assert result.exit_code == 1
    assert [line for line in result.stderr.splitlines() if line.startswith("Error: No space left on device")]


@pytest.mark.parametrize("window", ["25min", "0", "-30min", "x", "7"])
def test_replay_refuses_a_window_that_does_not_divide_the_hour(trappvakt: Trappvakt, window: str) -> None:
    """Whether it is no length at all or a wrong one."""
    counts = trappvakt.file("counts.csv", COUNTS)
    result = trappvakt("replay", counts, "--out", trappvakt.folder / "s.csv", f"--window={window}", fails=True)
    assert result.exit_code == 2
    assert "use one of 1, 2, 3" in result.stderr or "write it like 30min" in result.stderr


@pytest.mark.parametrize(("written", "minutes"), [("30min", 30), ("1h", 60), ("60", 60), ("15 min", 15)])
def test_replay_takes_a_window_as_people_write_it(trappvakt: Trappvakt, written: str, minutes: int) -> None:
    """The rows of a full hour are windows of any length."""
    counts = trappvakt.file("counts.csv", COUNTS)
    trappvakt("replay", counts, "--out", trappvakt.folder / "s.csv", "--window", written)
    assert len((trappvakt.folder / "s.csv").read_text().splitlines()) == 1 + 14 * 24
