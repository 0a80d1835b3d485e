"""Live calibration is what the verdicts give when each is looked at, and drift is told in words."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import REGISTRY

from models.city import SimulatedCity, simulate_city
from service.domain.annotations import Annotation, AnnotationKind
from service.domain.verdicts import MEASURES, VerdictColumns
from service.ports import Ports
from service.tick import Tick
from service.usecases.findings import live_calibration as module
from service.usecases.findings.episode_runs import runs_since
from service.usecases.findings.live_calibration import live_calibration
from service.usecases.learning.advance import advance
from tests.worlds import TENANT, city_points, end_of, register_city, sqlite_ports

WEEKS = 8


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return simulate_city(31, stairwells=12, weeks=WEEKS, null=True)


@pytest.fixture(scope="module")
def scored(city: SimulatedCity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a town in which nothing happens, scored."""
    folder = tmp_path_factory.mktemp("null")
    ports = opened(folder, city)
    register_city(ports, city)
    ports.counts.append(city_points(city))
    advance(ports, end_of(city))
    return folder


@pytest.fixture(scope="module")
def ports(city: SimulatedCity, scored: Path, tmp_path_factory: pytest.TempPathFactory) -> Ports:
    """That town; tests read it."""
    return opened(copied(scored, tmp_path_factory.mktemp("read")), city)


def opened(folder: Path, city: SimulatedCity) -> Ports:
    return sqlite_ports(folder, now=end_of(city) + timedelta(hours=1))


def copied(folder: Path, other: Path) -> Path:
    """A copy of a town, to be changed."""
    return Path(shutil.copytree(folder, other, dirs_exist_ok=True))


def verdicts(ports: Ports, weeks: int) -> VerdictColumns:
    end = ports.state.manifest().watermark
    numbers = np.array([one.number for one in ports.register.series()], dtype=np.int64)
    return ports.verdicts.columns(numbers, end - weeks * 7 * 86_400, end)


def test_the_ratio_is_that_of_randomised_p_values(ports: Ports) -> None:
    """As many draws of u as it takes give the same, over all and within each decile."""
    report = live_calibration(ports, weeks=3)
    judged = verdicts(ports, 3)
    warm = judged.where(judged.evidence_weeks >= 4.0)
    random = np.random.default_rng(1)
    draws = [warm.p_above + random.random(len(warm)) * (warm.p_value - warm.p_above) for _ in range(100)]
    assert report.overall.windows == len(warm)
    assert report.overall.expected == pytest.approx(warm.expected.mean())
    for tail in report.overall.tails:
        drawn = np.mean([(one < tail.level).mean() for one in draws]) / tail.level
        assert tail.ratio == pytest.approx(drawn, rel=0.03)
        assert tail.low < tail.ratio < tail.high
    means = [one.expected for one in report.by_decile]
    assert means == sorted(means)
    assert len(means) == 10
    assert sum(one.windows for one in report.by_decile) == sum(one.windows for one in report.by_kind) == len(warm)
    assert all(0.05 < one.windows / len(warm) < 0.15 for one in report.by_decile)


def test_a_town_in_which_nothing_happens_does_not_drift(ports: Ports) -> None:
    report = live_calibration(ports, weeks=4)
    assert report.drift == []
    since = int(report.start.timestamp())
    numbers = [one.number for one in ports.register.series()]
    assert report.episodes.episodes == len(list(runs_since(ports, numbers, since)))
    assert report.episodes.stairwell_weeks == pytest.approx(12 * 4, rel=0.1)
    assert report.episodes.low <= report.episodes.opened <= report.episodes.high


def test_counts_that_come_far_out_too_often_are_told_as_drift(
    city: SimulatedCity, scored: Path, tmp_path: Path
) -> None:
    """Over all and by kind; and that more episodes open than the budget promises."""
    ports = opened(copied(scored, tmp_path), city)
    judged = verdicts(ports, 3)
    chosen = np.arange(len(judged)) % 10 == 0
    measures = {name: getattr(judged, name) for name in MEASURES}
    measures["p_value"] = np.where(chosen, 0.002, judged.p_value)
    measures["p_above"] = np.where(chosen, 0.001, judged.p_above)
    ports.verdicts.write(VerdictColumns(judged.version, judged.series, judged.starts, anomalous=chosen, **measures))
    drift = live_calibration(ports, weeks=3).drift
    assert any(one.startswith("over all, p-values below 0.01 come ") for one in drift)
    assert any(one.startswith("in spaces of kind cellar, p-values below 0.01 come ") for one in drift)
    (told,) = [one for one in drift if "episodes opened per 100 stairwell-weeks" in one]
    assert "2 are promised" in told
    assert told.endswith("; annotate what is known, or retrain")


def test_windows_with_a_known_cause_are_left_out(city: SimulatedCity, scored: Path, tmp_path: Path) -> None:
    ports = opened(copied(scored, tmp_path), city)
    before = live_calibration(ports, weeks=2).overall.windows
    stairwell, end = city.places[0].stairwell, end_of(city)
    begin = end - timedelta(days=7)
    ports.annotations.put(
        [
            Annotation(
                annotation="works",
                tenant=TENANT,
                kind=AnnotationKind.RENOVATION,
                start=begin,
                end=end,
                stairwell=stairwell,
                made_by="test",
                made=end,
            )
        ]
    )
    judged = verdicts(ports, 1)
    inside = [one.number for one in ports.register.series() if one.stairwell == stairwell]
    hidden = int((np.isin(judged.series, inside) & (judged.evidence_weeks >= 4.0)).sum())
    assert hidden > 0
    assert live_calibration(ports, weeks=2).overall.windows == before - hidden


def test_of_very_many_series_a_sample_is_judged(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_VERDICTS", 5 * 2 * 168)
    report = live_calibration(ports, weeks=2)
    assert (report.series, report.series_judged) == (len(ports.register.series()), 5)
    assert 0 < report.overall.windows <= 5 * 2 * 168
    series = ports.register.series()
    spaces = Counter(one.stairwell for one in series)
    parts = [1 / spaces[series[place].stairwell] for place in np.linspace(0, len(series) - 1, 5).astype(int)]
    assert report.episodes.stairwell_weeks == pytest.approx(2 * sum(parts), rel=0.05)


def test_nothing_scored_has_no_calibration(tmp_path) -> None:
    report = live_calibration(sqlite_ports(tmp_path))
    assert (report.overall, report.by_kind, report.by_decile, report.episodes) == (None, [], [], None)
    assert live_calibration(sqlite_ports(tmp_path), "another tenant").drift == []


def test_the_scheduler_measures_once_a_day(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr("service.tick.live_calibration", lambda ports: made.append(1) or live_calibration(ports))
    monkeypatch.setattr(ports.clock, "time", ports.clock.time)
    tick = Tick(ports)
    tick.run()
    tick.run()
    assert len(made) == 1
    labels = {"kind": "all", "level": "0.01"}
    assert REGISTRY.get_sample_value("trappvakt_calibration_ratio", labels) == pytest.approx(
        live_calibration(ports).overall.tails[1].ratio
    )
    assert REGISTRY.get_sample_value("trappvakt_episodes_opened_per_100_stairwell_weeks") is not None
    ports.clock.time += timedelta(days=1)
    tick.run()
    assert len(made) == 2
