"""Real counts, used in place; tests that need them say so when they are absent."""

from __future__ import annotations

import csv
import gzip
import os
from pathlib import Path

import pytest

_NAMED = os.environ.get("TRAPPVAKT_DATASETS")
FOLDER = Path(_NAMED) if _NAMED else Path(__file__).parents[2] / "shared" / "datasets"

needs_datasets = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="real counts are absent: name their folder in TRAPPVAKT_DATASETS"
)


def write_calit2(path: Path) -> None:
    """The last eight weeks of CalIt2 as a counts file: one stairwell, the flows 7 (out) and 9 (in), half hours."""
    with (FOLDER / "calit2" / "CalIt2.data").open() as source, path.open("w") as target:
        target.write("time,stairwell,space,count\n")
        for flow, day, time, count in csv.reader(source):
            month, date, year = day.split("/")
            if (month, date) >= ("09", "11"):
                target.write(f"20{year}-{month}-{date}T{time},calit2,{flow},{count}\n")


def write_melbourne(path: Path, first: str = "2015", end: str = "2016") -> None:
    """Melbourne's pedestrians from one date up to another as a counts file: four stairwells, wall-clock hours."""
    with gzip.open(FOLDER / "melbourne_pedestrians" / "pedestrian.csv.gz", "rt") as source, path.open("w") as target:
        target.write("time,stairwell,count\n")
        for row in csv.DictReader(source):
            if first <= row["Date"] < end:
                target.write(f"{row['Date']}T{int(row['Time']):02d}:00,{row['Sensor']},{row['Count']}\n")
