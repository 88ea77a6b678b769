"""Where the deliveries of one partition are written and remembered."""

import asyncio

import structlog

from remediators.notifier_ports import Deliveries
from remediators.notify.book import Book, Known
from remediators.notify.clock import BrokerClock, elapsed_ms
from remediators.notify.letter import Letter
from remediators.notify.metrics import Metrics
from schemas.notices import Delivery, DeliveryStatus

SLACK_MS = 600_000
"""More than the clocks of two brokers are apart."""

log = structlog.get_logger()


class Desk:
    def __init__(
        self,
        partition: int,
        deliveries: Deliveries,
        clock: BrokerClock,
        metrics: Metrics,
        name: str,
    ) -> None:
        self.book = Book()
        self._partition = partition
        self._deliveries = deliveries
        self._clock = clock
        self._metrics = metrics
        self._name = name
        self._reading = asyncio.Lock()

    async def cover(self, since_ms: int) -> None:
        """Know what became of a notice that was appended then."""
        async with self._reading:
            if since_ms >= self.book.read_from_ms:
                return
            since_ms = max(0, since_ms - SLACK_MS)
            async for _, found in self._deliveries.read(self._partition, since_ms):
                self.book.note(f"{found.notice_id}:{found.receiver}", found)
            self.book.read_from_ms = since_ms

    def known(self, letter: Letter) -> Known:
        return self.book.known(letter.key)

    async def write(
        self, letter: Letter, status: DeliveryStatus, channel: str = "", detail: str = ""
    ) -> None:
        """Acknowledged, then remembered. Nothing that follows may come before."""
        asked_at_ms = elapsed_ms()
        delivery = Delivery(
            notice_id=letter.notice_id,
            receiver=letter.receiver,
            incident_id=letter.incident_id,
            cluster=letter.cluster,
            status=status,
            at_ms=self._clock.now_ms(),
            notifier=self._name,
            channel=channel,
            detail=detail,
        )
        at_ms = await self._deliveries.append(self._partition, letter.key, delivery)
        self._clock.heard(at_ms, asked_at_ms)
        self.book.note(letter.key, delivery)
        if status.terminal:
            self._tell_of(letter, delivery, at_ms)

    def _tell_of(self, letter: Letter, delivery: Delivery, at_ms: int) -> None:
        self._metrics.ended(delivery.status, delivery.channel)
        if delivery.status in (DeliveryStatus.SENT, DeliveryStatus.DIGESTED):
            self._metrics.delayed(at_ms - letter.at_ms)
        log.info(
            "delivered" if delivery.status is not DeliveryStatus.FAILED else "nobody_told",
            notice=letter.notice_id,
            receiver=letter.receiver,
            incident=letter.incident_id,
            kind=letter.kind,
            status=delivery.status.value,
            channel=delivery.channel,
            detail=delivery.detail,
        )
