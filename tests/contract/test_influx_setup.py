"""``trappvakt influx setup`` on a real server: buckets, a token that can do no more than it must, plain messages."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from service.cli import main
from service.errors import StoreError
from service.settings import load_settings
from service.stores.influx.connection import InfluxConnection
from tests.contract.influx import InfluxServer
from tests.disks import fill, small_disk


@pytest.fixture
def buckets() -> tuple[str, str]:
    return f"trappvakt_test_{uuid4().hex}", f"trappvakt_test_{uuid4().hex}"


@pytest.fixture
def config(influx_server: InfluxServer, buckets: tuple[str, str], tmp_path: Path) -> Iterator[Path]:
    """Settings that name buckets that are not there; they go when the test is over, and so do tokens for them."""
    path = write(tmp_path, influx_server.url, influx_server.org, buckets)
    yield path
    made = [bucket for name in buckets if (bucket := influx_server.client.buckets_api().find_bucket_by_name(name))]
    tokens = influx_server.client.authorizations_api()
    for authorization in tokens.find_authorizations():
        if {one.resource.id for one in authorization.permissions} & {bucket.id for bucket in made}:
            tokens.delete_authorization(authorization)
    for bucket in made:
        influx_server.client.buckets_api().delete_bucket(bucket)


def write(folder: Path, url: str, org: str, buckets: tuple[str, str]) -> Path:
    path = folder / "trappvakt.toml"
    names = f'counts_bucket = "{buckets[0]}"\nverdicts_bucket = "{buckets[1]}"'
    path.write_text(f'[influxdb]\nurl = "{url}"\norg = "{org}"\n{names}\nconnect_timeout_seconds = 1\n', "utf-8")
    return path


def set_up(config: Path, *words: object, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, ["--config", str(config), "influx", "setup", *map(str, words)], input=typed)


@pytest.mark.influx
def test_buckets_keep_a_week_more_than_the_settings(
    influx_server: InfluxServer, config: Path, buckets: tuple[str, str], tmp_path: Path
) -> None:
    """As long as the longest of what lies in them, as the service's own token may read."""
    config.write_text(
        config.read_text("utf-8") + "[retention]\ncounts_days = 400\nverdicts_days = 200\nsuperseded_days = 300\n",
        "utf-8",
    )
    admin, token_file = tmp_path / "admin", tmp_path / "token"
    admin.write_text(influx_server.token + "\n", "utf-8")
    assert set_up(config, "--admin-token-file", admin, "--token-file", token_file).exit_code == 0
    connection = InfluxConnection(load_settings(config, {}).influxdb, lambda: token_file.read_text("utf-8").strip())
    assert [connection.bucket_keeps_seconds(name) for name in buckets] == [407 * 86_400, 307 * 86_400]


@pytest.mark.influx
def test_buckets_and_a_token_for_them_alone(
    influx_server: InfluxServer, config: Path, buckets: tuple[str, str], tmp_path: Path
) -> None:
    """The token reads and writes the two buckets, and no third; what is printed is a settings file."""
    admin, token_file = tmp_path / "admin", tmp_path / "token"
    admin.write_text(influx_server.token + "\n", "utf-8")
    done = set_up(config, "--admin-token-file", admin, "--token-file", token_file)
    assert done.exit_code == 0, done.output
    token = token_file.read_text("utf-8").strip()
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    assert influx_server.token not in done.output
    assert token not in done.output

    printed = tmp_path / "printed.toml"
    printed.write_text(done.stdout, "utf-8")
    settings = load_settings(printed, {})
    assert (settings.store.kind, settings.influxdb.token_file) == ("influxdb", str(token_file))
    connection = InfluxConnection(settings.influxdb, lambda: token)
    for bucket in buckets:
        connection.write(bucket, ["presence,stairwell=A count=1i 1000000000"])
        connection.check(bucket)
        connection.delete(bucket, "presence", {"stairwell": "A"}, 1_000_000_000, 1_000_000_000)
    third = influx_server.bucket()
    with pytest.raises(StoreError, match=f"bucket {third}"):
        connection.write(third, ["presence count=1i 1"])
    with pytest.raises(StoreError, match=third):
        connection.check(third)


@pytest.mark.influx
def test_asked_again_buckets_stay_and_another_token_is_printed(
    influx_server: InfluxServer, config: Path, tmp_path: Path
) -> None:
    """The admin token may be typed, and is not shown."""
    tokens = set()
    for said in ("is made", "was there and stays"):
        done = set_up(config, typed=f"{influx_server.token}\n")
        assert done.exit_code == 0, done.output
        assert done.stderr.count(said) == 2
        assert influx_server.token not in done.output
        tokens.add(done.stdout.strip().splitlines()[-1])
        assert tomllib.loads(done.stderr[done.stderr.index("[store]") :])["store"]["kind"] == "influxdb"
    assert len(tokens) == 2


@pytest.mark.influx
def test_a_token_for_dashboards_reads_and_the_doctor_tells_that_it_does_not_write(
    influx_server: InfluxServer, config: Path, buckets: tuple[str, str], tmp_path: Path
) -> None:
    """On standard output the token is alone, so that a script can keep it."""
    done = set_up(config, "--read-only", typed=f"{influx_server.token}\n")
    assert done.exit_code == 0, done.output
    token = done.stdout.strip().splitlines()[-1]
    service = tmp_path / "service.toml"
    service.write_text(f'[store]\nkind = "influxdb"\n{config.read_text("utf-8")}')
    data = ["--config", str(service), "--data", str(tmp_path / "data")]
    environment = {"TRAPPVAKT_INFLUXDB_TOKEN": token}
    CliRunner().invoke(main, [*data, "keys", "create", "--role", "reader", "--tenant", "a"], env=environment)
    said = CliRunner().invoke(main, [*data, "doctor"], env=environment)
    assert said.exit_code == 1
    found = [line.split("\t") for line in said.stdout.splitlines() if "\tfailure\t" in line]
    assert [part for part, *_ in found] == ["stores"]
    assert "refused the token (403)" in found[0][2]
    assert buckets[0] in found[0][2]
    environment["TRAPPVAKT_INFLUXDB_TOKEN"] = influx_server.token
    assert CliRunner().invoke(main, [*data, "doctor"], env=environment).exit_code == 0


@pytest.mark.influx
def test_refusals_say_what_to_do(influx_server: InfluxServer, config: Path, tmp_path: Path) -> None:
    """A wrong token, an organisation that is not there, a file that is."""
    wrong = set_up(config, typed="wrong-token-that-nobody-may-see\n")
    assert wrong.exit_code == 1
    assert "refused the admin token (401); it needs to make buckets and tokens" in wrong.stderr
    assert "wrong-token" not in wrong.output
    elsewhere = write(tmp_path, influx_server.url, "nowhere", ("a", "b"))
    missing = set_up(elsewhere, typed=f"{influx_server.token}\n")
    assert missing.exit_code == 1
    assert "has no organisation nowhere" in missing.stderr
    there = set_up(config, "--token-file", config, typed="x\n")
    assert f"{config} exists" in there.stderr


def test_a_server_that_is_away_is_told(tmp_path: Path) -> None:
    """In one line."""
    away = set_up(write(tmp_path, "http://127.0.0.1:9", "o", ("a", "b")), typed="x\n")
    assert away.exit_code == 1
    assert "InfluxDB at http://127.0.0.1:9 cannot be reached" in away.stderr
    assert "Traceback" not in away.output


def test_nothing_is_asked_for_that_cannot_be_kept(tmp_path: Path) -> None:
    """The token's file comes first: a token that could not be written stayed in InfluxDB, unused and unknown."""
    config = write(tmp_path, "http://127.0.0.1:9", "o", ("a", "b"))
    nowhere = tmp_path / "nowhere" / "token"
    assert f"{nowhere}: No such file or directory" in set_up(config, "--token-file", nowhere, typed="x\n").stderr
    with small_disk(tmp_path / "disk", 1) as disk:
        fill(disk)
        assert "No space left on device" in set_up(config, "--token-file", disk / "token", typed="x\n").stderr
        assert not (disk / "token").exists()


def test_no_file_is_left_without_a_token(tmp_path: Path) -> None:
    """So the command can be given once more."""
    config = write(tmp_path, "http://127.0.0.1:9", "o", ("a", "b"))
    for _ in range(2):
        away = set_up(config, "--token-file", tmp_path / "token", typed="x\n")
        assert "cannot be reached" in away.stderr
