"""Activity: what the notes on sensors come to, a bounded record for each of them.

The intervals between the times that messages state are learnt, and not those between their arrivals: so history may be
imported, and readings be sent a day at a time. How long readings wait to be sent is learnt beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from models.calendar import SECONDS_PER_DAY, SECONDS_PER_WEEK
from models.sensors.silence import INTERVAL_BINS, interval_bins
from service.domain.sensors import Activity, SensorKey, Sightings
from service.ports import Ports

_NOTES = 2_000  # taken in at once
_KEPT_DAYS = 28
_HALF_LIFE = 12 * SECONDS_PER_WEEK
_LIVE = 2 * SECONDS_PER_DAY
"""What states an older time when it comes is history, and tells nothing of delays."""
_ONE_SENDING = 36 * 3600
"""What spans more than this is an import, and not a sensor's readings of a day."""
_FEWEST_LAGS = 7
_USUAL = 0.1


def fold_notes(ports: Ports, activities: dict[SensorKey, Activity], limits: Mapping[SensorKey, float]) -> bool:
    """Take in what was noted; whether anything was. The scheduler alone does this.

    Parameters
    ----------
    ports
        The store of sensors.
    activities
        All that the store has; they are brought up to date here as well as there.
    limits
        Seconds after which a sensor counts as silent: a longer silence is learnt as one so long, or the sensor that was
        dead for a month would be given a month the next time.
    """
    noted = False
    while True:
        upto, sightings, batteries = ports.sensors.noted(_NOTES)
        if not upto:
            return noted
        noted = True
        touched: dict[SensorKey, Activity] = {}
        for one in sightings:
            _take_in(activities, touched, one, limits)
        for key, battery, said in batteries:
            activity = touched[key] = activities.setdefault(key, _new())
            activity.battery, activity.battery_at = battery, said
        with ports.sensors.transaction():
            ports.sensors.put_activities(touched)
            ports.sensors.forget_noted(upto)


def _new() -> Activity:
    return Activity(intervals=[0.0] * INTERVAL_BINS)


def _take_in(
    activities: dict[SensorKey, Activity],
    touched: dict[SensorKey, Activity],
    one: Sightings,
    limits: Mapping[SensorKey, float],
) -> None:
    columns = (one.series, one.sources, one.first, one.last, one.longest, one.messages, one.ahead)
    for series, source, *told in zip(*(column.tolist() for column in columns), strict=True):
        key = SensorKey(series, source)
        activity = touched[key] = activities.setdefault(key, _new())
        learn(activity, one.arrived, told, limits.get(key, np.inf))


def learn(activity: Activity, arrived: int, told: list[int], limit: float) -> None:
    """Learn a sighting: first, last, longest interval, messages and seconds ahead, as in :class:`Sightings`."""
    first, last, longest, messages, ahead = told
    if not messages:
        activity.ahead = (arrived, ahead, activity.ahead[2] + 1 if activity.ahead else 1)
        return
    _learn_intervals(activity, (first, last, longest, messages), limit)
    if arrived - last <= _LIVE:
        if last - first <= _ONE_SENDING:
            activity.days = _counted(activity.days, arrived // SECONDS_PER_DAY, messages)
        _learn_delay(activity, arrived, first, last)
        activity.ahead = None
    activity.first_seen = min(first, activity.first_seen or first)
    activity.last_seen = max(last, activity.last_seen)
    activity.arrived = max(arrived, activity.arrived)


def _learn_intervals(activity: Activity, told: tuple[int, int, int, int], limit: float) -> None:
    """The interval before the first message, the longest, and the others at their mean; nothing that was known."""
    first, last, longest, messages = told
    if last <= activity.last_seen:
        return
    before = [first - activity.last_seen] if activity.last_seen and first > activity.last_seen else []
    if first <= activity.last_seen:
        intervals, numbers = [float(last - activity.last_seen)], [1]
    else:
        rest = max(messages - 2, 0)
        mean = (last - first - longest) / rest if rest else 0.0
        intervals = [*map(float, before), float(longest), mean]
        numbers = [*(1 for _ in before), int(messages > 1), rest]
    lengths = np.minimum(intervals, limit)
    fade = 0.5 ** ((last - activity.last_seen) / _HALF_LIFE) if activity.last_seen else 1.0
    learnt = np.array(activity.intervals) * fade
    np.add.at(learnt, interval_bins(lengths), np.array(numbers, dtype=float) * (lengths > 0))
    activity.intervals = [round(float(number), 4) for number in learnt]
    activity.weeks = activity.weeks * fade + float((lengths * numbers).sum()) / SECONDS_PER_WEEK


def _learn_delay(activity: Activity, arrived: int, first: int, last: int) -> None:
    if last - first <= _ONE_SENDING:
        fade = 0.5 ** (max(0, arrived - activity.arrived) / (4 * SECONDS_PER_WEEK)) if activity.arrived else 1.0
        activity.wait_seconds = max(activity.wait_seconds * fade, float(arrived - first))
    day, lag = arrived // SECONDS_PER_DAY, arrived - last
    if activity.lags and activity.lags[-1][0] == day:
        activity.lags[-1] = (day, min(lag, activity.lags[-1][1]))
        return
    if len(activity.lags) >= _FEWEST_LAGS:
        # What a day's least delay is goes into the usual one a week late, lest a clock that jumps be usual at once.
        least = float(activity.lags[0][1])
        usual = least if activity.usual_lag is None else activity.usual_lag
        activity.usual_lag = usual + _USUAL * (least - usual)
    activity.lags = [*activity.lags[-_FEWEST_LAGS + 1 :], (day, lag)]


def _counted(days: Iterable[tuple[int, int]], day: int, messages: int) -> list[tuple[int, int]]:
    counted = dict(days)
    counted[day] = counted.get(day, 0) + messages
    return sorted(counted.items())[-_KEPT_DAYS:]
