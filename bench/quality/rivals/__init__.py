"""Who takes part: our detector and its rivals, one rival or family a module."""

from bench.quality.panel import Rival
from bench.quality.rivals.ours import judge_ours
from bench.quality.rivals.rates import judge_gamma_poisson, judge_negative_binomial, judge_poisson
from bench.quality.rivals.scan import judge_scan

OURS = Rival("trappvakt", "Trappvakt", judge_ours)
RIVALS = (
    OURS,
    Rival("poisson", "Poisson threshold", judge_poisson),
    Rival("gamma-poisson", "negative binomial, empirical Bayes", judge_gamma_poisson),
    Rival("negative-binomial", "negative binomial, overdispersion learnt", judge_negative_binomial),
    Rival("scan", "Poisson scan, 1-6 windows", judge_scan),
)
