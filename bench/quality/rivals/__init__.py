"""Who takes part: our detector and its rivals, one rival or family a module."""

from functools import partial
from importlib import import_module

from bench.quality.panel import Judge, Judgement, Panel, Rival
from bench.quality.rivals.ours import judge_at_threshold, judge_ours


def _judge_by(panel: Panel, *, module: str, name: str) -> Judgement:
    judge: Judge = getattr(import_module(f"bench.quality.rivals.{module}"), name)
    return judge(panel)


def _rival(name: str, title: str, module: str, *, racing: bool = True) -> Rival:
    """A rival whose module, and with it its packages, is imported when it is used."""
    return Rival(name, title, partial(_judge_by, module=module, name=f"judge_{name.replace('-', '_')}"), racing)


OURS = Rival("trappvakt", "Trappvakt", judge_ours)
OURS_AT_THRESHOLD = Rival("trappvakt-threshold", "Trappvakt, threshold set like the others'", judge_at_threshold, False)
ORACLE = _rival("oracle", "oracle CUSUM", "oracle", racing=False)
ADWIN = _rival("adwin", "ADWIN (river)", "adwin")
RIVALS = (
    _rival("poisson", "Poisson threshold, weekly refit", "rates"),
    _rival("gamma-poisson", "negative binomial, empirical Bayes, weekly refit", "rates"),
    _rival("negative-binomial", "negative binomial, overdispersion learnt, weekly refit", "rates"),
    _rival("mmpp", "MMPP forward filter, weekly MCMC refit", "mmpp"),
    _rival("scan", "expectation-based Poisson scan, 1-6 windows", "scan"),
    _rival("gaussian", "GaussianScorer per hour of the week (river)", "gaussian"),
    _rival("half-space-trees", "HalfSpaceTrees (river)", "half_space"),
    ADWIN,
    _rival("random-cut-forest", "random cut forest (krcf)", "forest"),
    _rival("seasonal", "MSTL, weekly refit (statsforecast)", "seasonal"),
)
