"""One window through the kernels: predicted and compared with its counts, then learnt."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from models.detector.dependence import learn_dependence
from models.detector.distribution import Predictive
from models.detector.elementwise import Bools, Floats, expit, is_given, minimum, negation, number, where
from models.detector.frame import Frame
from models.detector.occupancy import Expectation, expect, learn_rates
from models.detector.persistence import Outlook, evidence, foresee, remember
from models.detector.shift import learn_shift
from models.detector.state import Head
from models.detector.step import Step
from models.detector.trust import learn_distrust, lesson_of, settled_share


class Judgement(NamedTuple):
    """One window, predicted and compared with its counts; arrays of [n], or floats where a series is alone."""

    expectation: Expectation
    predictive: Predictive
    outlook: Outlook
    observed: Bools
    counted: Floats  # 0 where missing
    evidence: Floats  # 0 where missing
    least_evidence: Floats  # the same of the least size of loitering alone
    p_value: Floats
    p_above: Floats
    trusted: Bools | bool = False  # however unlikely the count

    @property
    def log_odds(self) -> Floats:
        """Log odds that loitering is going on, were it as likely in every hour."""
        return self.outlook.log_odds(self.evidence)

    @property
    def probability(self) -> Floats:
        """The same as a probability."""
        return expit(self.log_odds)


def judge(step: Step, frame: Frame, given: Floats) -> Judgement:
    """Judge the counts of a window, NaN where missing; changes nothing."""
    observed = is_given(given)
    count = where(observed, given, 0.0)
    expectation = expect(step, frame)
    predictive, outlook = Predictive.of(expectation.mean, expectation.excess), foresee(step, frame, expectation)
    p_value, p_above = predictive.tails(count)
    of_sizes, of_least = evidence(outlook, count)
    return Judgement(
        expectation=expectation,
        predictive=predictive,
        outlook=outlook,
        observed=observed,
        counted=count,
        evidence=where(observed, of_sizes, 0.0),
        least_evidence=where(observed, of_least, 0.0),
        p_value=p_value,
        p_above=p_above,
    )


def bounded(judgement: Judgement, log_frequency: Floats) -> Judgement:
    """The judgement with no more evidence than counts that come this often can be.

    A likelihood ratio is at most the reciprocal of its p-value (Markov's inequality); where the series has counted more
    that come that far out than the predictive distribution says, that is less.
    """
    most = -log_frequency
    return _with_evidence(judgement, lambda evidence: minimum(evidence, most))


def without(judgement: Judgement, left_out: Bools) -> Judgement:
    """The judgement with counts taken for missing."""
    return _with_evidence(judgement, lambda evidence: where(left_out, 0.0, evidence))._replace(
        observed=judgement.observed & negation(left_out), counted=where(left_out, 0.0, judgement.counted)
    )


def confirmed_by_a_person(judgement: Judgement, confirmed: Bools, frame: Frame) -> Judgement:
    """The judgement with the calm that a person vouches for."""
    calm = _with_evidence(judgement, lambda evidence: where(confirmed, minimum(evidence, 0.0), evidence))
    return calm._replace(outlook=judgement.outlook.calmed(confirmed, frame.constants.calm_log_odds), trusted=confirmed)


def _with_evidence(judgement: Judgement, change: Callable[[Floats], Floats]) -> Judgement:
    """The judgement with its evidence, of all sizes of loitering and of the least, changed alike."""
    return judgement._replace(evidence=change(judgement.evidence), least_evidence=change(judgement.least_evidence))


def learn(step: Step, frame: Frame, judgement: Judgement) -> None:
    """Learn a window that was judged, but for its tail and its silence; writes one slot, one bin and the head."""
    expectation, observed = judgement.expectation, judgement.observed
    settled, seen = settled_share(step.head, frame), number(observed)
    lesson = lesson_of(
        step.head,
        frame,
        expectation,
        count=judgement.counted,
        p_value=judgement.p_value,
        p_above=judgement.p_above,
        loitering=judgement.probability,
        hang_out=judgement.outlook.hang_out,
        settled=settled,
        trusted=judgement.trusted,
        observed=observed,
    )
    learn_rates(step, frame, expectation, lesson)
    learn_distrust(step, frame, lesson, seen)
    learn_dependence(step, frame, expectation, lesson, settled=settled, seen=seen)
    remember(
        step,
        frame,
        log_odds=judgement.log_odds,
        count_evidence=judgement.least_evidence,
        settled=settled,
        observed=observed,
    )
    learn_shift(
        step,
        frame,
        predictive=judgement.predictive,
        count=lesson.credible,
        observed=observed,
        seen=seen,
    )


def count_silence(step: Step, judgement: Judgement) -> None:
    """Count the window towards the silence since the latest presence, and towards what was seen."""
    head, new_head = step.head, step.new_head
    silence = where(judgement.counted > 0.0, 0.0, head[Head.QUIET] - judgement.predictive.log_zero())
    new_head[Head.QUIET] = where(judgement.observed, silence, head[Head.QUIET])
    new_head[Head.SEEN] = head[Head.SEEN] + judgement.observed
