"""Writing controls: how people's orders get onto the record."""

import getpass
import time
from collections.abc import Mapping

from aiokafka import AIOKafkaProducer

from schemas.codec import encode
from schemas.controls import ALL_CLUSTERS, Control, ControlKind
from schemas.ids import digest
from schemas.topics import CONTROLS
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
        parameters=parameters,
    )


async def publish(bootstrap: str, prefix: str, control: Control) -> tuple[int, int]:
    """Write it and wait until it is on disk. Returns its partition and offset in `controls`."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        request_timeout_ms=ACK_TIMEOUT_MS,
    )
    await producer.start()
    try:
        record = await producer.send_and_wait(
            CONTROLS.name(prefix), encode(control), key=control.cluster.encode()
        )
    finally:
        await producer.stop()
    return record.partition, record.offset
