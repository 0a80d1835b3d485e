"""The scheduler killed amid its work gives the verdicts of one left alone; bench/kills.py does the same 50 times."""

from pathlib import Path

from bench.kills import KillBench

TRIES = 2


def test_a_killed_scheduler_gives_the_same_verdicts(tmp_path: Path) -> None:
    """To the last bit; at least half of the kills hit a run that had committed something and not yet everything."""
    bench = KillBench(tmp_path, stairwells=6, weeks=3)
    tries = bench.kill(TRIES, seed=1)
    assert len(bench.verdicts) > 0
    assert [one.equal for one in tries] == [True] * TRIES
    assert sum(one.amid for one in tries) >= TRIES / 2
