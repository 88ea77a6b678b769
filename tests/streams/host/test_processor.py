"""A worker on the real broker: from an alert to a command, and all that may be in the way."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaError

from deploy.sandbox.kafka import Kafka
from schemas.codec import decode
from schemas.tape import TapeRecord, Tick
from schemas.topics import ALERTS, BATCH_BYTES_MAX, COMMANDS, METRICS, MIB, TAPE
from streams.host import cursors
from streams.host.backlog import Backlog
from streams.host.cursors import Board
from streams.host.exits import EXIT_REFUSED
from streams.host.inputs import DECIDE, OBSERVE, inputs_of
from streams.host.offsets import GroupOffsets
from streams.host.reading import Bounds
from streams.host.windows import SampleWindows
from streams.steps.effects import Effects, InputRecord, Output
from tests.streams.host.bench import Bench, bench, cursor, stateless
from tests.streams.ingest.topics import until

pytestmark = pytest.mark.broker


def to_tape(record: InputRecord) -> Effects:
    return Effects(outputs=(Output(TAPE, b"prod-1", record.value or b"", record.partition),))


def to_command(record: InputRecord) -> Effects:
    value = record.value or b""
    return Effects({b"last": value}, (Output(COMMANDS, b"prod-1", value, record.partition),))


def nothing(_: InputRecord) -> Effects:
    return Effects()


@pytest.fixture
async def host(kafka: Kafka, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(kafka.bootstrap, tmp_path) as made:
        yield made


async def test_an_alert_goes_through_both_agents(host: Bench):
    steps = {OBSERVE.name: stateless(to_tape), DECIDE.name: stateless(to_command)}
    async with host.worker(steps):
        await host.send(ALERTS, b"fire")
        (command,) = await host.read(COMMANDS, 1)
    assert command.value == b"fire"


async def test_state_and_cursor_outlive_the_worker(host: Bench):
    opened: list[dict[bytes, bytes]] = []

    def open_step(partition, entries):
        opened.append(dict(entries))
        return stateless(to_command)(partition, entries)

    async with host.worker({DECIDE.name: open_step}) as worker:
        await host.send(TAPE, b"one")
        await host.until(lambda: cursor(worker) == 0, "the cursor")
    opened.clear()
    async with host.worker({DECIDE.name: open_step}):
        await host.send(TAPE, b"two")
        commands = await host.read(COMMANDS, 2)
    assert {b"last": b"one"} in opened
    assert [c.value for c in commands] == [b"one", b"two"]


async def test_what_arrived_while_nobody_was_there_is_not_forgotten(host: Bench):
    """No new record comes to wake the partition: it is opened because it was assigned."""
    for n in range(3):
        await host.send(TAPE, b"%d" % n)
    async with host.worker({DECIDE.name: stateless(to_command)}):
        commands = await host.read(COMMANDS, 3)
    assert [c.value for c in commands] == [b"0", b"1", b"2"]


@pytest.mark.parametrize(
    ("key", "value"),
    [(None, None), (b"", b""), (None, b"x"), (b"k", None), (b"\xff\xfe", b"\x00\xff")],
    ids=["nothing", "empty", "no key", "tombstone", "bytes"],
)
async def test_any_record_reaches_the_step_as_it_is(host: Bench, key, value):
    seen: list[tuple[bytes | None, bytes | None]] = []

    def look(record: InputRecord) -> Effects:
        seen.append((record.key, record.value))
        return Effects()

    async with host.worker({OBSERVE.name: stateless(look)}):
        if value is None and key is None:
            await _send_without_anything(host)
        else:
            await host.send(ALERTS, value, key=key)
        await host.send(ALERTS, b"next", key=b"n")
        await host.until(lambda: len(seen) == 2, "both records")
    assert seen == [(key, value), (b"n", b"next")]


async def _send_without_anything(host: Bench) -> None:
    batch = host.producer.create_batch()
    batch.append(key=None, value=None, timestamp=None)
    batch.close()
    await (await host.producer.send_batch(batch, ALERTS.name(host.prefix), partition=0))


async def test_a_transaction_s_marker_is_a_hole_and_no_gap(host: Bench):
    """Somebody else's producer may use transactions on `alerts`; their markers take offsets."""
    seen: list[bytes | None] = []

    def look(record: InputRecord) -> Effects:
        seen.append(record.value)
        return Effects()

    producer = AIOKafkaProducer(bootstrap_servers=host.bootstrap, transactional_id=host.prefix)
    await producer.start()
    async with host.worker({OBSERVE.name: stateless(look)}):
        for n in range(3):
            async with producer.transaction():
                await producer.send(ALERTS.name(host.prefix), b"%d" % n, partition=0)
        await host.until(lambda: len(seen) == 3, "all three")
    await producer.stop()
    assert seen == [b"0", b"1", b"2"]


async def test_the_largest_records_pass(host: Bench):
    """4 MiB of body with its envelope, and outputs of a whole batch."""
    body = bytes(5 * MIB - 1_000)

    def enlarge(record: InputRecord) -> Effects:
        value = bytes(BATCH_BYTES_MAX - 1_000)
        return Effects(outputs=(Output(TAPE, b"k", value, record.partition),))

    sizes: list[int] = []

    def measure(record: InputRecord) -> Effects:
        sizes.append(len(record.value or b""))
        return Effects()

    steps = {OBSERVE.name: stateless(enlarge), DECIDE.name: stateless(measure)}
    async with host.worker(steps):
        for _ in range(2):
            await host.send(ALERTS, body)
        await host.until(lambda: len(sizes) == 2, "both batches")
    assert sizes == [BATCH_BYTES_MAX - 1_000] * 2


async def test_a_partition_that_stands_still_does_not_hold_up_another(host: Bench):
    """Partition 0 never gets through its gate; its queue fills up and is left alone."""
    steps = {OBSERVE.name: stateless(to_tape), DECIDE.name: stateless(to_command)}
    async with host.worker(steps, queue_records_max=10) as worker:
        closed = _closed_for(0, worker.backlog)
        for n in range(200):
            await host.send(ALERTS, b"stuck %d" % n, partition=0)
        await host.send(ALERTS, b"free", partition=1)
        (command,) = await host.read(COMMANDS, 1)
        assert command.value == b"free"
        worker.backlog.work_s = closed.work_s
        commands = await host.read(COMMANDS, 201)
    stuck = [c.value for c in commands if c.partition == 0]
    assert stuck == [b"stuck %d" % n for n in range(200)]


def _closed_for(partition: int, backlog: Backlog) -> Backlog:
    """Has the gate believe that `decide` is far behind there; returns the gate as it was."""
    before = Backlog.__new__(Backlog)
    before.work_s = backlog.work_s
    real = backlog.work_s
    backlog.work_s = lambda p: 60.0 if p == partition else real(p)
    return before


async def test_a_tick_comes_back_through_the_tape(host: Bench):
    facts: list[InputRecord] = []

    def look(record: InputRecord) -> Effects:
        facts.append(record)
        return Effects()

    async with host.worker({DECIDE.name: stateless(look)}, tick_idle_s=0.1):
        await host.until(lambda: {f.partition for f in facts} == {0, 1}, "a tick on each")
    fact = decode(facts[0].value, TapeRecord)
    assert isinstance(fact, TapeRecord)
    assert isinstance(fact.fact, Tick)


async def test_detect_gets_the_last_minute_of_samples(host: Bench):
    """The agent writes Faust's windowed table and hands over what it holds."""
    seen: list[dict] = []

    def look(record: InputRecord) -> Effects:
        seen.append(json.loads(record.header("windows") or "null"))
        return Effects()

    def windowed(record: InputRecord, windows: SampleWindows) -> InputRecord:
        member, at_ms = (record.value or b"").decode().split("@")
        windows.remember("checkout", member, int(at_ms), {"errors": 1})
        found = windows.recent("checkout", int(at_ms), 60_000)
        held = {name: len(readings) for name, readings in found.items()}
        return replace(record, headers=(("windows", json.dumps(held).encode()),))

    now_ms = int(time.time() * 1000)
    steps = {"detect.metrics": stateless(look)}
    async with host.worker(steps, windowed) as worker:
        for member, age_ms in (("a", 70_000), ("a", 50_000), ("b", 20_000), ("a", 0), ("a", 0)):
            await host.send(METRICS, f"{member}@{now_ms - age_ms}".encode())
        await host.until(lambda: cursor(worker) == 4, "all samples")
    assert seen[-1] == {"a": 2, "b": 1}
    async with host.worker(steps, windowed):
        await host.send(METRICS, f"b@{now_ms}".encode())
        await host.until(lambda: len(seen) == 6, "the next worker's")
    assert seen[-1] == {"a": 2, "b": 2}


async def test_a_worker_tells_how_it_is(host: Bench):
    async with host.worker({DECIDE.name: stateless(to_command)}) as worker:
        for n in range(5):
            await host.send(TAPE, b"%d" % n)
        await host.read(COMMANDS, 5)
        await host.until(lambda: cursor(worker) == 4, "the cursor")
        address = f"http://127.0.0.1:{worker.web.port}"
        async with aiohttp.ClientSession() as session:
            assert await _get(session, f"{address}/-/healthy") == (200, "healthy\n")
            assert await _get(session, f"{address}/-/ready") == (200, "ready\n")
            _, metrics = await _get(session, f"{address}/metrics")
    place = '{input="decide.tape",partition="0"}'
    assert f"mendlog_records_total{place} 5.0" in metrics
    assert f"mendlog_lag_records{place} 0.0" in metrics
    assert f"mendlog_journal_repairs_total{place} 0.0" in metrics


async def _get(session: aiohttp.ClientSession, url: str) -> tuple[int, str]:
    async with session.get(url) as response:
        return response.status, await response.text()


async def test_the_reason_of_an_end_is_told_by_the_next_worker(host: Bench, tmp_path: Path):
    (tmp_path / "last-exit").write_text("stale")
    async with (
        host.worker({DECIDE.name: stateless(nothing)}) as worker,
        aiohttp.ClientSession() as session,
    ):
        _, metrics = await _get(session, f"http://127.0.0.1:{worker.web.port}/metrics")
    assert 'mendlog_previous_exit{reason="stale"} 1.0' in metrics
    assert not (tmp_path / "last-exit").exists()


async def test_cursors_are_published_as_a_group_s_offsets(
    host: Bench, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cursors, "PUBLISH_WITHIN_S", 10.0)  # The last time must not be missed.
    offsets = GroupOffsets(host.bootstrap)
    await offsets.start()
    board = Board(offsets, host.prefix)

    async def has_groups() -> bool:
        try:
            await board.read(DECIDE, [0])
        except KafkaError:  # A broker makes their topic when the first group is asked for.
            return False
        return True

    await until(has_groups)
    async with host.worker({DECIDE.name: stateless(to_command)}) as worker:
        for n in range(5):
            await host.send(TAPE, b"%d" % n)
        await host.until(lambda: cursor(worker) == 4, "the cursor")
    progress = await board.read(DECIDE, [0, 1])
    plain = await offsets.fetch(f"{host.prefix}.cursor.decide.tape", TAPE.name(host.prefix), [0])
    await offsets.stop()
    assert (progress[0].next, progress[0].lag) == (5, 0)
    assert progress[0].pace_s > 0
    assert plain[0].offset == 5


async def test_the_backlog_of_another_worker_s_decide_is_known_by_its_cursor(host: Bench):
    offsets = GroupOffsets(host.bootstrap)
    await offsets.start()
    gate = Backlog(Board(offsets, host.prefix), None)
    asking = asyncio.create_task(gate.run())
    tape = TAPE.name(host.prefix)
    try:
        async with host.worker({DECIDE.name: stateless(to_command)}):
            offset = await host.send(TAPE, b"1")
            gate.wrote(tape, 0, Bounds(offset, offset + 1))
            await host.until(lambda: gate.work_s(0) == 0.0, "the published cursor")
        gate.wrote(tape, 0, Bounds(1, 100_000))
        assert not gate.is_open([(TAPE, 0)])
        assert gate.is_open([(TAPE, 1), (COMMANDS, 0)])
    finally:
        asking.cancel()
        await offsets.stop()


async def test_missing_topics_are_refused(kafka: Kafka, tmp_path: Path):
    async with bench(kafka.bootstrap, tmp_path, [TAPE]) as host:
        with pytest.raises(Exception, match="has no partitions instead of 2"):
            async with host.worker({DECIDE.name: stateless(nothing)}):
                pass
        assert host.ends.codes == [EXIT_REFUSED]


async def test_an_input_that_lost_what_comes_next_is_refused(host: Bench, tmp_path: Path):
    async with host.worker({DECIDE.name: stateless(to_command)}):
        await host.send(TAPE, b"0")
        await host.read(COMMANDS, 1)
    for _ in range(5):
        await host.send(TAPE, b"x")
    await _delete_before(host, TAPE.name(host.prefix), 3)
    async with host.worker({DECIDE.name: stateless(nothing)}):
        await host.until(host.ends.happened.is_set, "the end")
    assert host.ends.codes == [EXIT_REFUSED]
    assert (tmp_path / "last-exit").read_text() == "cursor_outside_log"


async def test_an_empty_journal_may_begin_late_only_where_no_history_is_needed(
    host: Bench, tmp_path: Path
):
    for topic in (ALERTS, TAPE):
        for n in range(5):
            await host.send(topic, b"%d" % n)
        await _delete_before(host, topic.name(host.prefix), 3)
    seen: list[bytes | None] = []

    def look(record: InputRecord) -> Effects:
        seen.append(record.value)
        return Effects()

    async with host.worker({OBSERVE.name: stateless(look)}):
        await host.until(lambda: len(seen) == 2, "what is left")
    assert seen == [b"3", b"4"]
    async with host.worker({DECIDE.name: stateless(look)}):
        await host.until(host.ends.happened.is_set, "the end")
    assert (tmp_path / "last-exit").read_text() == "cursor_outside_log"


async def _delete_before(host: Bench, topic: str, offset: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=host.bootstrap)
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(offset)})
    finally:
        await admin.close()


def test_agents_that_nobody_knows_are_refused():
    with pytest.raises(ValueError, match="choose among decide, detect, observe, relay"):
        inputs_of("decide,observer")
