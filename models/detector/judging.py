"""One window through the kernels: predicted and compared with its counts, then learnt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from models.detector.distribution import at_least, log_zero
from models.detector.elementwise import Bools, Floats, clip, exp, is_given, minimum, negation, where
from models.detector.frame import Frame
from models.detector.occupancy import Expectation, expect, learn_rates
from models.detector.persistence import Outlook, evidence, foresee, remember
from models.detector.shift import learn_shift
from models.detector.state import Head, OccupancyState, row
from models.detector.trust import learn_distrust, lesson_of


@dataclass(frozen=True)
class Judgement:
    """One window, predicted and compared with its counts; arrays of [n], or floats where a series is alone."""

    expectation: Expectation
    outlook: Outlook
    observed: Bools
    count: Floats  # 0 where missing
    evidence: Floats  # 0 where missing
    p_value: Floats
    p_above: Floats
    trusted: Bools | bool = False  # however unlikely the count

    @cached_property
    def score(self) -> Floats:
        """Log odds that loitering is going on."""
        return self.outlook.log_odds + self.evidence

    @property
    def probability(self) -> Floats:
        """The same as a probability."""
        return 1.0 / (1.0 + exp(-clip(self.score, -700.0, 700.0)))


def judge(state: OccupancyState, slot: int, frame: Frame, given: Floats) -> Judgement:
    """Judge the counts of a window, NaN where missing; changes nothing."""
    observed = is_given(given)
    count = where(observed, given, 0.0)
    expectation = expect(state, slot, frame)
    outlook = foresee(state, slot, frame, expectation)
    return Judgement(
        expectation=expectation,
        outlook=outlook,
        observed=observed,
        count=count,
        evidence=where(observed, evidence(expectation, outlook, count), 0.0),
        p_value=at_least(count, expectation.mean, expectation.excess),
        p_above=at_least(count + 1.0, expectation.mean, expectation.excess),
    )


def bounded(judgement: Judgement, log_frequency: Floats) -> Judgement:
    """The judgement with no more evidence than counts that come this often can be.

    A likelihood ratio is at most the reciprocal of its p-value (Markov's inequality); where the series has counted more
    that come that far out than the predictive distribution says, that is less.
    """
    return replace(judgement, evidence=minimum(judgement.evidence, -log_frequency))


def without(judgement: Judgement, left_out: Bools) -> Judgement:
    """The judgement with counts taken for missing."""
    return replace(
        judgement,
        observed=judgement.observed & negation(left_out),
        count=where(left_out, 0.0, judgement.count),
        evidence=where(left_out, 0.0, judgement.evidence),
    )


def confirmed_by_a_person(judgement: Judgement, confirmed: Bools, frame: Frame) -> Judgement:
    """The judgement with the calm that a person vouches for."""
    before = judgement.outlook.log_odds
    return replace(
        judgement,
        outlook=replace(judgement.outlook, log_odds=where(confirmed, minimum(before, frame.calm_log_odds), before)),
        evidence=where(confirmed, minimum(judgement.evidence, 0.0), judgement.evidence),
        trusted=confirmed,
    )


def learn(state: OccupancyState, slot: int, frame: Frame, judgement: Judgement) -> None:
    """Learn a window that was judged, but for its tail and its silence; writes one slot, one bin and the head."""
    expectation, observed = judgement.expectation, judgement.observed
    lesson = lesson_of(
        state.head,
        frame,
        expectation,
        count=judgement.count,
        p_value=judgement.p_value,
        p_above=judgement.p_above,
        loitering=judgement.probability,
        trusted=judgement.trusted,
        observed=observed,
    )
    learn_rates(state, slot, frame, expectation, lesson)
    learn_distrust(state.head, frame, lesson, observed)
    remember(
        state,
        slot,
        frame,
        log_odds=judgement.score,
        count_evidence=judgement.evidence,
        observed=observed,
    )
    learn_shift(
        state,
        slot,
        frame,
        mean=expectation.mean,
        excess=expectation.excess,
        count=lesson.count,
        observed=observed,
    )


def count_silence(state: OccupancyState, judgement: Judgement) -> None:
    """Count the window towards the silence since the latest presence, and towards what was seen."""
    head = state.head
    silence = -log_zero(judgement.expectation.mean, judgement.expectation.excess)
    silence = where(judgement.count > 0.0, 0.0, row(head, Head.QUIET) + silence)
    head[Head.QUIET] = where(judgement.observed, silence, row(head, Head.QUIET))
    head[Head.SEEN] = row(head, Head.SEEN) + judgement.observed
