"""Batches are measured before they are built, and never more is under way than agreed."""

import asyncio
from collections.abc import Callable

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from deploy.sandbox.kafka import Kafka
from schemas.topics import TAPE
from streams.host.exits import ProducerStalled
from streams.host.writer import ByteBudget, Record, Writer, batch_bytes, batches
from tests.streams.host.broker import make_topics, new_prefix, started

NO_COMPRESSION = 0
records = st.builds(
    Record,
    st.none() | st.binary(max_size=50),
    st.none() | st.binary(max_size=300),
    st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=50)), max_size=3).map(tuple),
)


@given(st.lists(records, min_size=1, max_size=20))
def test_the_measure_is_never_below_the_real_size(some: list[Record]):
    builder = BatchBuilder(1 << 20, NO_COMPRESSION)
    for key, value, headers in some:
        builder.append(timestamp=None, key=key, value=value, headers=list(headers))
    assert builder.size() <= batch_bytes(some)


@given(st.lists(records, max_size=30), st.integers(100, 1_000))
def test_batches_keep_order_and_size(some: list[Record], bytes_max: int):
    split = list(batches(some, bytes_max))
    assert [record for batch in split for record in batch] == some
    assert all(len(b) == 1 or batch_bytes(b) <= bytes_max for b in split)


async def test_the_budget_lets_through_what_fits_and_holds_the_rest():
    budget = ByteBudget(100)
    release, entered = asyncio.Event(), []

    async def use(size: int) -> None:
        async with budget.hold(size):
            entered.append(size)
            await release.wait()

    tasks = [asyncio.create_task(use(size)) for size in (60, 30, 20)]
    await asyncio.sleep(0)
    assert entered == [60, 30]
    release.set()
    await asyncio.gather(*tasks)
    assert entered == [60, 30, 20]


async def test_what_is_larger_than_the_budget_goes_alone():
    budget = ByteBudget(100)
    async with asyncio.timeout(30), budget.hold(500):
        pass


@pytest.mark.broker
async def test_a_producer_that_is_stalled_says_so_in_time(own_kafka: Callable[..., Kafka]):
    broker, prefix = own_kafka(), new_prefix()
    await make_topics(broker.bootstrap, prefix, [TAPE])
    async with (
        started(Writer(broker.bootstrap)) as writer,
        started(Writer(broker.bootstrap)) as impatient,
    ):
        impatient._timeout_s = 1.0  # Only now: starting may take longer.
        first = await writer.append(TAPE.name(prefix), 0, [Record(b"k", b"1"), Record(b"k", b"2")])
        broker.pause()
        with pytest.raises(ProducerStalled, match="no acknowledgement within 1 s"):
            await impatient.append(TAPE.name(prefix), 0, [Record(b"k", b"3")])
        broker.resume()
    assert first.offset == 0
    assert first.at_ms > 1_700_000_000_000
