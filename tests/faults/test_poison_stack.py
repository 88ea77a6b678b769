"""Records that nobody should have written, straight into every topic of a whole stack: what cannot
be read is in `rejects`, what can be is refused or changes nothing, and everybody else goes on."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from deploy.sandbox.stack import Stack
from schemas.codec import decode, encode
from schemas.controls import Switch
from schemas.metrics import Samples
from schemas.rejects import Reject
from schemas.remediation import Command, CommandKind, Outcome, OutcomeReason
from schemas.signing import COMMAND, HEADER, read_signing_key, signature_of
from schemas.topics import (
    ALERTS,
    COMMANDS,
    CONTROLS,
    METRICS,
    OUTCOMES,
    REJECTS,
    SWITCHES,
    TAPE,
    Topic,
)
from tests.e2e.incidents import as_received, break_and_wait, quick_stack, records
from tests.faults.stack_senders import Senders, check, recovered
from tests.faults.test_incident_kills import revision

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(240)]

UNREADABLE = (
    b"",
    None,
    b"\x00\x00\x00\x00\x07junk",
    b"\xc3\x01unknown!",
    b"\xff\xfe",
    b"{",
    b"[" * 100_000,
)
LARGEST = 1_000_000
"""Bytes of junk that each of the topics takes."""
READ = (ALERTS, METRICS, TAPE, OUTCOMES, CONTROLS, COMMANDS)
DEMO, ELSEWHERE = b"demo", b"elsewhere"
FORGED = "f" * 8
WITHIN_S = 120.0
DAY_MS = 24 * 60 * 60 * 1000


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with quick_stack(tmp_path_factory.mktemp("stack")) as made:
        yield made


@asynccontextmanager
async def writing(stack: Stack) -> AsyncIterator["Hand"]:
    producer = AIOKafkaProducer(
        bootstrap_servers=stack.kafka.bootstrap, max_request_size=16 * 2**20
    )
    await producer.start()
    try:
        yield Hand(stack, producer)
    finally:
        await producer.stop()


class Hand:
    """That writes what it likes."""

    def __init__(self, stack: Stack, producer: AIOKafkaProducer) -> None:
        self._stack, self._producer = stack, producer

    async def write(
        self,
        topic: Topic,
        value: bytes | None,
        key: bytes | None = DEMO,
        signature: bytes | None = None,
        at_ms: int | None = None,
    ) -> None:
        headers = [(HEADER, signature)] if signature else []
        name = topic.name(self._stack.options.prefix)
        await self._producer.send_and_wait(
            name, value, key=key, partition=0, headers=headers, timestamp_ms=at_ms
        )


async def test_what_cannot_be_read_is_rejected_and_an_incident_is_resolved(
    stack: Stack, tmp_path: Path
) -> None:
    async with Senders(stack) as senders, writing(stack) as hand:
        await senders.more(20)
        for topic in READ:
            for value in (*UNREADABLE, b"x" * LARGEST):
                await hand.write(topic, value, None if value else DEMO)
            with pytest.raises(MessageSizeTooLargeError):
                await hand.write(topic, b"x" * (topic.message_bytes_max + 1))
        for value in UNREADABLE:
            await hand.write(SWITCHES, value, ELSEWHERE)
        began_s = time.monotonic()
        story = await break_and_wait(stack)
        took_s = await recovered(stack, senders, began_s)
    assert story.end == "verified"
    print(f"junk in every topic: resolved and nothing left to read after {took_s:.1f} s")
    assert await rejected(stack, len(READ) * (len(UNREADABLE) + 1)) == {
        topic.noun: len(UNREADABLE) + 1 for topic in READ
    }
    await check(stack, senders, tmp_path)


async def test_a_kill_switch_that_cannot_be_read_is_taken_for_one(stack: Stack) -> None:
    """Until a switch can be read there."""
    async with writing(stack) as hand:
        await hand.write(SWITCHES, b"\xff")
        orders = Orders(stack, hand)
        await until(lambda: orders.answered_with(OutcomeReason.KILLED))
        switch = Switch("demo", False, "test", "it was junk", 0)
        await hand.write(SWITCHES, encode(switch))
        await until(lambda: orders.answered_with(OutcomeReason.NOT_FOUND))


async def test_times_that_somebody_made_up_decide_nothing(stack: Stack, tmp_path: Path) -> None:
    """A day early and a day late, on the records themselves: the broker puts its own in place."""
    now_ms = int(time.time() * 1000)
    alert = b'[{"labels":{"alertname":"Steady","namespace":"other","n":"%d"}}]'
    samples = Samples({"cluster": "demo"}, now_ms, ())
    async with Senders(stack) as senders, writing(stack) as hand:
        for number, at_ms in enumerate((1, now_ms - DAY_MS, now_ms + DAY_MS)):
            await hand.write(ALERTS, alert % number, at_ms=at_ms)
            await hand.write(METRICS, encode(replace(samples, at_ms=at_ms)), at_ms=at_ms)
        story = await break_and_wait(stack)
        await recovered(stack, senders)
    assert story.end == "verified"
    received = [r for t in (ALERTS, METRICS, TAPE) for r in await as_received(stack, t)]
    assert all(now_ms - DAY_MS / 2 < r.timestamp < now_ms + DAY_MS / 2 for r in received)
    await check(stack, senders, tmp_path)


async def test_commands_that_were_done_or_altered_or_are_over_have_no_effect(
    stack: Stack, tmp_path: Path
) -> None:
    async with Senders(stack) as senders, writing(stack) as hand:
        story = await break_and_wait(stack)
        assert story.end == "verified"
        before = await asyncio.to_thread(revision, stack)
        done = [r for r in await as_received(stack, COMMANDS) if is_act(r.value)]
        for number, record in enumerate(done):
            signature = signature_of(record.headers)
            altered = replace(decode(record.value, Command), command_id=f"{FORGED}{number:024x}")
            await hand.write(COMMANDS, record.value, DEMO, signature)
            await hand.write(COMMANDS, encode(altered), DEMO, signature)
        orders = Orders(stack, hand)
        await until(lambda: orders.answered_with(OutcomeReason.EXPIRED, ttl_ms=-1))
        await senders.more(20)
    assert await asyncio.to_thread(revision, stack) == before
    outcomes = await records(stack, OUTCOMES, Outcome)
    assert not [o for o in outcomes if o.command_id.startswith(FORGED)]
    # What somebody has forged stands among the orders, whose number at once is limited.
    await check(stack, senders, tmp_path, without=["I6"])


class Orders:
    """Signed as the processor's are, for what is not there."""

    def __init__(self, stack: Stack, hand: Hand) -> None:
        self._stack, self._hand = stack, hand
        self._key = read_signing_key(stack.command_keys.private)

    async def answered_with(self, reason: OutcomeReason, ttl_ms: int = 60_000) -> bool:
        """Whether one that is given now ends so."""
        at_ms = time.time_ns() // 1_000_000
        ordered = replace(gone(), command_id=f"{time.time_ns():032x}", issued_at_ms=at_ms)
        order = replace(ordered, expires_at_ms=at_ms + ttl_ms)
        value = encode(order)
        await self._hand.write(COMMANDS, value, DEMO, self._key.sign(COMMAND, value))
        async with asyncio.timeout(WITHIN_S):
            while True:
                for outcome in await records(self._stack, OUTCOMES, Outcome):
                    if outcome.command_id == order.command_id and outcome.status.terminal:
                        return outcome.reason == reason


def gone() -> Command:
    from tests.e2e.test_people_decide import order

    return order("gone")


def is_act(value: bytes | None) -> bool:
    command = decode(value, Command)
    return isinstance(command, Command) and command.kind is CommandKind.ACT


async def rejected(stack: Stack, wanted: int) -> Counter[str]:
    """Different records by their topics, once there are as many as that."""
    found: Sequence[Reject] = ()
    async with asyncio.timeout(WITHIN_S):
        while len(found) < wanted:
            rejects = await records(stack, REJECTS, Reject)
            assert all(one.reason for one in rejects)
            found = list({(r.topic, r.partition, r.offset): r for r in rejects}.values())
    return Counter(one.topic for one in found)


async def until(holds) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
