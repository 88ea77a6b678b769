"""Keys that end and are made again, and a broker that really compacts: nothing comes back, and a
journal becomes as small as what is left."""

import os
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import Child
from schemas.topics import HOUR_MS
from streams.host.inputs import DECIDE
from streams.host.reading import LogReader
from tests.faults.admin import configure
from tests.faults.chain import ENDS, SWARM
from tests.faults.waits import ended, reached, timed
from tests.faults.world import World, world

pytestmark = [pytest.mark.broker, pytest.mark.slow]

COMPACTS_SOON = {"log.cleaner.backoff.ms": 100}
COMPACTED_AT_ONCE = {
    "segment.ms": "400",
    "min.cleanable.dirty.ratio": "0.0",
    "min.compaction.lag.ms": "0",
    "delete.retention.ms": "0",
}
A_DAY_IN_FOUR_RECORDS = {
    "CHAIN_MS_PER_RECORD": str(6 * HOUR_MS),
    "MENDLOG_TICK_IDLE_S": "0.2",
    "MENDLOG_GROUP_RECORDS_MAX": "16",
}
SEEN_AT_ONCE = 250
STILL_HERE = 100
MANY_KEYS = int(os.environ.get("MENDLOG_KEYS", "1_000_000"))
"""Seen ten times each where somebody has the time."""


async def test_what_was_deleted_and_made_again_around_crashes_is_rebuilt_from_a_compacted_journal(
    own_kafka: Callable[..., Kafka], tmp_path: Path, seed: int
):
    broker = own_kafka(settings=COMPACTS_SOON)
    async with world(broker.bootstrap, tmp_path, seed, partitions=1, keys=30) as chains:
        for point in ("outputs_acked", "journal_written") * 2:
            await chains.load(200)
            fault = f"decide.{point}:{chains.random.randrange(3, 12)}:KILL"
            await ended(chains.start_worker(fault=fault, settings=A_DAY_IN_FOUR_RECORDS))
            await chains.check_state()
        chains.start_worker(settings=A_DAY_IN_FOUR_RECORDS)
        await chains.caught_up()
        written = await _records(chains)
        assert _made_again(written)
        await configure(
            chains.bootstrap,
            DECIDE.journal.name(chains.prefix),
            DECIDE.journal.config() | COMPACTED_AT_ONCE,
        )
        with timed(f"{len(written)} records compacted"):
            await _compacted(chains, at_most=len(written) // 3)
        chains.workers[-1].kill()
        chains.start_worker(settings=A_DAY_IN_FOUR_RECORDS)
        await chains.load(200)
        await chains.caught_up()
        await chains.check()


@pytest.mark.parametrize(
    ("keys", "rounds"),
    [
        pytest.param(20_000, 5, id="some"),
        pytest.param(MANY_KEYS, 10, id="many", marks=pytest.mark.soak),
    ],
)
@pytest.mark.timeout(3_600 if os.environ.get("MENDLOG_SOAK") else 300)
async def test_after_sightings_of_short_lived_keys_and_silence_the_journal_holds_what_is_left(
    own_kafka: Callable[..., Kafka], tmp_path: Path, keys: int, rounds: int
):
    broker = own_kafka(settings=COMPACTS_SOON)
    async with world(broker.bootstrap, tmp_path, seed=1, partitions=1) as chains:
        await configure(
            chains.bootstrap,
            DECIDE.journal.name(chains.prefix),
            DECIDE.journal.config() | COMPACTED_AT_ONCE,
        )
        worker = chains.start_worker(settings=A_DAY_IN_FOUR_RECORDS)
        with timed(f"{keys * rounds:,} sightings of {keys:,} keys"):
            for _ in range(rounds):
                await _tell(chains, b"seen", 0, keys)
                await chains.caught_up()
        print(f"then: {_mib(worker)} MiB in memory, {await _size(chains):,} records in the journal")
        await _tell(chains, ENDS, STILL_HERE, keys)
        await chains.caught_up()
        with timed("silence until the journal held what is left"):
            await _compacted(chains, at_most=3 * STILL_HERE)
        print(f"then: {_mib(worker)} MiB in memory, {await _size(chains):,} records in the journal")
        assert STILL_HERE <= len((await chains.journals(DECIDE))[0].live) <= STILL_HERE + 1
        await chains.check()


def _made_again(written: list[tuple[bytes, bytes | None]]) -> set[bytes]:
    """Keys that were written after the broker had been told to forget them."""
    gone: set[bytes] = set()
    again: set[bytes] = set()
    for key, value in written:
        if value is None:
            gone.add(key)
        elif key in gone:
            again.add(key)
    return again


async def _tell(chains: World, what: bytes, first: int, end: int) -> None:
    """That these were seen, or ended: so many in each record, which is what the gateway does."""
    place = chains.place(DECIDE.source, 0)
    told = [
        (SWARM, b"%s %d %d" % (what, n, min(n + SEEN_AT_ONCE, end)))
        for n in range(first, end, SEEN_AT_ONCE)
    ]
    for n in range(0, len(told), 1_000):
        await chains.append(place, told[n : n + 1_000])


async def _compacted(chains: World, at_most: int) -> None:
    """Returns when the broker has thrown away all but so many records. Ticks go on meanwhile, as a
    segment that nobody appends to is not compacted."""

    async def is_small() -> bool:
        return await _size(chains) <= at_most

    await reached(is_small, "compaction")


async def _size(chains: World) -> int:
    journal = DECIDE.journal.name(chains.prefix)
    found = LogReader(chains.bootstrap).read_all(journal, [0], {})
    return sum([len(records) async for _, records in found])


async def _records(chains: World) -> list[tuple[bytes, bytes | None]]:
    journal = DECIDE.journal.name(chains.prefix)
    found = LogReader(chains.bootstrap).read_all(journal, [0], {})
    return [(r.key, r.value) async for _, records in found for r in records]


def _mib(worker: Child) -> int:
    return psutil.Process(worker.pid).memory_info().rss >> 20
