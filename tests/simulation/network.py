"""From a process to the broker: what is sent arrives late, or never, or is not acknowledged."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from streams.host.writer import Appended, Record
from tests.simulation.broker import Broker, Place
from tests.simulation.process import Process, never

PATIENCE_S = 12.0
"""How long a producer waits for an acknowledgement, and then ends its process."""
AT_ONCE_S = 0.004
LATE_S = 30.0
"""Longer than anybody's patience and a session: a request may arrive when its sender is long gone,
and somebody else has taken over."""


@dataclass(slots=True)
class Odds:
    """How often something goes wrong, of one."""

    late: float = 0.0
    unacknowledged: float = 0.0
    lost: float = 0.0


class Network:
    def __init__(self, rng: Random, broker: Broker, odds: Odds) -> None:
        self.rng = rng
        self.broker = broker
        self.odds = odds

    def delay_s(self) -> float:
        if self.rng.random() < self.odds.late:
            return self.rng.random() ** 2 * LATE_S
        return 0.0005 + self.rng.random() * AT_ONCE_S

    def produce(
        self, process: Process, place: Place, records: Sequence[Record]
    ) -> asyncio.Future[Appended]:
        """The batch is on its way, whatever becomes of its sender. The future may never end."""
        acknowledged = process.create_future()
        if process.dead:
            return acknowledged
        chance, odds = self.rng.random(), self.odds
        if chance < odds.lost:
            return acknowledged

        delay_s, sent_ms = self.delay_s(), self.broker.now_ms
        if process.cut_off:
            delay_s += PATIENCE_S * (0.5 + 2 * self.rng.random())

        def arrive() -> None:
            appended = self.broker.append(place, records, sent_ms)
            if chance >= odds.lost + odds.unacknowledged:
                process.timeline.after(self.delay_s(), process, _end, acknowledged, appended)

        process.timeline.after(delay_s, None, arrive)
        return acknowledged

    async def ask(self, process: Process) -> None:
        """A question and its answer take their time; the dead get none."""
        if process.dead:
            await never()
        await asyncio.sleep(self.delay_s())


def _end(future: asyncio.Future[Any], result: object) -> None:
    if not future.done():
        future.set_result(result)
