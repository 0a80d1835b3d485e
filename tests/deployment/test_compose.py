"""compose.yaml, its secrets and Telegraf's settings fit together, and with what the program takes.

No container engine runs them here: what can be read is checked, and the script that makes the secrets is run with a
stand-in for docker that answers as the commands would.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from service.cli import main
from service.settings import load_settings
from service.settings.sections import OWN_SCHEMA

REPOSITORY = Path(__file__).parents[2]
CONFIG = REPOSITORY / "config"
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SECRETS = {
    "influxdb_password",
    "influxdb_admin_token",
    "influxdb_token",
    "grafana_password",
    "grafana_token",
    "telegraf_ingest_key",
}
STAND_IN = """#!/usr/bin/env bash
echo "$*" >> "$LOG"
case "$*" in
    *"influx setup"* | *"keys create"*) echo "said on the side" >&2; echo "token-$(wc -l < "$LOG")" ;;
esac
"""


def test_every_secret_is_a_file_that_somebody_reads_and_the_script_makes() -> None:
    """In the folder that git and images leave out."""
    assert set(COMPOSE["secrets"]) == SECRETS
    assert {one["file"] for one in COMPOSE["secrets"].values()} == {f"secrets/{name}" for name in SECRETS}
    assert {name for service in SERVICES.values() for name in service.get("secrets", [])} == SECRETS
    assert "/secrets/" in (REPOSITORY / ".gitignore").read_text("utf-8").splitlines()
    assert (REPOSITORY / ".dockerignore").read_text("utf-8").startswith("*\n")


def test_no_password_stands_in_any_file() -> None:
    """Whatever is secret by its name names a file, and the files are those mounted."""
    for name, service in SERVICES.items():
        mounted = {f"/run/secrets/{secret}" for secret in service.get("secrets", [])}
        for key, value in (service.get("environment") or {}).items():
            if re.search("PASSWORD|TOKEN|KEY", key):
                assert key.endswith("_FILE"), f"{name}: {key}"
                assert value in mounted


def test_what_is_mounted_is_there_and_what_is_published_stays_on_this_machine() -> None:
    """And images are of a version."""
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source, target, *mode = volume.split(":")
            assert target.startswith("/")
            if source.startswith("./"):
                assert (REPOSITORY / source).exists(), source
                assert mode == ["ro"]
            else:
                assert source in COMPOSE["volumes"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        assert "build" in service or service["image"] == "trappvakt" or re.search(r":\d+\.\d+", service["image"])


def test_the_settings_fit_the_image_and_the_other_services() -> None:
    """Folder, port, address, organisation, bucket and token."""
    settings = load_settings(CONFIG / "compose/trappvakt.toml", {})
    dockerfile = (REPOSITORY / "Dockerfile").read_text("utf-8")
    ours, influxdb = SERVICES["trappvakt"], SERVICES["influxdb"]
    assert f"data:{settings.general.data_dir}" in ours["volumes"]
    assert f"VOLUME {settings.general.data_dir}" in dockerfile
    assert "./config/compose/trappvakt.toml:/etc/trappvakt.toml:ro" in ours["volumes"]
    assert "TRAPPVAKT_CONFIG=/etc/trappvakt.toml" in dockerfile
    assert ours["ports"] == [f"127.0.0.1:8080:{settings.api.port}"]
    assert settings.influxdb.url == "http://influxdb:8086"
    assert settings.influxdb.token_file == "/run/secrets/influxdb_token"  # noqa: S105
    assert settings.influxdb.org == influxdb["environment"]["DOCKER_INFLUXDB_INIT_ORG"]
    (source,) = yaml.safe_load((CONFIG / "grafana/provisioning/datasources/trappvakt.yaml").read_text())["datasources"]
    assert source["jsonData"]["organization"] == settings.influxdb.org
    assert source["jsonData"]["defaultBucket"] == settings.influxdb.verdicts_bucket
    (provider,) = yaml.safe_load((CONFIG / "grafana/provisioning/dashboards/trappvakt.yaml").read_text())["providers"]
    assert f"./config/grafana/dashboards:{provider['options']['path']}:ro" in SERVICES["grafana"]["volumes"]


def test_telegraf_writes_what_trappvakt_takes() -> None:
    """Measurement, field and tags of the schema; the secret that is mounted; the address of the service."""
    conf = tomllib.loads((CONFIG / "telegraf.conf").read_text("utf-8"))
    (mqtt,), (output,) = conf["inputs"]["mqtt_consumer"], conf["outputs"]["influxdb_v2"]
    (parsing,) = mqtt["topic_parsing"]
    words = [parsing[name].split("/") for name in ("topic", "measurement", "tags")]
    topic, measurement, tags = words
    assert topic[measurement.index("measurement")] == OWN_SCHEMA.measurement
    assert [tag for tag in tags if tag != "_"] == [OWN_SCHEMA.stairwell_tag, OWN_SCHEMA.space_tag]
    assert mqtt["value_field_name"] == OWN_SCHEMA.field
    assert mqtt["topics"] == [parsing["topic"]]
    (store,) = conf["secretstores"]["docker"]
    (secret,) = SERVICES["telegraf"]["secrets"]
    assert output["token"] == f"@{{{store['id']}:{secret}}}"
    variables = set(re.findall(r"\$\{(\w+)", str(conf)))
    assert variables == set(SERVICES["telegraf"]["environment"])


@pytest.fixture
def started(tmp_path: Path) -> Path:
    """A copy of the script that was run twice in a folder of its own."""
    folder = tmp_path / "town"
    (folder / "config/compose").mkdir(parents=True)
    script = folder / "config/compose/start"
    script.write_bytes((CONFIG / "compose/start").read_bytes())
    docker = tmp_path / "bin/docker"
    docker.parent.mkdir()
    docker.write_text(STAND_IN)
    for file in (script, docker):
        file.chmod(0o755)
    environment = {"PATH": f"{docker.parent}{os.pathsep}{os.environ['PATH']}", "LOG": str(folder / "log")}
    for _ in range(2):
        done = subprocess.run([script, "norrbo"], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return folder


def test_secrets_are_made_once_random_and_behind_a_closed_door(started: Path) -> None:
    """Tokens are what the commands print, without the line break."""
    secrets = {path.name: path.read_text() for path in (started / "secrets").iterdir()}
    assert set(secrets) == SECRETS
    assert len(set(secrets.values())) == len(SECRETS)
    made = {name for name, secret in secrets.items() if re.fullmatch("[0-9a-f]{64}", secret)}
    assert made == {"influxdb_password", "influxdb_admin_token", "grafana_password"}
    assert all(re.fullmatch(r"token-\d+", secrets[name]) for name in SECRETS - made)
    assert stat.S_IMODE((started / "secrets").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (started / "secrets").iterdir()} == {0o444}


def test_what_is_asked_of_docker_is_asked_of_commands_there_are(started: Path) -> None:
    """Of services there are; tokens once, though the script ran twice."""
    lines = (started / "log").read_text().splitlines()
    run = [line.removeprefix("compose run --rm -T ").split() for line in lines if " run " in line]
    assert [words[0] for words in run] == ["setup", "setup", "trappvakt"]
    executed = [line.removeprefix("compose exec -T trappvakt trappvakt ").split() for line in lines if " exec " in line]
    assert executed == [["doctor"], ["doctor"]]
    for words in [*(line[1:] for line in run), *executed]:
        assert CliRunner().invoke(main, [*words, "--help"]).exit_code == 0, words
    assert {word for line in lines if " up " in line for word in line.split()} <= {
        *SERVICES,
        "compose",
        "up",
        "--detach",
        "--wait",
    }


def test_without_a_tenant_the_script_says_so(tmp_path: Path) -> None:
    """And makes nothing."""
    done = subprocess.run([CONFIG / "compose/start"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "name the housing company" in done.stderr
