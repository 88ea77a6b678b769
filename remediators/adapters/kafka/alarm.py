"""Telling people, without the processor, that somebody else writes commands.

The executor writes the notice itself: whoever can write commands may have the processor. One for
each fault and hour, under an id that all executors give it, so that the notifier tells it once.
"""

import asyncio

import structlog
from aiokafka import AIOKafkaProducer

from remediators.adapters.kafka.topics import Broker, in_time
from remediators.ports import Delivery
from schemas.codec import encode
from schemas.controls import ALL_CLUSTERS
from schemas.ids import digest
from schemas.notices import Notice
from schemas.topics import HOUR_MS, NOTICES, partition_for

log = structlog.get_logger()


class Alarm:
    def __init__(self, broker: Broker, producer: AIOKafkaProducer) -> None:
        self._broker = broker
        self._producer = producer
        self._rung: dict[str, int] = {}
        """By fault: the newest hour of which a notice was acknowledged."""
        self._one_at_a_time = asyncio.Lock()

    async def ring(self, delivery: Delivery, at_ms: int) -> None:
        """Return when a notice of this hour and fault is acknowledged."""
        async with self._one_at_a_time:
            hour = at_ms // HOUR_MS
            if self._rung.get(delivery.fault) == hour:
                return
            await self._write(notice(delivery, self._broker.commands, at_ms))
            self._rung[delivery.fault] = hour

    async def _write(self, told: Notice) -> None:
        key = told.incident_id.encode()
        sending = self._producer.send_and_wait(
            self._broker.name(NOTICES),
            encode(told),
            key=key,
            partition=partition_for(key, self._broker.partitions),
        )
        await in_time("writing to notices", sending, self._broker.timeout_s)
        log.error("foreign_command", notice=told.notice_id, told=told.text)


def notice(delivery: Delivery, topic: str, at_ms: int) -> Notice:
    """Nothing of the record itself is in it: anybody may have written that."""
    own_id = digest("foreign command", topic, delivery.fault, at_ms // HOUR_MS)
    place = f"{topic}, partition {delivery.partition}, offset {delivery.offset}"
    return Notice(
        notice_id=own_id,
        incident_id=own_id,
        cluster=ALL_CLUSTERS,
        # Of the kinds that PagerDuty wakes somebody for.
        kind="escalated",
        severity="critical",
        title=f"A command that is not the processor's was refused: {delivery.fault}",
        text=f"{place}. Nothing was done, and the record is in rejects as it was received. Either "
        "somebody else can write commands, or executor and processor do not agree on keys or "
        "partitions: see docs/safety.md, Whose commands. More of it within this hour is not told, "
        "and counted in mendlog_commands_unusable_total.",
        at_ms=at_ms,
        expires_at_ms=at_ms + HOUR_MS,
    )
