"""A processor: the real partitions, feeds, loops, journals, ticker and watch; the broker is not."""

import asyncio
from collections.abc import Iterable, Mapping

from streams.core.entries import Entry, IncidentState, LeaseState
from streams.core.lifecycle import Phase
from streams.core.standing import FreezeState, SilenceState
from streams.host.exits import Hooks
from streams.host.feed import Feed
from streams.host.inputs import DECIDE, OBSERVE, RELAY_CONTROLS, RELAY_OUTCOMES, AgentInput
from streams.host.loop import Limits, PartitionLoop
from streams.host.partitions import Means, Partitions
from streams.host.ticker import Ticker
from streams.host.watch import Watch
from streams.policy.book import PolicyBook
from streams.steps.decide import open_decide
from streams.steps.effects import OpenStep
from streams.steps.observe import open_observe
from streams.steps.relay import open_relay
from tests.simulation.consumer import Consumer, Wrong
from tests.simulation.network import Network
from tests.simulation.process import Process
from tests.simulation.wire import VirtualReader, VirtualWriter

PREFIX = "mendlog"
INCARNATION = "one"
INPUTS = (OBSERVE, RELAY_OUTCOMES, RELAY_CONTROLS, DECIDE)
TICK_IDLE_S = 120.0
TOUCH_EVERY_S = 8.0
"""Several times within the world's compaction lag, as in production."""
LOOK_EVERY_S = 7.0
GROUP_RECORDS_MAX = 8
RESTING = (Phase.ESCALATED, Phase.RESOLVED)
"""Muted is nobody for good here: whatever mutes ends."""
BOOK = PolicyBook()
"""Compiled policies, which are the same in every world."""


class Processor:
    def __init__(self, process: Process, network: Network, partitions: int, wrong: Wrong) -> None:
        self.process = process
        self._broker = network.broker
        self.consumer = Consumer(process, network, wrong)
        self.ended = ""
        hooks = Hooks(self._end, process.reached, self._note)
        reader = VirtualReader(process, network)
        limits = Limits(partitions, GROUP_RECORDS_MAX)
        means = Means(PREFIX, limits, VirtualWriter(process, network), reader, hooks)
        steps = _steps(partitions)
        self.inputs = [Partitions(source, steps[source], means) for source in INPUTS]
        for each in self.inputs:
            each.flow = self.consumer
            each.on_open.append(_touch_often)
        timeline = process.timeline
        Ticker(
            self.inputs[-1], means.writer, hooks, TICK_IDLE_S, process.time, lambda: timeline.now_ms
        )
        self._feeds = [Feed(each, reader, hooks) for each in self.inputs]
        self._watch = Watch(self.inputs, reader, hooks)

    async def run(self) -> None:
        for each, feed in zip(self.inputs, self._feeds, strict=True):
            self.process.create_task(feed.run(self.consumer.stream(each.topic)))
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self._watch.look(self.process.time())

    async def assigned(self, partitions: Iterable[int]) -> None:
        mine = list(partitions)
        for each in self.inputs:
            self.consumer.assign(each.topic, mine)
            each.assign(mine)

    async def revoked(self, partitions: Iterable[int]) -> None:
        mine = list(partitions)
        for each in self.inputs:
            self.consumer.forget(each.topic, mine)
        await asyncio.gather(*(each.revoke(mine) for each in self.inputs))

    @property
    def deciding(self) -> list[int]:
        """The partitions that it decides."""
        return [loop.partition for loop in self.inputs[-1]]

    @property
    def is_at_rest(self) -> bool:
        """Nothing to read, and every incident is over or with a human."""
        if any(loop.behind or self._is_behind(each, loop) for each in self.inputs for loop in each):
            return False
        states = (loop.step.state for loop in self.inputs[-1])  # type: ignore[attr-defined]
        return all(is_at_rest(entry) for state in states for _, entry in state.items())

    def _is_behind(self, each: Partitions, loop: PartitionLoop) -> bool:
        return self._broker.logs[each.topic, loop.partition].end > loop.cursor + 1

    def _note(self, reason: str) -> None:
        self.ended = reason

    def _end(self, code: int) -> None:
        self.process.kill()


def is_at_rest(entry: Entry) -> bool:
    """Whether silence may leave it as it is."""
    if isinstance(entry, LeaseState):
        return not entry.sent or entry.lost
    if isinstance(entry, SilenceState | FreezeState):
        return False
    return not isinstance(entry, IncidentState) or entry.phase in RESTING


def _steps(partitions: int) -> Mapping[AgentInput, OpenStep]:
    relay = open_relay(INCARNATION, partitions)
    return {
        OBSERVE: open_observe(INCARNATION, "eu-1"),
        RELAY_OUTCOMES: relay,
        RELAY_CONTROLS: relay,
        DECIDE: open_decide(BOOK),
    }


def _touch_often(loop: PartitionLoop) -> None:
    loop.touch_every_s = TOUCH_EVERY_S
