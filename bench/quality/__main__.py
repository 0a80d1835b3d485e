"""Measure everybody and write the page."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from bench.quality.datasets import read_calit2, read_nyc_taxi
from bench.quality.experiment import Table
from bench.quality.known import KnownEventRecall, text_for
from bench.quality.page import titles_of, write_table
from bench.quality.rivals import RIVALS


def main() -> None:
    datasets = Path("../shared/datasets")
    events = text_for("Known events after four weeks: 17.")
    for table, read in (
        (Table("calit2-in", "CalIt2, flow 9 (in)", events), partial(read_calit2, datasets, 9)),
        (Table("calit2-out", "CalIt2, flow 7 (out)", events), partial(read_calit2, datasets, 7)),
        (Table("nyc-taxi", "nyc_taxi", text_for("Five windows.")), partial(read_nyc_taxi, datasets)),
    ):
        experiment = KnownEventRecall(table, read, RIVALS)
        rows = {rival.name: experiment.measure(rival)[table.name] for rival in RIVALS}
        print("\n".join(write_table(table, rows, titles_of(RIVALS))))


if __name__ == "__main__":
    main()
