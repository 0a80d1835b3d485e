"""Measure the detector beside its rivals and write docs/benchmarks.md.

    python -m bench.quality [--datasets FOLDER] [--only NAME] [--rivals NAME] [--seed N] [--jobs N] [--quick]
                            [--page FILE]

A run of everything writes the page; a run of a part, or a quick one, prints its tables and writes a page only where it
is told to. Nothing is kept between runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from bench.quality.page import write_page, write_tables
from bench.quality.plan import Plan
from bench.quality.run import NEIGHBOURS, run

_PAGE = Path("docs/benchmarks.md")
_SEED = 2026
_COMMAND = "python -m bench.quality"


def main(arguments: list[str] | None = None) -> None:
    options = _options(arguments)
    plan = Plan(options.datasets, options.seed, options.quick)
    part = bool(options.only or options.rivals or options.quick)
    _check(plan, options)
    results = run(plan, only=options.only, rivals=options.rivals, jobs=options.jobs)
    page = options.page or (None if part else _PAGE)
    if page is None:
        sys.stdout.write(write_tables(plan, results) + "\n")
    else:
        command = f"{_COMMAND} --seed {options.seed}"
        page.write_text(write_page(plan, results, command), encoding="utf-8")
        sys.stdout.write(f"written: {page}\n")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=_COMMAND, description=(__doc__ or "").splitlines()[0])
    datasets = Path(os.environ.get("TRAPPVAKT_DATASETS", "../shared/datasets"))
    parser.add_argument("--datasets", type=Path, default=datasets, help="folder of the public counts")
    parser.add_argument("--only", action="append", default=[], help="an experiment; may be given more than once")
    parser.add_argument("--rivals", action="append", default=[], help="a rival; Trappvakt is always there")
    parser.add_argument("--seed", type=int, default=_SEED, help="of towns, injected events and randomised p-values")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    parser.add_argument("--quick", action="store_true", help="slices and small towns: shows that it runs")
    parser.add_argument("--page", type=Path, help=f"file to write; {_PAGE} where everything is measured")
    return parser.parse_args(arguments)


def _check(plan: Plan, options: argparse.Namespace) -> None:
    """End with a sentence where a name is unknown, a folder absent or a package missing."""
    rivals = {rival.name: rival for experiment in plan.experiments for rival in experiment.rivals}
    experiments = {experiment.name for experiment in plan.experiments} | {NEIGHBOURS}
    for option, given, known in (("--only", options.only, experiments), ("--rivals", options.rivals, set(rivals))):
        if unknown := sorted(set(given) - known):
            sys.exit(f"{option} {', '.join(unknown)}: not known; there are {', '.join(sorted(known))}")
    if not plan.datasets.is_dir():
        sys.exit(f"no folder {plan.datasets}: name that of the public counts with --datasets")
    needed = {rivals[name].package for name in options.rivals or rivals} - {""}
    if missing := sorted(package for package in needed if find_spec(package) is None):
        sys.exit(f"{', '.join(missing)} not installed: pip install -e '.[bench]'")


if __name__ == "__main__":
    main()
