"""What all places of a town have in common, and a list has to know of it."""

from __future__ import annotations

from dataclasses import dataclass

from models.hotspots.mood import Mood


@dataclass(frozen=True)
class Town:
    """A town in a list's period.

    Parameters
    ----------
    mood
        How lively it is, against the days before (`models.hotspots.mood`).
    company
        Presences that each one brings (`models.hotspots.company`).
    """

    mood: Mood
    company: float

    @classmethod
    def as_ever(cls) -> Town:
        """One of which nothing is known: in no mood, and everybody comes alone."""
        return cls(Mood.as_ever(), 0.0)
