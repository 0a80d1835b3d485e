"""The further blocks of an entry are its own: whatever else is listed, they are held against the same peers."""

import numpy as np

from models.calendar import Calendar
from models.hotspots.ground import Presences
from models.shipped import shipped_version
from service.settings import load_settings
from service.usecases.lists.ranking import Ranking, rank_all

DAYS, WEEKS, SERIES, HOT = 14, 8, 40, 10


def ranking() -> Ranking:
    """A town where in some places somebody loiters on some evenings, and on some mornings."""
    random = np.random.default_rng(5)
    hours = np.arange(WEEKS * 168)
    rate = 0.1 * (1.2 + np.cos(2 * np.pi * (hours - 17) / 24))[:, None] * random.gamma(3.0, 1 / 3, SERIES)
    evenings = (hours % 24 >= 20) & (hours // 24 % 7 < 3)
    mornings = (hours % 24 >= 8) & (hours % 24 < 12) & (hours // 24 % 7 >= 4)
    lately = hours >= (WEEKS - 4) * 168
    rate[(evenings | mornings) & lately, :HOT] += 0.8
    counts = random.poisson(rate).astype(float)
    starts = 4 * 86_400 + 3_600 * hours  # from a Monday on
    usual = np.broadcast_to(counts.mean(axis=0), counts.shape)
    kinds = np.zeros(SERIES, dtype=np.int64)
    presences = Presences(Calendar("UTC"), starts, counts, usual, kinds, np.arange(SERIES))
    settings = load_settings(environment={}).hotspots
    return rank_all(presences, shipped_version(), settings, np.full(SERIES, float(WEEKS)))


def test_further_blocks_of_an_entry_do_not_depend_on_what_else_is_listed():
    ranked = ranking()
    listed = [one for one in ranked.hotspots if one.significant]
    together = ranked.further_blocks(listed, DAYS)
    assert len(together) >= HOT / 2
    alone = [ranked.further_blocks([one], DAYS) for one in listed]
    assert {number: blocks for found in alone for number, blocks in found.items()} == together
