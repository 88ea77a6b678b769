"""How long people's orders wait in the middle of a storm, one after another."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.sandbox.stack import Stack
from schemas.codec import decode
from schemas.controls import ControlKind
from schemas.incidents import Decision
from schemas.topics import CONTROLS, DECISIONS
from streams.controls import new_control, publish
from streams.read import plain_consumer

TOLD = {"namespace": "shop", "kind": "Deployment", "name": "checkout", "revision": "7"}
PAUSE_S = 0.2


async def decided_ms(stack: Stack) -> list[int]:
    """Milliseconds from the broker's time of each order to that of the decision about it, until
    this is cancelled."""
    decisions = TopicPartition(DECISIONS.name(stack.options.prefix), 0)
    orders = TopicPartition(CONTROLS.name(stack.options.prefix), 0)
    consumer = plain_consumer(stack.kafka.bootstrap)
    await consumer.start()
    found: list[int] = []
    try:
        consumer.assign([decisions, orders])
        await consumer.seek_to_end(decisions, orders)
        while True:
            order = new_control(ControlKind.CHANGE, stack.options.cluster, "bench", TOLD)
            await publish(stack.kafka.bootstrap, stack.options.prefix, order)
            found.append(await _waited_ms(consumer, orders))
            await asyncio.sleep(PAUSE_S)
    except asyncio.CancelledError:
        return found
    finally:
        await consumer.stop()


async def _waited_ms(consumer: AIOKafkaConsumer, orders: TopicPartition) -> int:
    ordered_ms = decided_ms = 0
    while not (ordered_ms and decided_ms):
        for place, records in (await consumer.getmany(timeout_ms=100)).items():
            for record in records:
                if place == orders:
                    ordered_ms = record.timestamp
                elif _is_about_an_order(record.value):
                    decided_ms = record.timestamp
    return decided_ms - ordered_ms


def _is_about_an_order(value: bytes) -> bool:
    decision = decode(value, Decision)
    kind = ControlKind.CHANGE.value
    return isinstance(decision, Decision) and any(v.what == kind for v in decision.verdicts)
