"""The embedded broker: what is acknowledged survives, and nothing of it is left behind."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaTimeoutError, UnknownTopicOrPartitionError

from deploy.sandbox import broker_probe, broker_settings, jars, ports
from deploy.sandbox.errors import SandboxError
from deploy.sandbox.kafka import Identity, Kafka
from deploy.sandbox.processes import ChildFailed
from tests.deploy.sandbox.gone import await_gone

pytestmark = pytest.mark.broker
StartKafka = Callable[..., Kafka]


async def create_topic(broker: Kafka, name: str, **config: str) -> None:
    async with admin(broker) as client:
        await client.create_topics(
            [NewTopic(name, num_partitions=1, replication_factor=1, topic_configs=config)]
        )


async def produce(broker: Kafka, topic: str, *values: bytes) -> None:
    async with producer(broker) as sender:
        for value in values:
            await sender.send_and_wait(topic, value)


async def consume(broker: Kafka, topic: str, count: int) -> list[bytes]:
    partition = TopicPartition(topic, 0)
    async with AIOKafkaConsumer(
        bootstrap_servers=broker.bootstrap, max_partition_fetch_bytes=2**24
    ) as consumer:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        return [(await consumer.getone()).value for _ in range(count)]


def producer(broker: Kafka, **options) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap, acks="all", max_request_size=2**24, **options
    )


@asynccontextmanager
async def admin(broker: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def test_what_is_produced_is_consumed(kafka: Kafka) -> None:
    await create_topic(kafka, "round-trip")
    await produce(kafka, "round-trip", b"hello", b"again")
    assert await consume(kafka, "round-trip", 2) == [b"hello", b"again"]


async def test_our_largest_batch_is_accepted(kafka: Kafka) -> None:
    batch = b"x" * 8 * broker_settings.MIB
    await create_topic(kafka, "large")
    await produce(kafka, "large", batch)
    assert await consume(kafka, "large", 1) == [batch]


@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
async def test_the_broker_reads_every_compression(kafka: Kafka, compression: str) -> None:
    # Another codec than the topic's makes the broker itself unpack and pack.
    topic = f"packed-{compression}"
    await create_topic(kafka, topic, **{"compression.type": compression})
    await produce(kafka, topic, b"repeat " * 100)
    async with admin(kafka) as client:
        assert topic in await client.list_topics()
    assert sum(path.stat().st_size for path in kafka.log_dir.glob(f"{topic}-0/*.log")) < 700


async def test_a_topic_is_never_made_by_naming_it(kafka: Kafka) -> None:
    async with producer(kafka, request_timeout_ms=6000) as sender:
        with pytest.raises((UnknownTopicOrPartitionError, KafkaTimeoutError)):
            await sender.send_and_wait("nobody-created-me", b"lost")
    async with admin(kafka) as client:
        assert "nobody-created-me" not in await client.list_topics()


async def test_a_group_forms_without_delay_and_remembers_where_it_was(kafka: Kafka) -> None:
    await create_topic(kafka, "grouped")
    await produce(kafka, "grouped", b"first", b"second")
    seen = []
    for _ in range(2):
        async with AIOKafkaConsumer(
            "grouped",
            bootstrap_servers=kafka.bootstrap,
            group_id="readers",
            auto_offset_reset="earliest",
            max_poll_records=1,
            enable_auto_commit=False,
        ) as consumer:
            seen.append((await consumer.getone()).value)
            await consumer.commit()
    assert seen == [b"first", b"second"]


def test_only_this_machine_can_connect(kafka: Kafka) -> None:
    listening = psutil.Process(kafka.pid).net_connections()
    addresses = {one.laddr.ip for one in listening if one.status == psutil.CONN_LISTEN}
    assert {address.removeprefix("::ffff:") for address in addresses} == {"127.0.0.1"}


async def test_a_killed_broker_comes_back_and_a_stopped_one_is_taken_up_by_another_process(
    own_kafka: StartKafka,
) -> None:
    """Each time with its records."""
    broker = own_kafka()
    address = broker.bootstrap
    await create_topic(broker, "kept")
    await produce(broker, "kept", b"still here")
    broker.kill()
    assert not broker.alive
    broker.start()
    assert broker.bootstrap == address
    assert await consume(broker, "kept", 1) == [b"still here"]
    broker.stop()
    assert (broker.log_dir / ".kafka_cleanshutdown").exists()
    with Kafka(broker.data_dir) as successor:
        assert successor.bootstrap == address
        assert await consume(successor, "kept", 1) == [b"still here"]


async def test_a_paused_broker_answers_nobody_until_it_is_resumed(own_kafka: StartKafka) -> None:
    broker = own_kafka()
    await create_topic(broker, "patient")
    async with producer(broker) as sender:
        await sender.send_and_wait("patient", b"before")
        broker.pause()
        assert broker.alive
        pending = await sender.send("patient", b"meanwhile")
        done, _ = await asyncio.wait([pending], timeout=0.5)
        assert not done
        broker.resume()
        await pending
    assert await consume(broker, "patient", 2) == [b"before", b"meanwhile"]


async def test_a_broker_can_be_started_from_a_thread_that_ends(own_kafka: StartKafka) -> None:
    broker = await asyncio.to_thread(own_kafka)
    await asyncio.get_running_loop().shutdown_default_executor()
    port = int(broker.bootstrap.split(":")[1])
    assert broker.alive
    assert broker_probe.knows_itself(ports.HOST, port, timeout_s=30)


def test_a_folder_may_have_any_name_and_settings_can_be_added(tmp_path: Path) -> None:
    folder = tmp_path / "plain, späß=ok #1"
    with Kafka(folder, settings={"log.cleaner.backoff.ms": 100}) as broker:
        assert (broker.log_dir / "meta.properties").exists()
    assert "log.cleaner.backoff.ms=100\n" in (folder / "server.properties").read_text()


def test_what_the_broker_said_is_in_the_error(tmp_path: Path) -> None:
    broker = Kafka(tmp_path, settings={"log.segment.bytes": "many"})
    with pytest.raises(ChildFailed, match=r"(?s)ended with 1.*log\.segment\.bytes"):
        broker.start()


def test_a_folder_in_use_is_refused_by_name_of_its_port(kafka: Kafka) -> None:
    with pytest.raises(SandboxError, match=r"Port \d+, by which the clients.*is in use"):
        Kafka(kafka.data_dir).start()


def test_the_identity_of_a_folder_is_chosen_once(tmp_path: Path) -> None:
    assert Identity.of(tmp_path) == Identity.of(tmp_path)
    assert len(Identity.of(tmp_path).cluster_id) == 22


def test_an_open_port_is_not_yet_a_broker() -> None:
    with socket.create_server((ports.HOST, 0)) as deaf:
        port = deaf.getsockname()[1]
        assert not broker_probe.knows_itself(ports.HOST, port, timeout_s=0.1)
    assert not broker_probe.knows_itself(ports.HOST, port)


PARENT = """
import sys, time
from pathlib import Path
from deploy.sandbox.kafka import Kafka
broker = Kafka(Path(sys.argv[1]))
broker.start()
print(broker.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_no_broker_survives_a_killed_parent(tmp_path: Path) -> None:
    jars.class_path()  # a first download belongs to this process, with its patience
    argv = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:
        broker_pid = int(parent.stdout.readline())
        assert "kafka.Kafka" in psutil.Process(broker_pid).cmdline()
        parent.kill()
    await_gone(broker_pid)
