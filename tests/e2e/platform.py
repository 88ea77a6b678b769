"""Topics of a test's own, and processes over them as a user starts them."""

import asyncio
import os
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.structs import ConsumerRecord

from deploy import topics
from deploy.faust_topics import faust_topics
from deploy.sandbox import ports
from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import Child, stop_all, wait_until
from deploy.sandbox.stack import answers
from schemas.topics import Topic
from streams.controls import policy_control, publish
from streams.host.entries import CURSOR, read_entry
from streams.policy.load import compile_policy
from streams.read import plain_consumer, read_partition
from streams.settings import ProcessorSettings
from tests.builders import QUICK

PARTITIONS = 2
WAIT_S = 60.0


class Platform:
    """Topics of its own, and our processes over them."""

    def __init__(self, kafka: Kafka, folder: Path) -> None:
        self.bootstrap = kafka.bootstrap
        self.folder = folder
        self.prefix = f"e2e-{uuid.uuid4().hex[:8]}"
        self.children: list[Child] = []

    def name(self, topic: Topic) -> str:
        return topic.name(self.prefix)

    def prepare(self, policy: str = QUICK) -> None:
        settings = ProcessorSettings(app_id=self.prefix)
        control = policy_control(compile_policy(policy), policy, "test", "test")

        async def made() -> None:
            await topics.create(
                self.bootstrap, self.prefix, PARTITIONS, extra=faust_topics(settings)
            )
            await publish(self.bootstrap, self.prefix, control)

        asyncio.run(made())

    def start(self, command: str, **settings: str) -> Child:
        port = settings.get("PORT") or str(ports.choose(1)[0])
        given = {
            "BOOTSTRAP": self.bootstrap,
            "TOPIC_PREFIX": self.prefix,
            "APP_ID": self.prefix,
            "TAPE_PARTITIONS": str(PARTITIONS),
            "DATA_DIR": str(self.folder / f"{command}-{len(self.children)}"),
            "CLUSTER": "eu-1",
            "SESSION_TIMEOUT_S": "6",
            "WEB_PORT": port,
            "PORT": port,
            **settings,
        }
        child = Child(
            command,
            [sys.executable, "-m", "deploy.cli.main", command],
            log_file=self.folder / f"{command}-{len(self.children)}.log",
            env={**os.environ, **{f"MENDLOG_{k}": v for k, v in given.items()}},
        )
        child.start()
        self.children.append(child)
        url = f"http://{ports.HOST}:{port}"
        wait_until(
            lambda: answers(f"{url}/-/ready"),
            timeout_s=WAIT_S,
            what=f"{command} to be ready",
            child=child,
        )
        self.urls = {**getattr(self, "urls", {}), command: url}
        return child

    async def write(self, topic: Topic, *values: bytes | None, partition: int = 0) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, max_request_size=6_000_000)
        await producer.start()
        for value in values:
            await producer.send_and_wait(self.name(topic), value, key=b"k", partition=partition)
        await producer.stop()

    async def read(self, topic: Topic) -> list[ConsumerRecord]:
        """Everything in the topic now."""
        consumer = plain_consumer(self.bootstrap)
        await consumer.start()
        found = [
            record
            for partition in range(topic.partitions(PARTITIONS))
            async for record in read_partition(consumer, self.name(topic), partition)
        ]
        await consumer.stop()
        return found

    async def until(self, topic: Topic, count: int) -> list[ConsumerRecord]:
        """Until the topic holds so many records."""
        deadline = time.monotonic() + WAIT_S
        while len(found := await self.read(topic)) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} in {topic.noun}"
        return found

    async def caught_up(self, journal: Topic, source: Topic) -> None:
        """Until the agent's cursors have reached the end of its input: the true lag is 0."""
        deadline = time.monotonic() + WAIT_S
        while (lag := await self.lag(journal, source)) > 0:
            assert time.monotonic() < deadline, f"{journal.noun} stays {lag} behind"

    async def lag(self, journal: Topic, source: Topic) -> int:
        cursors = dict.fromkeys(range(PARTITIONS), -1)
        for record in await self.read(journal):
            if record.key == CURSOR and record.value is not None:
                offset = read_entry(record.value).offset
                cursors[record.partition] = max(cursors[record.partition], offset)
        ends = dict.fromkeys(range(PARTITIONS), -1)
        for record in await self.read(source):
            ends[record.partition] = max(ends[record.partition], record.offset)
        return sum(max(0, ends[p] - cursors[p]) for p in ends)


@contextmanager
def platform_on(kafka: Kafka, folder: Path) -> Iterator[Platform]:
    made = Platform(kafka, folder)
    try:
        yield made
    finally:
        stop_all(made.children)
