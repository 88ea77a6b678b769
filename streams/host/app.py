"""The Faust app: a consumer group whose agents feed our loops.

Nothing of Faust's own bookkeeping is relied on: not its commits (the cursors are in the journals),
not its acknowledgements (turned off, so that it does not commit at all), not its order after a
rebalance.
"""

import asyncio
from collections.abc import Callable, Sequence

import faust
from faust.types import TP, TopicT

from streams.host import agents, faust_parts
from streams.host.feed import Enrich, Feed
from streams.host.inputs import DETECT, AgentInput
from streams.host.partitions import Means, Partitions
from streams.host.reading import FETCH_BYTES_MAX
from streams.host.windows import SampleWindows
from streams.settings import ProcessorSettings
from streams.steps.effects import InputRecord

HEARTBEAT_S_MAX = 0.5
"""A worker hears of a rebalance with its next heartbeat, and all others wait for it."""

Windowed = Callable[[InputRecord, SampleWindows], InputRecord]
"""Remembers a record's samples, and adds to it what `detect` judges on."""


class App(faust.App):
    """`reset` is where a partition is read until we have said where it goes on."""

    def __init__(
        self, group: str, settings: ProcessorSettings, inputs: Sequence[Partitions], reset: str
    ) -> None:
        super().__init__(
            group,
            broker=[f"kafka://{address}" for address in settings.bootstrap.split(",")],
            broker_session_timeout=settings.session_timeout_s,
            broker_heartbeat_interval=min(HEARTBEAT_S_MAX, settings.session_timeout_s / 4),
            broker_request_timeout=max(30.0, settings.session_timeout_s),
            ConsumerScheduler=faust_parts.InTurn,
            Monitor=faust_parts.Unmeasured,
            TableManager=faust_parts.TableManager,
            consumer_auto_offset_reset=reset,
            consumer_max_fetch_size=FETCH_BYTES_MAX,
            datadir=settings.data_dir / group,
            processing_guarantee="at_least_once",
            producer_acks=-1,
            stream_wait_empty=False,
            table_standby_replicas=0,
            topic_allow_declare=False,
            topic_disable_leader=True,
            web_enabled=False,
        )
        self.inputs = {p.topic: p for p in inputs}
        for partitions in inputs:
            partitions.flow = faust_parts.ConsumerFlow(self)
        self.joined = False
        """True once the group has given us our partitions, be it none."""
        self.on_joined: Callable[[str, str], None] = lambda _group, _member: None
        self._prefix = settings.topic_prefix
        self.on_partitions_assigned.connect(self._open)
        self.on_partitions_revoked.connect(self._close)

    def input(self, source: AgentInput) -> TopicT:
        """The topic of an agent's input, its records raw and unacknowledged."""
        return self.topic(
            source.source.name(self._prefix),
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
            allow_empty=True,
            acks=False,
        )

    async def seek_to_wanted(self) -> None:
        """Every open partition goes on where its loop does."""
        for partitions in self.inputs.values():
            for loop in partitions:
                await partitions.seek(loop)

    def _new_transport(self) -> faust_parts.Transport:
        return faust_parts.Transport(self.conf.broker_consumer, self)

    async def _open(self, _: object, assigned: set[TP], **__: object) -> None:
        for topic, partitions in self.inputs.items():
            partitions.assign(tp.partition for tp in assigned if tp.topic == topic)
        self.joined = True
        self.on_joined(self.conf.id, faust_parts.member_id(self))

    async def _close(self, _: object, revoked: set[TP], **__: object) -> None:
        await asyncio.gather(
            *(
                partitions.revoke(tp.partition for tp in revoked if tp.topic == topic)
                for topic, partitions in self.inputs.items()
            )
        )


def build_app(
    group: str,
    settings: ProcessorSettings,
    inputs: Sequence[Partitions],
    means: Means,
    windowed: Windowed | None = None,
) -> App:
    """An app with the agents of these inputs."""
    # At the end nothing is fetched in vain; tables are recovered from the beginning.
    app = App(group, settings, inputs, reset="earliest" if windowed else "latest")
    enrich: dict[AgentInput, Enrich] = {}
    if windowed is not None and any(p.source is DETECT for p in inputs):
        windows = SampleWindows(app, settings.tape_partitions)
        enrich[DETECT] = lambda record: windowed(record, windows)
    feeds = {p.source: Feed(p, means.reader, means.hooks, enrich.get(p.source)) for p in inputs}
    agents.declare(app, app.input, feeds)
    return app
