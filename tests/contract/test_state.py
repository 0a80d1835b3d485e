"""The contract of the state store, and of the verdict store inside its transaction."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from service.domain.keys import AuditEntry
from service.domain.state import Checkpoint, Chunk, Command, Ledger, Manifest, Promotion, Shard, TakenFor
from service.domain.verdicts import VerdictQuery
from service.errors import NotFound, StoreError
from tests.contract.conftest import FreshStores
from tests.contract.stores import HOUR, Stores, learn, rows_of, verdicts

START = 1_793_491_200


def manifest(watermark: int, *files: str) -> Manifest:
    rows = {f"slots/{number}": Chunk(file, "slots", number) for number, file in enumerate(files)}
    return Manifest(
        origin=START,
        watermark=watermark,
        version="0",
        previous=None,
        window_minutes=60,
        shard_series=2,
        cursor=3,
        digest="d",
        shards=[Shard(series=[1, 2], rows=rows)],
    )


def chunk(value: float = 1.0) -> dict[str, np.ndarray]:
    return {"slots": np.full((2, 3), value, dtype=np.float32)}


@given(
    written=st.dictionaries(
        st.from_regex(r"[a-z]{1,8}(/[0-9]{1,3})?", fullmatch=True),
        arrays.arrays(np.float32, arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5)),
        max_size=4,
    )
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_chunks_come_back_to_the_last_bit(fresh_embedded: FreshStores, written: dict[str, np.ndarray]) -> None:
    """Any names, any shapes, NaN and infinity included, all of a chunk or some of it."""
    state = fresh_embedded().state
    file, some = state.write_chunk(written), set(sorted(written)[:2])
    for read, names in ((state.read_chunk(file), written.keys()), (state.read_chunk(file, some), some)):
        assert read.keys() == names
        for name in names:
            assert (read[name].dtype, read[name].shape) == (np.float32, written[name].shape)
            assert read[name].tobytes() == written[name].tobytes()


def test_revision_is_another_after_every_publication(embedded: Stores) -> None:
    """Of a manifest or of a ledger, together or alone; not of what was undone."""
    seen = [embedded.state.revision()]
    for _ in range(2):
        embedded.state.publish(manifest(START))
        seen.append(embedded.state.revision())
        embedded.state.publish_ledger(Ledger())
        seen.append(embedded.state.revision())
    assert len(set(seen)) == 5
    assert embedded.state.revision() == seen[-1]


def test_chunk_is_immutable(embedded: Stores) -> None:
    """Neither the writer's array nor the reader's reaches into the store."""
    arrays = chunk()
    name = embedded.state.write_chunk(arrays)
    arrays["slots"][:] = 9
    embedded.state.read_chunk(name)["slots"][:] = 9
    assert (embedded.state.read_chunk(name)["slots"] == 1).all()


def test_missing_chunk_is_told(embedded: Stores) -> None:
    """Of a chunk that is not there, the message names it and says what to do."""
    with pytest.raises(StoreError, match=r"nothing\.npz is damaged or missing.*replay"):
        embedded.state.read_chunk("nothing.npz")


def test_manifest_in_force_is_the_last_published(embedded: Stores) -> None:
    """None, then one, then the next."""
    assert embedded.state.manifest() is None
    for watermark in (START, START + HOUR):
        with embedded.state.transaction():
            embedded.state.publish(manifest(watermark, "a"))
        assert embedded.state.manifest() == manifest(watermark, "a")


def test_transaction_commits_all_or_nothing(embedded: Stores) -> None:
    """A tick that fails leaves neither its manifest nor its verdicts, nor loses those before it."""
    series = learn(embedded, 2)
    keys = [(START, number) for number in series]
    with embedded.state.transaction():
        embedded.verdicts.write(verdicts("0", keys, seed=1))
        embedded.state.publish(manifest(START))
    with suppress(ZeroDivisionError), embedded.state.transaction():
        embedded.verdicts.supersede(np.array(series), START, START + HOUR)
        embedded.verdicts.write(verdicts("1", [*keys, (START + HOUR, series[0])], seed=2))
        embedded.state.publish(manifest(START + HOUR))
        assert embedded.state.manifest() == manifest(START + HOUR)
        raise ZeroDivisionError
    assert embedded.state.manifest() == manifest(START)
    assert rows_of(embedded.verdicts.columns(np.array(series), 0, 2 * START)) == rows_of(verdicts("0", keys, seed=1))
    assert len(embedded.verdicts.find(VerdictQuery(series=tuple(series)))) == 2


def test_sweep_deletes_what_nothing_needs(embedded: Stores) -> None:
    """Chunks in force stay, and so do those that a running tick has written but not published."""
    assert embedded.state.sweep() == 0
    before = embedded.state.write_chunk(chunk())
    assert embedded.state.sweep() == 0
    old, kept, new = (written_later(embedded, value) for value in (1, 2, 3))
    embedded.state.publish(manifest(START, kept, new))
    running = written_later(embedded, 4)
    assert embedded.state.sweep() == 2
    assert embedded.state.sweep() == 0
    for name in (before, old):
        with pytest.raises(StoreError):
            embedded.state.read_chunk(name)
    for name in (kept, new, running):
        embedded.state.read_chunk(name)
    newest = written_later(embedded, 5)
    embedded.state.publish(manifest(START, newest))
    assert embedded.state.sweep() == 3


def written_later(stores: Stores, value: float) -> str:
    """A chunk whose file is older than the next one's, on file systems that count time in ticks of 4 ms or so."""
    name = stores.state.write_chunk(chunk(value))
    folder = getattr(getattr(stores.state, "_chunks", None), "_folder", None)
    if folder is not None:
        now = (folder / name).stat().st_mtime_ns
        while True:
            probe = folder / "probe"
            probe.touch()
            if probe.stat().st_mtime_ns > now:
                probe.unlink()
                break
    return name


def test_ledger_in_force_is_the_last_published(embedded: Stores) -> None:
    """An empty one first; published with a manifest or not at all; its checkpoints are not swept."""
    state = embedded.state
    assert state.ledger() == Ledger()
    kept, other = written_later(embedded, 1), written_later(embedded, 2)
    ledger = Ledger(
        checkpoints=[Checkpoint(time=START, series=[1, 2], file=kept)],
        pending={2: START + HOUR},
        learnt={1: TakenFor(kind=3, assumed=[(-(2**62), START)], restarts=[START])},
        places=4,
        calendar=["Europe/Stockholm", "SE"],
    )
    with state.transaction():
        state.publish(manifest(START, written_later(embedded, 3)))
        state.publish_ledger(ledger)
    with suppress(ZeroDivisionError), state.transaction():
        state.publish_ledger(Ledger())
        raise ZeroDivisionError
    assert state.ledger() == ledger
    assert state.sweep() == 1
    state.read_chunk(kept)
    with pytest.raises(StoreError):
        state.read_chunk(other)


def test_second_state_is_kept_beside_the_one_in_force(embedded: Stores) -> None:
    """Its chunks are not swept; dropped, they are deleted, but for those that the state in force names too."""
    state = embedded.state
    assert state.promotion() is None
    in_force, shared, second, checkpoint = (written_later(embedded, number) for number in range(4))
    with state.transaction():
        state.publish(manifest(START, in_force))
        state.publish_ledger(Ledger(checkpoints=[Checkpoint(time=START, series=[1], file=shared)]))
    promotion = Promotion(
        manifest=manifest(START, second),
        ledger=Ledger(checkpoints=[Checkpoint(time=START, series=[1], file=file) for file in (shared, checkpoint)]),
        actor="cli:eva",
        override="the fair was in town",
        command=7,
        entry=AuditEntry(time=datetime(2026, 11, 1, tzinfo=UTC), actor="a", tenant="*", action="b", subject="c"),
    )
    with suppress(ZeroDivisionError), state.transaction():
        state.publish_promotion(promotion)
        raise ZeroDivisionError
    assert state.promotion() is None
    state.publish_promotion(promotion)
    assert state.promotion() == promotion
    state.sweep()
    for file in (in_force, shared, second, checkpoint):
        state.read_chunk(file)
    unpublished = state.write_chunk({"mean": np.ones(3, np.float32)})
    before = state.size_bytes()
    state.drop_promotion()
    assert state.promotion() is None
    assert 0 < state.size_bytes() < before
    for file in (in_force, shared):
        state.read_chunk(file)
    for file in (second, checkpoint, unpublished):
        with pytest.raises(StoreError):
            state.read_chunk(file)
    state.drop_promotion()


def test_commands_wait_until_they_are_finished(embedded: Stores) -> None:
    """Oldest first; an outcome is kept, and the first one stays."""
    state = embedded.state
    one, two = state.enqueue("promote", "3", "key-1"), state.enqueue("score", "", "cli:anna")
    assert state.commands() == [
        Command(command_id=one, name="promote", argument="3", actor="key-1"),
        Command(command_id=two, name="score", argument="", actor="cli:anna"),
    ]
    assert state.outcome(one) == (False, None)
    state.finish(one, "there is no version 3")
    state.finish(one)
    assert state.outcome(one) == (True, "there is no version 3")
    assert [command.command_id for command in state.commands()] == [two]
    state.finish(two)
    assert state.outcome(two) == (True, None)
    assert state.enqueue("score", "", "cli:anna") > two


@pytest.mark.parametrize("ask", ["outcome", "finish"])
def test_unknown_command_is_not_found(embedded: Stores, ask: str) -> None:
    """Neither asked for nor finished."""
    with pytest.raises(NotFound, match="no command 7"):
        getattr(embedded.state, ask)(7)
