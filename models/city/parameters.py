"""What a simulated town is like, with a reason for every number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, kw_only=True)
class CityParameters:
    """Parameters of a simulated town; pairs are the ends of a uniform draw.

    Shares are of stairwells or series and lie in [0, 1]; rates are presences per hour.

    Notes
    -----
    The town is meant to be harder than the model's own assumptions: counts are overdispersed twice (each window and
    each day), profiles wander from those of their kind, and loitering skips evenings. Its numbers come from
    public descriptions of presence sensors in stairwells and of their use, not from any real series.
    """

    tenants: tuple[str, ...] = ("norrbo", "söderhem")
    """Housing companies; no statistic may cross from one to the other."""
    areas_per_tenant: int = 3
    """Districts small enough to walk through in one patrol."""
    stairwells_per_building: tuple[int, int] = (1, 4)
    """Swedish blocks of flats have one to four stairwells, ends included."""
    second_space_share: float = 0.5
    """A second sensor, mostly in a cellar or attic, where the first is in the stairwell."""

    level_spread: float = 0.8
    """Standard deviation of log level within a kind: places of one kind differ tenfold between quiet and busy."""
    level_bounds: tuple[float, float] = (0.005, 1.0)
    """From one presence in eight days to one an hour."""
    profile_spread: float = 0.3
    """Standard deviation of log profile per harmonic of the day: no stairwell keeps exactly the hours of its kind."""
    window_shape: tuple[float, float] = (1.0, 8.0)
    """Gamma shape of the intensity of each window, drawn per series (log-uniform): var = m + m**2 / shape."""
    day_shape: float = 12.0
    """Gamma shape of the intensity of each local day: guests, weather, a party."""

    emerging_share: float = 0.08
    """Stairwells where loitering begins while the sensor listens and goes on to the end."""
    chronic_share: float = 0.04
    """Stairwells with loitering before the sensor came: sensors go where trouble is suspected."""
    ended_share: float = 0.04
    """Stairwells where it began and ended; a list of the last fortnight must forget them."""
    emerging_onset: tuple[float, float] = (0.5, 0.93)
    """Onset as a share of the simulated span; the last week is too short to be seen."""
    ended_onset: tuple[float, float] = (0.15, 0.4)
    ended_end: tuple[float, float] = (0.55, 0.8)
    loitering_rate: tuple[float, float] = (0.35, 1.2)
    """Added presences per hour: a few people who stay past the sensor's limit now and then."""
    loitering_evenings: tuple[int, int] = (3, 5)
    """Evenings a week, ends included."""
    loitering_from_hour: tuple[int, int] = (15, 23)
    """First hour, ends included: after school to late at night."""
    loitering_hours: tuple[int, int] = (2, 6)
    """Length of the block in hours, ends included; it may wrap midnight."""
    loitering_attendance: float = 0.9
    """Chance that a preferred evening takes place at all."""
    loitering_shape: float = 6.0
    """Gamma shape of the intensity from evening to evening."""

    moving_days_per_stairwell_year: float = 1.5
    """Days of removal vans: a tenth of the dwellings change hands in a year, and some moves are noticed."""
    moving_rate: float = 1.5
    renovation_share: float = 0.02
    """Stairwells with workmen on weekdays, for renovation_days."""
    renovation_days: tuple[int, int] = (5, 21)
    renovation_rate: float = 1.0
    patrols_per_stairwell_year: float = 3.0
    """Visits of a patrol: random stops of 10 to 16 minutes, in the evening, each perhaps heard once."""
    new_years_eve_factor: float = 5.0
    """The whole town from 20 to 04 on New Year's Eve, a common cause."""
    school_break_factor: float = 1.15
    """Daytime of weekdays in school breaks."""

    gaps_per_series_week: float = 0.15
    """Lost messages: radio, gateway, power."""
    gap_hours: float = 6.0
    """Mean length of a gap; lengths are geometric."""
    dead_share: float = 0.03
    """Sensors that stop sending for one to four weeks, or for good: missing rows."""
    silent_share: float = 0.02
    """Sensors that answer but hear nothing for one to three weeks: zeros."""
    late_share: float = 0.1
    """Series installed within the first half of the span."""
    moved_share: float = 0.03
    """Sensors carried to a new series: the old one ends, the new one starts the day after."""
    shift_share: float = 0.04
    """Series whose level changes for good over all hours: new tenants, another sensor."""
    shift_factor: tuple[float, float] = (2.0, 3.5)
    """Size of a shift, up or down."""

    def calm(self) -> Self:
        """Return the same town where nothing happens that a person would want to hear of.

        No loitering, no annotated cause, no common cause, no level shift and no sensor that hears nothing. Gaps, dead,
        late and moved sensors stay, for missing data are no presence.
        """
        return replace(
            self,
            emerging_share=0.0,
            chronic_share=0.0,
            ended_share=0.0,
            moving_days_per_stairwell_year=0.0,
            renovation_share=0.0,
            patrols_per_stairwell_year=0.0,
            new_years_eve_factor=1.0,
            silent_share=0.0,
            shift_share=0.0,
        )
