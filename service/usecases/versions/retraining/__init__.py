"""Retraining: what the stored counts teach about the fleet, as a new model version beside the champion.

1. Read the counts of the latest weeks, up to the watermark, and hold the last quarter of them back.
2. On the weeks before: fit the fleet prior, and try hyper-parameters beside the champion's.
3. Judge champion and challenger on what was held back: log-loss, calibration, injected loitering, the list.
4. Fit prior and calibration maps on all weeks, and measure the budget kept in a town not calibrated on.
5. Write the version and its report; scoring goes on under the champion until somebody promotes it.
"""

from service.usecases.versions.retraining.counts import FEWEST_WEEKS, check_weeks
from service.usecases.versions.retraining.retrain import retrain

__all__ = ["FEWEST_WEEKS", "check_weeks", "retrain"]
