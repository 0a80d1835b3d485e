"""A retraining in words: one of a thing is told as one, and large numbers as numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec
import pytest

from service.domain.retraining import RetrainingReport
from service.exports.retraining_page import render_retraining_page
from service.exports.retraining_words import summary
from service.exports.wording import Language

WHEN = datetime(2026, 11, 19, tzinfo=UTC)


def report(number: int, **more: object) -> RetrainingReport:
    """Everything was so many."""
    figures = {
        "log_loss": 0.2,
        "tail_ratios": {"0.01": 0.9},
        "recall": {"found": number, "trials": number, "low": 0.1, "high": 1.0},
        "listed": number,
    }
    candidate = dict.fromkeys(("log_loss_gain", "log_loss_z", "recall_gain", "recall_z"), 0.0)
    tried = {**candidate, "changes": {"memory_gain": 1.0}, "clearly_better": False, "all_series": False}
    names = ("series", "counts", "missing", "annotated", "silent", "prior_series", "weeks")
    made = {
        "version": "7",
        "champion": "0",
        "made": WHEN,
        "timezone": "Europe/Stockholm",
        "learnt": {"start": WHEN, "end": WHEN, **dict.fromkeys(names, number)},
        "judged_from": WHEN,
        "champion_figures": figures,
        "challenger_figures": figures,
        "log_loss_gain": 0.01,
        "log_loss_z": 9.0,
        "list_overlap": 1.0,
        "entering": [],
        "leaving": [],
        "sample_series": number,
        "sample_hangouts": number,
        "candidates": [tried] * number,
        "changes": {},
        "fell_back": False,
        "budgets": [],
        "seconds": {},
        "summary_sv": [],
        "summary_en": [],
    }
    return msgspec.convert({**made, **more}, RetrainingReport)


@pytest.mark.parametrize("changes", [{}, {"memory_gain": 1.0}])
def test_one_of_a_thing_is_told_as_one(changes: dict[str, float]) -> None:
    one = report(1, changes=changes)
    for language, many in (
        (Language.SV, "veckor|räkningar|utrymmen|timmar|andra"),
        (Language.EN, "weeks|counts|spaces|windows|hours|other|hang-outs|stairwells"),
    ):
        assert not re.findall(rf"\b1 (?:{many})", " ".join(summary(one, language)))
        assert re.findall(rf"\b3 (?:{many})", " ".join(summary(report(3, changes=changes), language)))
    page = re.sub("<[^>]*>", "", render_retraining_page(one).decode())
    assert not re.findall(r"\b1 (?:veckor|räkningar|utrymmen|timmar|weeks|counts|spaces|windows|hang-outs)", page)


def test_one_of_a_hundred_is_told_in_per_cent() -> None:
    """It was told as 1 timmar, whatever the length of a window."""
    assert "Det som ska hända i 1\N{NO-BREAK SPACE}% av fallen" in " ".join(summary(report(1), Language.SV))
    assert "What is due in 1% of windows" in " ".join(summary(report(1), Language.EN))


def test_a_large_difference_is_no_power_of_ten() -> None:
    """It was told as 1.2e+02%."""
    assert "120%" in " ".join(summary(report(1, log_loss_gain=-1.2), Language.EN))
