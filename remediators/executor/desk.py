"""Where the outcomes of one partition are written and remembered."""

import asyncio
from collections.abc import Callable

import structlog

from remediators.core.ledger import HOUR_MS, Known, LedgerView
from remediators.core.outcome import Pen
from remediators.core.withdrawn import Withdrawn
from remediators.executor.metrics import Metrics
from remediators.ports import Ledger, Recorded
from schemas.remediation import Command, Outcome

SLACK_MS = 600_000
"""More than the clocks of two brokers, or a command's issue and its append, are apart."""
SKEW_MS = 60_000
"""More than two clocks are apart that `pulse` still lets go on."""

SWIFT_MS = 1_000
"""Sooner than anybody can be taken for gone."""

log = structlog.get_logger()


class Desk:
    """One partition's ledger: read back as far as a command asks for, then kept by ourselves."""

    def __init__(
        self, partition: int, ledger: Ledger, metrics: Metrics, name: str, now_ms: Callable[[], int]
    ) -> None:
        self.view = LedgerView(now_ms())
        self.withdrawn = Withdrawn()
        self.now_ms = now_ms
        self._partition = partition
        self._ledger = ledger
        self._metrics = metrics
        self._name = name
        self._covering = asyncio.Lock()
        self._caught_up_ms = now_ms()

    @property
    def pen(self) -> Pen:
        return Pen(self._name, self.now_ms())

    async def open(self) -> None:
        """The last hour, for the second guard's count."""
        await self.cover(self.now_ms() - HOUR_MS)

    async def cover(self, since_ms: int) -> None:
        """Know all that was written since then. Read by one for all who ask: when offsets are set
        back, that is everybody."""
        async with self._covering:
            if since_ms >= self.view.read_from_ms or since_ms < self.view.forgotten_to_ms:
                return
            since_ms = max(0, since_ms - SLACK_MS)
            await self.read(since_ms)
            self.view.read_from_ms = since_ms

    async def catch_up(self) -> None:
        """Know what others have written up to a moment ago: we may have been frozen, and taken for
        gone. There may be thousands who ask, so one reading serves all of a second."""
        async with self._covering:
            now_ms = self.now_ms()
            if now_ms - self._caught_up_ms >= SWIFT_MS:
                await self.read(self._caught_up_ms - SKEW_MS)
                self._caught_up_ms = now_ms

    async def read(self, since_ms: int) -> None:
        async for at_ms, record in self._ledger.read(self._partition, since_ms):
            self.view.note(record, at_ms)

    async def on_record(self, command: Command) -> Known:
        """What the topic has of it by now, in the order in which it was written, and whoever wrote
        it. The view has our own records before those that others have written earlier."""
        told = LedgerView(0)
        since_ms, name = command.issued_at_ms - SKEW_MS, command.command_id
        async for at_ms, record in self._ledger.read(self._partition, since_ms, name):
            self.view.note(record, at_ms)
            if record is not None and record.command_id == command.command_id:
                told.note(record, at_ms)
        return told.known(command.command_id)

    async def write(self, record: Recorded) -> None:
        """Acknowledged, then remembered. Nothing that follows may come before."""
        at_ms = await self._ledger.append(self._partition, record)
        self.view.note(record, at_ms)
        self._metrics.recorded(record)
        if isinstance(record, Outcome):
            log.info(
                "recorded",
                command=record.command_id,
                kind=record.kind.value,
                status=record.status.value,
                reason=record.reason,
                detail=record.detail,
            )
