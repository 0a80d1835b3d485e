"""Who takes part: our detector and its rivals, one rival or family a module."""

from dataclasses import replace
from functools import partial
from importlib import import_module

from bench.quality.panel import Judge, Judgement, Panel, Rival
from bench.quality.rivals.mmpp import BURN_IN, DRAWS
from bench.quality.rivals.ours import judge_at_threshold, judge_either_way, judge_independent, judge_ours


def _judge_by(panel: Panel, *, module: str, name: str) -> Judgement:
    judge: Judge = getattr(import_module(f"bench.quality.rivals.{module}"), name)
    return judge(panel)


def _rival(name: str, title: str, module: str, note: str, *, package: str = "") -> Rival:
    """A rival whose module, and with it its package, is imported when it is used."""
    judge = partial(_judge_by, module=module, name=f"judge_{name.replace('-', '_')}")
    return Rival(name, title, judge, package=package, note=note)


_RESIDUALS = "Sees (count - mean) / standard deviation of the hour of the week on the weeks before, refitted weekly."

OURS = Rival(
    "trappvakt",
    "Trappvakt",
    judge_ours,
    note="The shipped version; the same settings everywhere, fixed on simulated towns, on real counts without their "
    "events and on events injected into real counts. Windows are ranked by the score, as the API has it: events "
    "injected into CalIt2's counts spoke for that, and for what it ranks first, after earlier versions had been read "
    "against the known events. That one row is read high or low was chosen after a reading, too.",
)
OURS_AT_THRESHOLD = Rival(
    "trappvakt-threshold",
    "Trappvakt, threshold set like the others'",
    judge_at_threshold,
    racing=False,
    note="Its score, but one threshold for all, set on a null town: what its calibration costs or spares.",
)
OURS_EITHER_WAY = Rival(
    "trappvakt-either-way",
    "Trappvakt, high or low",
    judge_either_way,
    racing=False,
    note="The smaller of the two p-values of each verdict: loitering is no lack, but a series may be asked for one.",
)
OURS_INDEPENDENT = Rival(
    "trappvakt-independent",
    "Trappvakt, counts taken for independent",
    judge_independent,
    racing=False,
    note="Without what it learns of how counts depend on those of the latest hours and days.",
)
ORACLE = replace(
    _rival(
        "oracle",
        "oracle CUSUM",
        "oracle",
        "Knows the normal rate of every window, the evenings and hours of the hang-out and what it adds; sums log "
        "likelihood ratios of a negative binomial of dispersion 0.4. Out of the race.",
    ),
    racing=False,
)
RATE_ORACLE = replace(
    _rival(
        "rate-oracle",
        "rate oracle",
        "rate_oracle",
        "Knows the normal rate of every window, but neither evenings nor hours nor size: sums evidence over nights and "
        "weekdays for each block of hours by rule of thumb, which the Bayes detectors do by Bayes' rule. Out of the "
        "race.",
    ),
    racing=False,
)
BAYES = replace(
    _rival(
        "bayes",
        "Bayes detector",
        "bayes",
        "Knows the normal rate and spread of every window and what hang-outs are drawn from, but not the evenings, "
        "hours, size and onset of any. Its score is their posterior odds (Shiryaev and Roberts), summed over all sets "
        "of evenings, first hours, lengths, sizes and days of onset: what it misses at this budget, hardly anybody "
        "finds who is not told where to look. Out of the race.",
    ),
    racing=False,
)
BAYES_VAGUE = replace(
    _rival(
        "bayes-vague",
        "Bayes detector, vague prior",
        "bayes",
        "The same, taking for equally likely what can be assumed of any town: two to seven evenings of any kind, all "
        "hours of the day, 0.25 to 2 presences an hour, three evenings in ten skipped. Out of the race.",
    ),
    racing=False,
)
BAYES_LEARNT = replace(
    _rival(
        "bayes-learnt",
        "Bayes detector, vague prior, rates learnt",
        "bayes",
        "The same on the means and spreads that Trappvakt learns: what its way of summing evidence costs or spares. "
        "From its alarm on it flags day and night, as the detectors above do. Out of the race.",
    ),
    racing=False,
)
BAYES_IN_HOURS = replace(
    _rival(
        "bayes-in-hours",
        "Bayes detector, vague prior, rates learnt, in its hours",
        "bayes",
        "The same, but the odds that loitering is on now, as Trappvakt's score is: of hang-outs alone to whose hours "
        "and evenings the window belongs. Out of the race.",
    ),
    racing=False,
)
BOUNDS = (ORACLE, RATE_ORACLE, BAYES, BAYES_VAGUE, BAYES_LEARNT, BAYES_IN_HOURS)  # from the best informed down
ADWIN = _rival(
    "adwin",
    "ADWIN (river)",
    "adwin",
    f"{_RESIDUALS} Tested at every window at ten levels from 0.1 to 1e-10; the score is the strictest at which the "
    "mean rises, a shift is reported at river's default of 0.002.",
)
RIVALS = (
    _rival(
        "poisson",
        "Poisson threshold, weekly refit",
        "rates",
        "Mean of the hour of the week on all weeks before, with one visit's weight of the series' mean. An earlier "
        "implementation found 6 / 10 / 11 / 14 / 16 on CalIt2's flow 9.",
    ),
    _rival(
        "gamma-poisson",
        "negative binomial, empirical Bayes, weekly refit",
        "rates",
        "Gamma prior over the hours of the week by moments; Poisson counts of that uncertain rate. An earlier "
        "implementation found 5 / 11 / 12 / 15 / 15; priors by time of day or day type, and the dispersion below, came "
        "no nearer.",
    ),
    _rival(
        "negative-binomial",
        "negative binomial, overdispersion learnt, weekly refit",
        "rates",
        "The same, and one overdispersion for each series by moments: calibrated better, finds fewer on CalIt2, whose "
        "events it takes for overdispersion.",
    ),
    _rival(
        "mmpp",
        "MMPP forward filter, weekly MCMC refit",
        "mmpp",
        f"From the paper's equations; {DRAWS} Gibbs draws of which {BURN_IN} are burnt in, one chain, every week on "
        "all weeks before, then the mean of the draws. Events of gamma rate, shape 5, mean 3.9 times the series' mean "
        "count and at least 0.8 an hour; priors of the chain once in 50 hours and two hours long. An earlier "
        "implementation found 5 / 12 / 14 / 17 / 17; other seeds and 100 draws move cells by up to three.",
    ),
    _rival(
        "scan",
        "expectation-based Poisson scan, 1-6 windows",
        "scan",
        "Neill 2009, on the means of the Poisson threshold. An earlier implementation found 7 / 10 / 11 / 14 / 14.",
    ),
    _rival(
        "gaussian",
        "GaussianScorer per hour of the week (river)",
        "gaussian",
        "Deviations above the mean in standard deviations as the scorers learn them online (at least half a presence); "
        "river's own two-sided score ends at 1.0 for many windows.",
    ),
    _rival(
        "half-space-trees",
        "HalfSpaceTrees (river)",
        "half_space",
        f"{_RESIDUALS} Features: this window, the one before, the mean of the last four. One forest of 10 trees a "
        "series, river's defaults: one for each hour of the week would see fifteen windows in fifteen weeks.",
    ),
    ADWIN,
    _rival(
        "random-cut-forest",
        "random cut forest (krcf)",
        "forest",
        f"{_RESIDUALS} Shingles of four windows, 50 trees of 256. krcf, for rrcf has had no release since 2023.",
        package="krcf",
    ),
    _rival(
        "seasonal",
        "MSTL, weekly refit (statsforecast)",
        "seasonal",
        "Loess decomposition with the season of a week and an exponentially smoothed level, on the Anscombe transform "
        "of the last eight weeks in local time; forecasts a week, judged by the forecast errors of the weeks before.",
        package="statsforecast",
    ),
)
