"""What is usual in a block is told from the hours outside it, and how rarely evidence comes by chance is calibrated."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.hotspots.blocks import BLOCK_HOURS
from models.hotspots.significance import ScanNull
from models.hotspots.usual import usual_factors

SHAPES = np.full(1, 1.2), np.full(1, 20.0)


def block(from_hour: int, length: int) -> int:
    return from_hour * len(BLOCK_HOURS) + length - BLOCK_HOURS[0]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 23), st.integers(2, 6), st.floats(5.0, 500.0))
def test_presences_in_a_block_do_not_move_what_is_usual_there(from_hour, length, added):
    expected = np.full((24, 1), 40.0)
    louder = expected.copy()
    louder[(from_hour + np.arange(length)) % 24] += added / length
    usual, _ = usual_factors(louder, expected, *SHAPES)
    assert abs(usual[block(from_hour, length), 0]) < 0.25 * np.log1p(added / length / 40.0) + 0.01


@pytest.mark.parametrize("level", [0.5, 2.0, 600.0, 1e5])
def test_a_level_of_its_own_is_usual_everywhere(level):
    expected = np.full((24, 1), 40.0)
    usual, variance = usual_factors(level * expected, expected, *SHAPES)
    assert usual == pytest.approx(np.log(level), abs=0.02, rel=0.015)
    assert (variance > 0).all()


def test_the_less_is_heard_the_less_is_known():
    expected = np.full((24, 1), 40.0)
    much, little = (usual_factors(share * expected, share * expected, *SHAPES)[1] for share in (1.0, 0.05))
    assert (much < little).all()


def test_where_nothing_was_heard_a_block_varies_as_the_kind_does():
    """The prior's variance: the level's, and what its hours have of each harmonic, which fall as the square."""
    nothing = np.full((24, 1), 1e-9)
    _, variance = usual_factors(nothing, nothing, *SHAPES)
    angle = 2 * np.pi * np.outer(np.arange(1, 4), np.arange(24) + 0.5) / 24
    shares = 1.0 / np.arange(1, 4) ** 2
    shares /= shares.sum()
    for from_hour, length in ((0, 2), (5, 3), (21, 8)):
        hours = (from_hour + np.arange(length)) % 24
        waves = np.cos(angle[:, hours]).mean(axis=1) ** 2 + np.sin(angle[:, hours]).mean(axis=1) ** 2
        told = 1 / SHAPES[0][0] + (shares * waves).sum() / SHAPES[1][0]
        assert variance[block(from_hour, length), 0] == pytest.approx(told, rel=1e-4)


def test_blocks_of_a_day_turned_by_some_hours_are_the_same_blocks_later():
    random = np.random.default_rng(3)
    expected = random.uniform(5.0, 80.0, (24, 4))
    presences = random.poisson(expected * 1.4).astype(float)
    shapes = np.full(4, 1.2), np.full(4, 20.0)
    told = usual_factors(presences, expected, *shapes)
    turned = usual_factors(np.roll(presences, 5, axis=0), np.roll(expected, 5, axis=0), *shapes)
    for one, other in zip(told, turned, strict=True):
        by_hour = one.reshape(24, len(BLOCK_HOURS), -1)
        np.testing.assert_allclose(other.reshape(by_hour.shape), np.roll(by_hour, 5, axis=0), rtol=1e-3, atol=1e-4)


def test_chances_are_those_of_the_draws():
    random = np.random.default_rng(1)
    null = ScanNull.of(random.gumbel(size=4000))
    evidence = np.sort(random.gumbel(size=20_000))
    chance = np.exp(null.log_p_value(evidence))
    assert (np.diff(chance) <= 0).all()
    for level in (0.5, 0.1, 0.01, 0.001):
        assert (chance <= level).mean() == pytest.approx(level, rel=0.3)


def test_chances_are_exact_where_many_draws_say_nothing_or_the_same():
    nothing = -np.inf
    null = ScanNull.of(np.r_[np.full(600, nothing), np.arange(400)])
    assert np.exp(null.log_p_value(np.array([nothing, 0.0, 100.0, 300.0]))) == pytest.approx([1.0, 0.4, 0.3, 0.1])
    few = ScanNull.of(np.r_[np.full(950, nothing), np.arange(50)])
    assert np.exp(few.log_p_value(np.array([nothing, 0.0]))) == pytest.approx([1.0, 0.05])
    too_few = ScanNull.of(np.r_[np.full(991, nothing), np.full(9, 3.0)])
    assert too_few.log_p_value(np.array([nothing, 5.0])) == pytest.approx([0.0, -5.0])
