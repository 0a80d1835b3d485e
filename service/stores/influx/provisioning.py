"""What InfluxDB must hold before Trappvakt can use it: two buckets, and a token that can do nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.authorization import Authorization
from influxdb_client.domain.bucket import Bucket
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.domain.organization import Organization
from influxdb_client.domain.permission import Permission
from influxdb_client.domain.permission_resource import PermissionResource
from influxdb_client.rest import ApiException

from service.errors import StoreError
from service.settings.retention import Retention
from service.settings.sections import InfluxDB
from service.stores.influx.connection import open_client, reachable, said_by

BACKSTOP_DAYS = 7
"""So long after the scheduler a bucket deletes by itself; buckets drop whole shards, some days late."""


@dataclass(frozen=True)
class Provision:
    """What was made: the names of buckets that were not there before, and the token."""

    made: list[str]
    token: str


def provision(settings: InfluxDB, admin_token: str, retention: Retention, *, read_only: bool) -> Provision:
    """Make the buckets that are missing, and a token that reads and writes them and nothing else.

    A bucket that is there stays as it is. Every call makes another token; those before it stay valid until somebody
    deletes them in InfluxDB.

    Parameters
    ----------
    settings
        Address, organisation and names of the buckets.
    admin_token
        A token that may make buckets and tokens in the organisation; it is kept nowhere.
    retention
        How long counts and verdicts are kept. A bucket that is made deletes what is :data:`BACKSTOP_DAYS` older, should
        the scheduler not have done so.
    read_only
        Whether the token cannot write: that of dashboards.

    Raises
    ------
    StoreError
        If the server cannot be reached, refuses the token or does not know the organisation.
    """
    try:
        with reachable(settings.url), open_client(settings, admin_token, patient=False) as client:
            organisation = _organisation(client, settings)
            days = _kept_days(settings, retention)
            found = {name: _bucket(client, name) for name in days}
            made = [name for name, bucket in found.items() if bucket is None]
            buckets = [bucket or _make_bucket(client, name, organisation, days[name]) for name, bucket in found.items()]
            actions = ("read",) if read_only else ("read", "write")
            return Provision(made, _make_token(client, organisation, buckets, actions))
    except ApiException as error:
        raise StoreError(f"InfluxDB at {settings.url} {_refusal(error, settings)}") from error


def _organisation(client: InfluxDBClient, settings: InfluxDB) -> Organization:
    found = client.organizations_api().find_organizations(org=settings.org)
    if not found:
        raise StoreError(f"InfluxDB at {settings.url} has no organisation {settings.org}; check influxdb.org")
    organisation: Organization = found[0]
    return organisation


def _bucket(client: InfluxDBClient, name: str) -> Bucket | None:
    bucket: Bucket | None = client.buckets_api().find_bucket_by_name(name)
    return bucket


def _kept_days(settings: InfluxDB, retention: Retention) -> dict[str, int]:
    """Days that each bucket keeps its points: as long as the longest of what lies in it, 0 for good."""
    days: defaultdict[str, list[int]] = defaultdict(list)
    days[settings.counts_bucket].append(retention.counts_days)
    days[settings.verdicts_bucket] += [retention.verdicts_days, retention.superseded_days]
    return {name: max(kept) if all(kept) else 0 for name, kept in days.items()}


def _make_bucket(client: InfluxDBClient, name: str, organisation: Organization, keep_days: int) -> Bucket:
    seconds = (keep_days + BACKSTOP_DAYS) * 86_400
    rules = BucketRetentionRules(type="expire", every_seconds=seconds) if keep_days else None
    bucket: Bucket = client.buckets_api().create_bucket(bucket_name=name, retention_rules=rules, org=organisation.id)
    return bucket


def _make_token(
    client: InfluxDBClient, organisation: Organization, buckets: list[Bucket], actions: Sequence[str]
) -> str:
    permissions = [
        Permission(action, PermissionResource(id=bucket.id, org_id=organisation.id, type="buckets"))
        for bucket in buckets
        for action in actions
    ]
    purpose = f"Trappvakt: {' and '.join(actions)} its buckets"
    wanted = Authorization(org_id=organisation.id, permissions=permissions, description=purpose)
    return str(client.authorizations_api().create_authorization(authorization=wanted).token)


def _refusal(error: ApiException, settings: InfluxDB) -> str:
    match error.status:
        case 401 | 403:
            return (
                f"refused the admin token ({error.status}); it needs to make buckets and tokens in organisation "
                f"{settings.org}, as an all-access token does"
            )
        case 404:
            return f"has no organisation {settings.org}, or the token may not see it; check influxdb.org"
        case _:
            return f"refused the request ({error.status}: {said_by(error)})"
