"""Backups made of a real service amid counting and scoring; bench/backups.py makes as many as are asked for."""

from pathlib import Path

from bench.backups import BackupBench

TRIES = 2


def test_what_is_restored_ends_with_the_verdicts_of_an_undisturbed_run(tmp_path: Path) -> None:
    """To the last bit, as a folder and as a tar file; backed up while something was still to be done."""
    bench = BackupBench(tmp_path, stairwells=3, weeks=3)
    tries = bench.run(TRIES, seed=1)
    assert len(bench.verdicts) > 0
    assert [one.equal for one in tries] == [True] * TRIES
    assert any(one.amid for one in tries)
