"""Writing controls: how people's orders get onto the record."""

import getpass
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer

from schemas.codec import encode
from schemas.controls import ALL_CLUSTERS, Control, ControlKind
from schemas.ids import digest
from schemas.signing import CONTROL, HEADER, SigningKey
from schemas.topics import CONTROLS, partition_for
from streams.core.policy import Policy

ACK_TIMEOUT_MS = 10_000


def policy_control(policy: Policy, source: str, reason: str, author: str = "") -> Control:
    """The order to put a policy in force on every cluster."""
    parameters = {"digest": policy.digest, "source": source}
    return new_control(ControlKind.POLICY, ALL_CLUSTERS, reason, parameters, author)


def new_control(
    kind: ControlKind,
    cluster: str,
    reason: str,
    parameters: Mapping[str, str],
    author: str = "",
    expires_at_ms: int | None = None,
) -> Control:
    at_ms = int(time.time() * 1000)
    author = author or getpass.getuser()
    return Control(
        control_id=digest("control", kind.value, cluster, author, at_ms, *parameters.values()),
        cluster=cluster,
        kind=kind,
        author=author,
        reason=reason,
        issued_at_ms=at_ms,
        expires_at_ms=expires_at_ms,
        parameters=parameters,
    )


async def publish(
    bootstrap: str, prefix: str, control: Control, key: SigningKey | None = None
) -> tuple[int, int]:
    """Write it, signed where there is a key, and wait until it is on disk. Returns its partition
    and offset in `controls`."""
    value = encode(control)
    headers = [(HEADER, key.sign(CONTROL, value))] if key else []
    async with writing(bootstrap) as producer:
        topic = CONTROLS.name(prefix)
        partitions = len(await producer.partitions_for(topic))
        record = await producer.send_and_wait(
            topic,
            value,
            key=control.cluster.encode(),
            partition=partition_for(control.cluster, partitions),
            headers=headers,
        )
    return record.partition, record.offset


@asynccontextmanager
async def writing(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    """A producer whose records are on disk when it says so."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        request_timeout_ms=ACK_TIMEOUT_MS,
    )
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()
