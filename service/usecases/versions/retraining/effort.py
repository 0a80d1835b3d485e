"""How much a retraining simulates."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Effort:
    """Sizes that are enough for maps and figures to be told; smaller ones are for trials and tests.

    Parameters
    ----------
    null_series, null_weeks
        Series in which nothing happens that maps are made from: some 1,100 series-years see a budget of one episode a
        year.
    trial_series, trial_weeks
        The same for the maps that candidates are compared with: rough, but alike for all.
    town_stairwells, town_weeks
        The town that the alarm budget is measured in.
    hangouts, trial_hangouts
        Hang-outs injected into the weeks held back, and into those that candidates are tried on.
    """

    null_series: int = 2000
    null_weeks: int = 30
    trial_series: int = 600
    trial_weeks: int = 20
    town_stairwells: int = 200
    town_weeks: int = 44
    hangouts: int = 300
    trial_hangouts: int = 150

    @classmethod
    def of(cls, share: float) -> Effort:
        """The usual effort with so many of the series, stairwells and hang-outs, over as many weeks.

        Examples
        --------
        >>> Effort.of(1.0) == Effort(), Effort.of(0.1).null_series, Effort.of(0.1).null_weeks
        (True, 200, 30)
        """
        usual = asdict(cls())
        return cls(
            **{name: number if name.endswith("_weeks") else round(share * number) for name, number in usual.items()}
        )
