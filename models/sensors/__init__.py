"""Statistics of sensors rather than of people: is a device alive, and does it say what happens?

Each fault is told from calm and from loitering by something that neither can do, whatever the rate: people come at
random, so their counts vary, their hours stay, and no two places hear the same.
"""

from models.sensors.clock import TurnedProfiles, turned_profiles
from models.sensors.examination import DAYS, Examination, examine
from models.sensors.finding import Findings
from models.sensors.repetition import counted_in_steps, equal_series
from models.sensors.saturation import saturated
from models.sensors.silence import INTERVAL_BINS, expected_per_day, interval_bins, silence_limits
from models.sensors.stuck import stuck, stuck_windows

__all__ = [
    "DAYS",
    "INTERVAL_BINS",
    "Examination",
    "Findings",
    "TurnedProfiles",
    "counted_in_steps",
    "equal_series",
    "examine",
    "expected_per_day",
    "interval_bins",
    "saturated",
    "silence_limits",
    "stuck",
    "stuck_windows",
    "turned_profiles",
]
