"""How much a retraining simulates."""

from __future__ import annotations

from dataclasses import asdict, dataclass

_SHORTEST = 10  # weeks; a promise is told of the weeks from the ninth on as well


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

        Less than a tenth is for whoever only wants to see a retraining through: weeks become fewer too, but as many as
        it takes to leave the first eight behind.

        Examples
        --------
        >>> Effort.of(1.0) == Effort(), Effort.of(0.1).null_series, Effort.of(0.1).null_weeks
        (True, 200, 30)
        >>> Effort.of(0.02).null_series, Effort.of(0.02).null_weeks, Effort.of(0.02).town_weeks
        (40, 10, 10)
        """
        of_weeks = min(1.0, 10 * share)
        return cls(
            **{
                name: max(_SHORTEST, round(of_weeks * number)) if name.endswith("_weeks") else round(share * number)
                for name, number in asdict(cls()).items()
            }
        )
