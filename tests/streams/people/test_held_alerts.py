"""The alerts that fire, from a broker's journal that is written while it is read, or made anew."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from deploy import topics
from deploy.sandbox.kafka import Kafka
from schemas.alerts import AlertStatus
from streams.core.entries import AlertState
from streams.host.entries import Entry as Kept
from streams.host.entries import live_record
from streams.ingest.alertmanager.held import NotCaughtUp
from streams.people.held_alerts import IDLE_S, TOO_MUCH_S, HeldAlerts
from streams.people.standing import JOURNAL
from streams.steps.state_codec import encode_entry
from tests.hurry import hurried
from tests.streams.ingest.topics import until
from tests.streams.people.test_reading import PARTITIONS, Log, log
from tests.streams.people.test_standing_alerts import NOW_MS, alert, key_of

__all__ = ["log"]


@asynccontextmanager
async def holding(prefix: str, bootstrap: str, **options: object) -> AsyncIterator[HeldAlerts]:
    made = HeldAlerts(bootstrap, prefix, **options)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        await made.close()


async def writes(log: Log, offset: int, state: AlertState, partition: int = 0) -> None:
    kept = live_record(b"", Kept(offset, encode_entry(state))).value
    await log.writes(JOURNAL, key_of(state).decode(), kept, partition)


async def told(held: HeldAlerts) -> list[str]:
    return sorted(one.state.fingerprint for one in await held(NOW_MS))


@pytest.mark.broker
async def test_an_answer_holds_what_the_journal_held_when_it_was_asked_for(log: Log) -> None:
    for n in range(3):
        await writes(log, n, alert(f"p{n}"), partition=n)
    async with holding(log.prefix, log.bootstrap, wait_s=60) as held:
        assert (held.bytes, held.is_caught_up) == (0, False), "nothing before somebody asks"
        assert await told(held) == ["p0", "p1", "p2"]
        for n in range(3, 20):
            await writes(log, n, alert(f"p{n}"))
            assert f"p{n}" in await told(held), "at once"
        await writes(log, 30, alert("p0", status=AlertStatus.RESOLVED))
        assert "p0" not in await told(held)
        assert held.is_caught_up
        assert held.bytes > 0


@pytest.mark.broker
async def test_many_ask_at_once(log: Log) -> None:
    await writes(log, 1, alert("a"))
    async with holding(log.prefix, log.bootstrap, wait_s=60) as held:
        assert await asyncio.gather(*(told(held) for _ in range(20))) == [["a"]] * 20


@pytest.mark.broker
async def test_where_nobody_asks_for_long_all_of_it_is_given_up_and_read_anew(log: Log) -> None:
    await writes(log, 1, alert("a"))
    now = [0.0]
    async with holding(log.prefix, log.bootstrap, wait_s=60, clock=lambda: now[0]) as held:
        assert await told(held) == ["a"]
        now[0] += IDLE_S - 1
        assert await told(held) == ["a"]
        now[0] += IDLE_S

        async def is_given_up() -> bool:
            return (held.bytes, held.is_caught_up) == (0, False)

        await until(is_given_up)
        await writes(log, 2, alert("b"))
        assert await told(held) == ["a", "b"]


@pytest.mark.broker
@pytest.mark.parametrize("is_asked", ["at once", "later"])
@pytest.mark.parametrize("written", [1, 5])
async def test_a_journal_that_was_made_anew_is_read_anew(
    log: Log, written: int, is_asked: str
) -> None:
    for n in range(3):
        await writes(log, n, alert(f"p{n}"))
    async with holding(log.prefix, log.bootstrap, wait_s=20) as held:
        assert await told(held) == ["p0", "p1", "p2"]
        of_the_old_one = held.bytes
        admin = AIOKafkaAdminClient(bootstrap_servers=log.bootstrap)
        await admin.start()
        try:
            await admin.delete_topics([JOURNAL.name(log.prefix)])

            async def is_gone() -> bool:
                return JOURNAL.name(log.prefix) not in await admin.list_topics()

            await until(is_gone)  # Else the old one may take what is written to the new one.
            await topics.create(log.bootstrap, log.prefix, PARTITIONS, timeout_s=60)
        finally:
            await admin.close()
        for n in range(written):
            await writes(log, n, alert(f"q{n}"))
        expected = [f"q{n}" for n in range(written)]

        async def has_read_on() -> bool:
            return held.bytes != of_the_old_one

        if is_asked == "later":
            await until(has_read_on)

        async def is_told() -> bool:
            try:
                return await told(held) == expected
            except NotCaughtUp:
                return False

        await until(is_told)


@pytest.mark.broker
async def test_alerts_of_partitions_that_are_added_are_not_left_out(log: Log) -> None:
    await writes(log, 1, alert("a"))
    async with holding(log.prefix, log.bootstrap, wait_s=20) as held:
        assert await told(held) == ["a"]
        admin = AIOKafkaAdminClient(bootstrap_servers=log.bootstrap)
        await admin.start()
        try:
            more = {JOURNAL.name(log.prefix): NewPartitions(PARTITIONS + 1)}
            await admin.create_partitions(more)
        finally:
            await admin.close()

        async def is_there() -> bool:
            await log.producer.client.force_metadata_update()
            return PARTITIONS in await log.producer.partitions_for(JOURNAL.name(log.prefix))

        await until(is_there)
        await writes(log, 1, alert("b"), partition=PARTITIONS)
        assert held._following
        await held._following._consumer._client.force_metadata_update()  # As every five minutes.

        async def is_told() -> bool:
            try:
                return await told(held) == ["a", "b"]
            except NotCaughtUp:
                return False

        await until(is_told)


@hurried  # Else the others may begin a little later, and have that long to ask themselves.
async def test_who_waits_for_others_waits_no_longer_than_they_do() -> None:
    never = asyncio.Event()

    async def says_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await never.wait()
        writer.close()

    async with await asyncio.start_server(says_nothing, "127.0.0.1", 0) as broker:
        port = broker.sockets[0].getsockname()[1]
        async with holding("nobodys", f"127.0.0.1:{port}", wait_s=0.3) as held:
            asked = [held(NOW_MS) for _ in range(3)]
            answers = await asyncio.gather(*asked, return_exceptions=True)
        never.set()
    waited = "others who ask are still waiting"
    assert [str(answer) == waited for answer in answers] == [False, True, True]


@pytest.mark.broker
async def test_a_platform_without_a_journal_is_not_answered_for(kafka: Kafka) -> None:
    async with holding("nobodys", kafka.bootstrap, wait_s=60) as held:
        with pytest.raises(NotCaughtUp, match=r"nobodys\.state\.decide\.tape"):
            await held(NOW_MS)


async def test_without_a_broker_the_wait_ends_and_nothing_is_listed() -> None:
    async with holding("nobodys", "127.0.0.1:1", wait_s=0.3) as held:
        with pytest.raises(NotCaughtUp):
            await held(NOW_MS)
        assert not held.is_caught_up


async def test_a_broker_that_is_away_is_named() -> None:
    async with holding("nobodys", "127.0.0.1:1", wait_s=60) as held:
        with pytest.raises(NotCaughtUp, match=r"^no Kafka broker answers at 127\.0\.0\.1:1$"):
            await held(NOW_MS)


async def test_an_address_that_is_none_ends_the_question_and_not_the_task() -> None:
    faults: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, told: faults.append(told))
    async with holding("nobodys", "nohost:noport", wait_s=60) as held:
        for _ in range(2):
            with pytest.raises(NotCaughtUp, match="cannot be read"):
                await held(NOW_MS)
    gc.collect()
    assert not faults


@pytest.mark.broker
async def test_where_more_fires_than_is_held_it_is_not_read_again_at_every_question(
    log: Log,
) -> None:
    for n in range(40):
        await writes(log, n, alert(f"p{n}"))
    now = [0.0]
    async with holding(
        log.prefix, log.bootstrap, bytes_max=10_000, wait_s=60, clock=lambda: now[0]
    ) as held:
        for _ in range(2):
            with pytest.raises(NotCaughtUp, match="more fires") as caught:
                await held(NOW_MS)
        assert caught.value.retry_after_s == TOO_MUCH_S
        assert held.bytes == 0
        for n in range(40):
            await writes(log, 100 + n, alert(f"p{n}", status=AlertStatus.RESOLVED))
        now[0] += TOO_MUCH_S
        with pytest.raises(NotCaughtUp, match="more fires"):
            await held(NOW_MS)
