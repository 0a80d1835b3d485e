"""Processor time of every page for people, over a scored town. Run: python -m bench.pages [STAIRWELLS]

The town is simulated, scored and listed in a folder of its own, and its list of 50 entries is read as a draft and as
approved. A page is asked for 20 times, from the request to its last byte, and its median told beside its size.
"""

from __future__ import annotations

import math
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from flask.testing import FlaskClient

from models.city import SimulatedCity, simulate_city
from service.bootstrap import build_ports
from service.domain.keys import Role
from service.domain.readings import CountRow
from service.ports import Ports
from service.settings import load_settings
from service.site import create_site
from service.usecases.intake.ingest import ingest_counts
from service.usecases.keys import create_key
from service.usecases.learning.advance import advance
from service.usecases.lists.hotspots import approve_list, make_list
from service.usecases.sensors.check import check_sensors
from tests.worlds import TENANT, StandingClock, city_points, end_of, register_city

REPEATS = 20
WEEKS = 8


def main() -> None:
    """Print a line for each page."""
    stairwells = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as folder:
        ports, place = scored(Path(folder), stairwells)
        approved, draft = make_list(ports, TENANT).list_id, make_list(ports, TENANT).list_id
        approve_list(ports, TENANT, approved, "bench")
        client = signed_in(ports, Role.OPERATOR)
        for path in ("/lists", f"/lists/{approved}", f"/lists/{draft}", "/episodes", "/stairwells"):
            tell(client, path)
        for path in (f"/stairwells/{place}", "/sensors"):
            tell(client, path)


def scored(folder: Path, stairwells: int) -> tuple[Ports, str]:
    """A town of so many stairwells, and one of them."""
    city = simulate_city(7, stairwells=stairwells, weeks=WEEKS)
    limits = {"api.requests_per_minute": 0, "dashboard.sign_ins_per_minute": 0}
    settings = load_settings(environment={}, overrides={"general.data_dir": str(folder), **limits})
    ports = build_ports(settings, clock=StandingClock(end_of(city)))
    register_city(ports, city)
    ports.counts.append(city_points(city))
    ingest_counts(ports, TENANT, enumerate(last_day(city), start=1))
    check_sensors(ports)
    advance(ports, end_of(city))
    return ports, city.places[len(city.places) // 2].stairwell


def last_day(city: SimulatedCity) -> Iterator[CountRow]:
    """The counts of the last day once more, as messages, so that the sensors have been heard."""
    for window in range(len(city.starts) - 24, len(city.starts)):
        time = datetime.fromtimestamp(int(city.starts[window]), UTC)
        for place, count in zip(city.places, city.counts[window].tolist(), strict=True):
            if not math.isnan(count):
                yield CountRow(stairwell=place.stairwell, space=place.space, time=time, count=int(count))


def signed_in(ports: Ports, role: Role) -> FlaskClient:
    """A browser in which somebody has signed in."""
    client = create_site(ports).test_client()
    found = re.search(r'name="token" value="([^"]+)"', client.get("/sign-in").text)
    assert found
    fields = {"token": found[1], "key": create_key(ports, role, TENANT, "bench")[1]}
    assert client.post("/sign-in", data=fields).status_code == 303
    return client


def tell(client: FlaskClient, path: str) -> None:
    """Print what a page takes."""
    client.get(path)
    spent = []
    for _ in range(REPEATS):
        begun = time.process_time()
        response = client.get(path)
        spent.append(1000 * (time.process_time() - begun))
    print(f"{path:40} {response.status_code} {statistics.median(spent):6.1f} ms {len(response.data) / 1000:7.1f} kB")


if __name__ == "__main__":
    print(f"{datetime.now(UTC):%Y-%m-%d}")
    main()
