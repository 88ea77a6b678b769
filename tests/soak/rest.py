"""When everything has come to rest, and what the audit says of it then."""

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.sandbox.processes import Child, wait_until
from schemas.codec import decode
from schemas.notices import Delivery, DeliveryStatus, Notice
from schemas.topics import ALERTS, COMMANDS, DELIVERIES, NOTICES, OUTCOMES, Topic
from streams.audit.checks.calls import Call
from streams.read import plain_consumer, read_places
from tests.faults.executor_wire import Asked
from tests.soak.parts import PARTITIONS, Parts

REST_S = 20.0
"""So long nothing new, and nobody behind."""
REST_WITHIN_S = 1200.0
AUDIT_WITHIN_S = 3600.0
LOOK_S = 2.0
ORDERS = (ALERTS, COMMANDS, OUTCOMES, NOTICES, DELIVERIES)
"""Not the tape: time goes on there."""


async def at_rest(parts: Parts) -> float:
    """Seconds until then."""
    began_s = since_s = time.monotonic()
    consumer = plain_consumer(parts.stack.kafka.bootstrap)
    await consumer.start()
    try:
        before: Mapping[TopicPartition, int] = {}
        async with asyncio.timeout(REST_WITHIN_S):
            while time.monotonic() - since_s < REST_S:
                ends = await _ends(consumer, parts.stack.options.prefix)
                if ends != before or await parts.lag() != 0:
                    since_s, before = time.monotonic(), ends
                await asyncio.sleep(LOOK_S)
    finally:
        await consumer.stop()
    return since_s - began_s


async def _ends(consumer: AIOKafkaConsumer, prefix: str) -> Mapping[TopicPartition, int]:
    return dict(await consumer.end_offsets(_places(prefix, *ORDERS)))


def _places(prefix: str, *topics: Topic) -> list[TopicPartition]:
    return [TopicPartition(t.name(prefix), p) for t in topics for p in range(PARTITIONS)]


async def untold(parts: Parts) -> int:
    """Notices of which nobody was told."""
    prefix, owed, told = parts.stack.options.prefix, set[str](), set[str]()
    consumer = plain_consumer(parts.stack.kafka.bootstrap)
    await consumer.start()
    try:
        for topic in (NOTICES, DELIVERIES):
            async for record in read_places(consumer, _places(prefix, topic)):
                match decode(record.value, Notice, Delivery):
                    case Notice(notice_id=notice_id):
                        owed.add(notice_id)
                    case Delivery(notice_id=notice_id, status=DeliveryStatus.SENT):
                        told.add(notice_id)
    finally:
        await consumer.stop()
    return len(owed - told)


def audited(parts: Parts, ledger: Path, folder: Path) -> tuple[int, str]:
    """The exit code of `mendlog audit`, and what it has said."""
    calls, prefix = folder / "calls.jsonl", parts.stack.options.prefix
    calls.write_bytes(b"".join(map(_line, parts.wire.asked)))
    given = ("--ledger", str(ledger), "--calls", str(calls), "--settled")
    where = ("--bootstrap", parts.stack.kafka.bootstrap, "--prefix", prefix)
    argv = (sys.executable, "-m", "deploy.cli.main", "audit", *given, *where)
    said = folder / "audit.txt"
    child = Child("audit", argv, log_file=said, env={**os.environ, "COLUMNS": "120"})
    child.start()
    try:
        wait_until(lambda: not child.alive, timeout_s=AUDIT_WITHIN_S, what="the audit")
    finally:
        child.kill()
    assert child.exit_code is not None
    return child.exit_code, said.read_text()


def _line(asked: Asked) -> bytes:
    """Of the log of calls."""
    body, to = asked.body.decode(), asked.command_id
    call = Call(asked.at_ms, asked.path, body, asked.status, to, asked.idle)
    return msgspec.json.encode(call) + b"\n"
