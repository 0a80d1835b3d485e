"""Silences that were taken for calm: found out under assumed liveness, and taken out of what was learnt.

A sensor that speaks only when somebody is there is silent when it is calm, and when it is dead. Each window without a
word is taken for zero until a silence as long is too unlikely; by then the zeros since its last word are learnt. So the
silence goes into the ledger, and the series is replayed from its start without them. What is found depends on nothing
but the counts before, so a replay from the beginning finds the same silences, and ends in the same state.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from models.calendar import SECONDS_PER_DAY
from service.domain.state import Ledger, Manifest, Silence
from service.ports import Ports

_LOOK_BACK_SECONDS = 28 * SECONDS_PER_DAY  # read at once in search of a sensor's last word


def silences_of(ports: Ports, manifest: Manifest, found: Mapping[int, int]) -> dict[int, Silence]:
    """The silences that were noticed in windows, by series; they began with the window after the last count."""
    return {
        number: Silence(start=_fell_silent(ports, manifest, number, time), found=time) for number, time in found.items()
    }


def with_silences(ledger: Ledger, found: Mapping[int, Silence]) -> Ledger:
    """The ledger with silences newly found; their series are to be replayed since then.

    What was found of them later was found in a state that had learnt from the silence, and is looked for again.
    """
    if not found:
        return ledger
    pending = {number: min(one.start, ledger.pending.get(number, one.start)) for number, one in found.items()}
    known = {
        number: [*(before for before in ledger.silences.get(number, ()) if before.start < one.start), one]
        for number, one in found.items()
    }
    return msgspec.structs.replace(ledger, pending=ledger.pending | pending, silences=ledger.silences | known)


def withdraw_silences(ledger: Ledger, changed: Mapping[int, int]) -> Ledger:
    """The ledger without the silences that rest on what changed, ``changed`` since when by series, seconds UTC.

    All that was learnt since the start of such a silence is learnt anew: it was found from what came later.

    Examples
    --------
    >>> ledger = Ledger(silences={1: [Silence(start=0, found=7200), Silence(start=9000, found=9900)]})
    >>> withdrawn = withdraw_silences(ledger, {1: 9900})
    >>> withdrawn.silences[1] == [Silence(start=0, found=7200)], withdrawn.pending
    (True, {1: 9000})
    """
    silences, pending = dict(ledger.silences), dict(ledger.pending)
    for number, second in changed.items():
        known = silences.pop(number, [])
        if kept := [one for one in known if one.found < second]:
            silences[number] = kept
        since = min([second, *(one.start for one in known[len(kept) :])])
        pending[number] = min(since, pending.get(number, since))
    return msgspec.structs.replace(ledger, pending=pending, silences=silences)


def _fell_silent(ports: Ports, manifest: Manifest, number: int, found: int) -> int:
    """The first window after the last count before ``found``."""
    step, end = manifest.window_seconds, found
    while end > manifest.origin:
        begin = max(manifest.origin, end - _LOOK_BACK_SECONDS // step * step)
        heard = ports.counts.read(begin, end, step, np.array([number])).starts
        if len(heard):
            return int(heard[-1]) + step
        end = begin
    return manifest.origin  # the count it was heard by has been deleted since
