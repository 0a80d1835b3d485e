"""What is said too late to be learnt: of a time whose counts have been deleted."""

from __future__ import annotations

from collections import Counter

from service.domain.annotations import AnnotationChanges
from service.domain.counts import Changes
from service.domain.retention import DataKind
from service.domain.state import Ledger, Manifest
from service.domain.times import utc_text
from service.ports import Ports
from service.usecases.audit import SCHEDULER, record
from service.usecases.learning.marks import series_of
from service.usecases.learning.taken_for import relearnt
from service.usecases.retention.kept import kept_since


def tell_too_late(ports: Ports, manifest: Manifest, ledger: Ledger, changes: Changes, noted: AnnotationChanges) -> None:
    """Tell the audit of series of which something before the first count that is kept was said otherwise.

    Places described otherwise and annotations retracted cannot be refused, as counts and new annotations are. They hold
    from the first count that is kept on; what was learnt before it stays.

    Parameters
    ----------
    ports
        Places and the audit.
    manifest, ledger
        As they were before this was taken in.
    changes, noted
        What was appended and annotated since.
    """
    since = kept_since(ports, DataKind.COUNTS)
    if since is None:
        return
    described = relearnt(ports, ledger, manifest.version)[1]
    late = {number for said in (changes.earliest, described) for number, second in said.items() if second < since}
    early = [one for one in noted.versions if one.seconds()[0] < since]
    late |= {int(number) for numbers in series_of(ports, early) for number in numbers}
    tenants = Counter(one.tenant for one in ports.register.series() if one.number in late)
    for tenant, number in sorted(tenants.items()):
        record(
            ports,
            SCHEDULER,
            tenant,
            "correction.too-late",
            f"{number} series",
            f"what was said otherwise of the time before {utc_text(since)}, whose counts are deleted, holds from then "
            "on; what was learnt and judged before stays",
        )
