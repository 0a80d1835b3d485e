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
    assert [line.split(":")[0] for line in result.stderr.splitlines()[:3]] == ["line 3", "line 4", "line 5"]
    assert len(out.read_text().splitlines()) == 2


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
