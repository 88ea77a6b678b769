"""A recording on a real broker, under a prefix of its own."""

import uuid

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.records_to_delete import RecordsToDelete

from schemas.codec import encode
from schemas.housekeeping import TopicBorn
from schemas.topics import TAPE, TOPICS, TOPICS_BORN
from streams.audit.auditor import Asked
from streams.audit.run import Scope, audit
from tests.streams.audit.recording import LIFE, Recording, Verdicts

SENDERS_TIME = {"message.timestamp.type": "CreateTime", "retention.ms": "-1"}
"""Where the broker would set the time, the recording's own would be lost."""


class Topics:
    """Topics that hold a recording, at the times at which it was made."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.prefix = f"audit-{uuid.uuid4().hex[:8]}"

    async def hold(self, made: Recording) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        await admin.create_topics(
            [NewTopic(t.name(self.prefix), 1, 1, topic_configs=SENDERS_TIME) for t in TOPICS]
        )
        await admin.close()
        async with AIOKafkaProducer(bootstrap_servers=self.bootstrap) as producer:
            for topic in TOPICS:
                born = encode(TopicBorn(topic.name(self.prefix), LIFE, 1, 0))
                key = topic.name(self.prefix).encode()
                await producer.send(TOPICS_BORN.name(self.prefix), born, key=key)
            for topic, log in made.logs.items():
                for record in log:
                    await producer.send(
                        topic.name(self.prefix),
                        record.value,
                        key=record.key,
                        partition=0,
                        timestamp_ms=record.at_ms,
                        headers=list(record.headers),
                    )

    async def forget_before(self, offset: int) -> None:
        """As retention does, of the tape."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        place = TopicPartition(TAPE.name(self.prefix), 0)
        await admin.delete_records({place: RecordsToDelete(before_offset=offset)})
        await admin.close()

    async def audited(self, asked: Asked | None = None) -> Verdicts:
        verdicts = await audit(Scope(self.bootstrap, self.prefix, settled=True), asked)
        return {verdict.invariant: verdict for verdict in verdicts}
