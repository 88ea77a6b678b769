"""The Faust app: a consumer group whose agents feed our loops.

Nothing of Faust's own state is relied on: not its commits (the cursors are in the journals), not
its acknowledgements (turned off, so it does not commit at all), not its order after a rebalance.
"""

from collections.abc import Sequence

import faust
from faust.types import TP, TopicT

from streams.host import faust_kafka
from streams.host.inputs import AgentInput
from streams.host.partitions import Partitions
from streams.host.reading import FETCH_BYTES_MAX
from streams.settings import ProcessorSettings

POLL_RECORDS_MAX = 500
"""What Faust takes from its consumer at once, and so the most that a pause throws away."""


class App(faust.App):
    def __init__(
        self, group: str, settings: ProcessorSettings, inputs: Sequence[Partitions], reset: str
    ) -> None:
        super().__init__(
            group,
            broker=[f"kafka://{address}" for address in settings.bootstrap.split(",")],
            broker_session_timeout=settings.session_timeout_s,
            broker_heartbeat_interval=settings.session_timeout_s / 4,
            broker_request_timeout=max(30.0, settings.session_timeout_s),
            broker_max_poll_records=POLL_RECORDS_MAX,
            consumer_max_fetch_size=FETCH_BYTES_MAX,
            consumer_auto_offset_reset=reset,
            datadir=settings.data_dir,
            processing_guarantee="at_least_once",
            producer_acks=-1,
            stream_wait_empty=False,
            table_standby_replicas=0,
            topic_allow_declare=False,
            topic_disable_leader=True,
            web_enabled=False,
        )
        self.inputs = {p.topic: p for p in inputs}
        self.flow = faust_kafka.ConsumerFlow(lambda: self.consumer)
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
        for topic in self.inputs:
            await self._seek(topic)

    def _new_transport(self) -> faust_kafka.Transport:
        return faust_kafka.Transport(self.conf.broker_consumer, self)

    async def _open(self, _: object, assigned: set[TP], **__: object) -> None:
        for topic, partitions in self.inputs.items():
            mine = [tp.partition for tp in assigned if tp.topic == topic]
            partitions.assign(mine, lambda topic=topic: self._seek(topic))

    async def _close(self, _: object, revoked: set[TP], **__: object) -> None:
        for topic, partitions in self.inputs.items():
            await partitions.revoke(tp.partition for tp in revoked if tp.topic == topic)

    async def _seek(self, topic: str) -> None:
        for loop in self.inputs[topic]:
            await self.flow.seek(topic, loop.partition, loop.wanted)
