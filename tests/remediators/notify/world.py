"""The notifier as a process: real broker, stand-ins for the vendors, and a process to kill."""

import asyncio
import os
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy import topics
from deploy.failpoints import ARMED, POINT
from deploy.sandbox.processes import Child
from schemas.codec import decode, encode
from schemas.notices import Delivery, DeliveryStatus, Notice
from schemas.rejects import Reject
from schemas.topics import DELIVERIES, NOTICES, REJECTS, partition_for
from tests.remediators.notify.vendors import Vendors, standing_in

ROOT = Path(__file__).parents[3]
NOTIFIER = (sys.executable, "-m", "deploy.cli.main", "notifier")
PARTITIONS = 2
WITHIN_S = 90.0
FILE = """
default_receiver: team
channels:
  ops: {{kind: slack, webhook_url: {{env: SLACK_URL}}, per_minute: {per_minute}}}
  bot:
    kind: slack
    token: {{env: SLACK_TOKEN}}
    channel: C0123
    api_url: {slack_api}
    per_minute: {per_minute}
  pager: {{kind: pagerduty, routing_key: {{env: PAGERDUTY_KEY}}, url: "{pagerduty}"}}
  hook: {{kind: webhook, url: "{webhook}", bearer: {{env: HOOK_TOKEN}}}}
receivers:
  team:
    - {{severities: [critical], channels: [pager, ops]}}
    - {{channels: [ops, hook]}}
  bots: [{{channels: [bot]}}]
  audit: [{{channels: [hook]}}]
"""
SECRETS = {"SLACK_TOKEN": "xoxb-hush", "PAGERDUTY_KEY": "hush" * 8, "HOOK_TOKEN": "hush-hook"}


class World:
    def __init__(self, bootstrap: str, vendors: Vendors, tmp: Path) -> None:
        self.bootstrap = bootstrap
        self.vendors = vendors
        self.prefix = f"notifier-{uuid.uuid4().hex[:8]}"
        self.producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
        self.notifiers: list[Child] = []
        self._tmp = tmp

    def start(self, die_at: str = "", per_minute: int = 1000, **settings: str) -> Child:
        """With `die_at` it is killed, once, at that point."""
        number = len(self.notifiers)
        armed, config = self._tmp / f"armed-{number}", self._tmp / f"notifier-{number}.yaml"
        armed.touch()
        urls = {"slack_api": self.vendors.slack_api.url, "pagerduty": self.vendors.pagerduty.url}
        config.write_text(
            FILE.format(webhook=self.vendors.webhook.url, per_minute=per_minute, **urls)
        )
        env = os.environ | SECRETS | {
            "SLACK_URL": self.vendors.slack.url,
            "MENDLOG_BOOTSTRAP": self.bootstrap,
            "MENDLOG_TOPIC_PREFIX": self.prefix,
            "MENDLOG_TAPE_PARTITIONS": str(PARTITIONS),
            "MENDLOG_SESSION_TIMEOUT_S": "2",
            "MENDLOG_NOTIFIER_FILE": str(config),
            "MENDLOG_NAME": f"notifier-{number}",
            "MENDLOG_REQUEST_TIMEOUT_S": "30",
            "MENDLOG_RETRY_FIRST_S": "0.05",
            "MENDLOG_PORT_FILE": str(self.port_file(number)),
            POINT: die_at,
            ARMED: str(armed),
            **{f"MENDLOG_{name.upper()}": value for name, value in settings.items()},
        }  # fmt: skip
        log_file = self._tmp / f"notifier-{number}.log"
        child = Child(f"notifier {number}", NOTIFIER, log_file=log_file, env=env, cwd=ROOT)
        child.start()
        self.notifiers.append(child)
        return child

    def port_file(self, number: int) -> Path:
        return self._tmp / f"port-{number}"

    def logs(self) -> str:
        return "".join(child.log_file.read_text() for child in self.notifiers)

    async def died(self, child: Child) -> None:
        await eventually(lambda: not child.alive, f"{child.name} to die")

    async def stopped(self, child: Child) -> int | None:
        await asyncio.to_thread(child.stop, 30)
        return child.exit_code

    async def send(self, *notices: Notice) -> None:
        for one in notices:
            await self.send_raw(encode(one), one.incident_id.encode())

    async def send_raw(self, value: bytes, key: bytes) -> None:
        place = partition_for(key, PARTITIONS)
        topic = NOTICES.name(self.prefix)
        await self.producer.send_and_wait(topic, value, key=key, partition=place)

    async def ended(self, count: int) -> list[Delivery]:
        """Every end on `deliveries`, once there are so many; in the order of their writing within
        a partition."""
        found: list[Delivery] = []
        async for value in self._values(DELIVERIES.name(self.prefix)):
            delivery = decode(value, Delivery)
            assert isinstance(delivery, Delivery)
            if delivery.status is not DeliveryStatus.ATTEMPTED:
                found.append(delivery)
            if len(found) == count:
                return found
        raise AssertionError("unreachable")

    async def rejected(self) -> Reject:
        async for value in self._values(REJECTS.name(self.prefix)):
            kept = decode(value, Reject)
            assert isinstance(kept, Reject)
            return kept
        raise AssertionError("unreachable")

    async def _values(self, topic: str) -> AsyncIterator[bytes]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=50
        )
        await consumer.start()
        try:
            consumer.assign([TopicPartition(topic, p) for p in range(PARTITIONS)])
            async with asyncio.timeout(WITHIN_S):
                while True:
                    yield (await consumer.getone()).value
        finally:
            await consumer.stop()


async def eventually(condition: Callable[[], bool], what: str) -> None:
    """For what tells nobody: a process, or a file."""
    try:
        async with asyncio.timeout(WITHIN_S):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited {WITHIN_S:g} s for {what}") from None


def statuses(deliveries: Sequence[Delivery]) -> list[str]:
    return [delivery.status.value for delivery in deliveries]


@asynccontextmanager
async def world(bootstrap: str, tmp: Path) -> AsyncIterator[World]:
    async with standing_in() as vendors:
        made = World(bootstrap, vendors, tmp)
        await topics.create(bootstrap, made.prefix, PARTITIONS)
        await made.producer.start()
        try:
            yield made
            logs = made.logs()
            assert "Traceback" not in logs, logs
            assert not [s for s in (*SECRETS.values(), "T0/B0/hush") if s in logs], "a secret"
        finally:
            for child in made.notifiers:
                child.kill()
            await made.producer.stop()
