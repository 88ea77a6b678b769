"""All that a process has of the broker, opened and closed together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from remediators.adapters.kafka.deliveries import KafkaDeliveries
from remediators.adapters.kafka.inbox import KafkaInbox, Keys
from remediators.adapters.kafka.notices import KafkaNotices
from remediators.adapters.kafka.outcomes import KafkaOutcomes
from remediators.adapters.kafka.switches import KafkaSwitches
from remediators.adapters.kafka.topics import Broker, in_time
from schemas.topics import REJECTS

STOP_S = 5.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Session:
    inbox: KafkaInbox
    outcomes: KafkaOutcomes
    switches: KafkaSwitches


@dataclass(frozen=True, slots=True)
class NotifierSession:
    inbox: KafkaNotices
    deliveries: KafkaDeliveries


@asynccontextmanager
async def open_session(broker: Broker, keys: Keys | None = None) -> AsyncIterator[Session]:
    """The inbox is not in its group yet: it joins once there is something to do with commands."""
    async with AsyncExitStack() as opened:
        producer = await _producer(broker, opened)
        inbox = KafkaInbox(broker, producer, keys)
        outcomes = KafkaOutcomes(broker, producer)
        switches = KafkaSwitches(broker)
        for part in (outcomes, switches):
            opened.push_async_callback(_stop, part)
            await part.start()
        opened.push_async_callback(_stop, inbox)
        yield Session(inbox, outcomes, switches)


@asynccontextmanager
async def open_notifier_session(broker: Broker) -> AsyncIterator[NotifierSession]:
    async with AsyncExitStack() as opened:
        producer = await _producer(broker, opened)
        deliveries = KafkaDeliveries(broker, producer)
        opened.push_async_callback(_stop, deliveries)
        await deliveries.start()
        inbox = KafkaNotices(broker, producer)
        opened.push_async_callback(_stop, inbox)
        yield NotifierSession(inbox, deliveries)


async def _producer(broker: Broker, opened: AsyncExitStack) -> AIOKafkaProducer:
    producer = AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_request_size=REJECTS.message_bytes_max,
        request_timeout_ms=int(broker.timeout_s * 1000),
    )
    opened.push_async_callback(_stop, producer)
    await in_time("reaching the broker", producer.start(), broker.timeout_s)
    return producer


class _Stops(Protocol):
    async def stop(self) -> None: ...


async def _stop(part: _Stops) -> None:
    """A broker that is gone must not keep us from ending."""
    try:
        await asyncio.wait_for(part.stop(), STOP_S)
    except (KafkaError, TimeoutError) as fault:
        log.info("not_stopped_in_order", fault=repr(fault))
