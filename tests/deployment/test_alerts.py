"""Alert rules name metrics there are and a section that says what to do; promtool, where it is, tests them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
RULES = REPOSITORY / "config/prometheus/alerts.yml"
PAGE = REPOSITORY / "docs/alerts.md"
ALERTS = [rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]
needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool (Debian: prometheus) is not here")


def test_every_alert_leads_to_its_section_and_every_section_has_an_alert() -> None:
    """Anchors are those that Markdown readers make of headings."""
    sections = re.findall(r"^### (\w+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sections == [rule["alert"] for rule in ALERTS]
    for rule in ALERTS:
        assert rule["annotations"]["runbook_url"] == f"docs/alerts.md#{rule['alert'].lower()}"
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["labels"]["severity"] in ("critical", "warning")


def test_alerts_are_about_metrics_there_are() -> None:
    """Those of the table of operations, which another test holds to the code."""
    table = (REPOSITORY / "docs/operations.md").read_text("utf-8")
    known = set(re.findall(r"^\| `(trappvakt_\w+)", table, re.MULTILINE))
    named = {metric for rule in ALERTS for metric in re.findall(r"trappvakt_\w+", rule["expr"])}
    assert named <= known


@needs_promtool
def test_prometheus_takes_the_rules() -> None:
    """As it would at its start."""
    run("check", "rules", "--lint-fatal", str(RULES))


@needs_promtool
def test_alerts_fire_when_they_should_and_only_then() -> None:
    """On made-up series: a calm town of three days, and one trouble after another."""
    run("test", "rules", str(Path(__file__).with_name("alerts.test.yml")))


def test_every_alert_has_a_unit_test_that_sees_it_fire() -> None:
    """Named in the expected samples."""
    cases = yaml.safe_load(Path(__file__).with_name("alerts.test.yml").read_text("utf-8"))["tests"]
    expected = str([sample for case in cases for sample in case.get("promql_expr_test", [])])
    expected += str([case["alert_rule_test"] for case in cases if "alert_rule_test" in case])
    assert [rule["alert"] for rule in ALERTS if rule["alert"] not in expected] == []


def run(*words: str) -> None:
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
