"""A world for the executor: real broker, real API behind a wire that logs, real processes to kill.

    seen = await world.look()
    act = await world.act(seen)
    assert (await world.ended(act)).status is OutcomeStatus.APPLIED

At the end the audit reads the topics, the wire's log and the target, and checks what must hold
whatever has happened to the processes.
"""

import asyncio
import json
import os
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from kubernetes import client

from deploy import topics
from deploy.failpoints import ARMED, POINT
from deploy.sandbox.processes import Child
from schemas.actions import RESTART
from schemas.codec import Undecodable, decode, encode
from schemas.controls import Heartbeat, Switch
from schemas.remediation import (
    Command,
    CommandKind,
    Observation,
    Outcome,
    OutcomeStatus,
    Target,
)
from schemas.signing import COMMAND, HEADER, SigningKey
from schemas.topics import COMMANDS, OUTCOMES, SWITCHES, partition_for
from streams.audit.auditor import Asked
from streams.audit.checks.calls import Call
from tests.audited import audited
from tests.deploy.sandbox.cluster.workloads import deployment
from tests.faults.executor_wire import Asked as Change
from tests.faults.executor_wire import Wire
from tests.faults.prepared import prepared
from tests.hand import Hand

EXECUTOR = ("deploy.cli.main", "executor")
IMPORTED = (
    "deploy.cli.executor",
    "deploy.logs",
    "deploy.registry",
    "remediators.bootstrap",
    "remediators.settings",
)
CLUSTER = "eu-1"
NAME = "web"
TTL_MS = 600_000
"""Many are composed before the first is sent: on a slow machine none may be over by then."""
WITHIN_S = 90.0
SESSION_TIMEOUT_S = 2.0
ALONE = {"session_timeout_s": "60"}
"""Of an executor that nobody follows or joins: no pause of the machine's puts it out."""
PARTITIONS = 2


class World:
    """Made by `world`, which also clears up after it."""

    def __init__(self, bootstrap: str, api_url: str, tmp: Path) -> None:
        self.bootstrap = bootstrap
        self.prefix = f"executor-{uuid.uuid4().hex[:8]}"
        self.namespace = self.prefix
        self.wire = Wire(api_url)
        self.apps = client.AppsV1Api(client.ApiClient(client.Configuration(host=api_url)))
        self.core = client.CoreV1Api(self.apps.api_client)
        self.hand = Hand(self.apps.api_client)
        self.records = Records(bootstrap, self.prefix)
        self.producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
        self.processor_key: SigningKey | None = None
        """What `order` signs with."""
        self.executors: list[Child] = []
        self.commands: list[Command] = []
        self.others_changes = 0
        """Of the target, by somebody who is not the executor."""
        self.counts_generations = True
        """Whether each change of the API's is one of the Deployment."""
        self.concluded_twice = False
        """Whether a command may have two ends of the same content, from two executors."""
        self._tmp = tmp
        self._numbers = iter(range(1, 1_000))

    @property
    def target(self) -> Target:
        return Target(CLUSTER, self.namespace, "Deployment", NAME)

    # The executors.

    def start_executor(self, die_at: str = "", *, armed: bool = True, **settings: str) -> Child:
        """With `die_at` it is killed, once, at that point, if it is armed."""
        number = len(self.executors)
        env = os.environ | {
            "MENDLOG_BOOTSTRAP": self.bootstrap,
            "MENDLOG_TOPIC_PREFIX": self.prefix,
            "MENDLOG_TAPE_PARTITIONS": str(PARTITIONS),
            "MENDLOG_SESSION_TIMEOUT_S": str(SESSION_TIMEOUT_S),
            "MENDLOG_CLUSTERS": json.dumps({CLUSTER: {"url": self.wire.url}}),
            "MENDLOG_NAME": f"executor-{number}",
            "MENDLOG_REQUEST_TIMEOUT_S": "30",
            "MENDLOG_PORT_FILE": str(self._tmp / f"port-{number}"),
            "MENDLOG_HEARTBEAT_S": "0.5",
            POINT: die_at,
            ARMED: str(self._armed(number)),
            **{f"MENDLOG_{name.upper()}": value for name, value in settings.items()},
        }
        log_file = self._tmp / f"executor-{number}.log"
        child = prepared(f"executor {number}", EXECUTOR, IMPORTED, log_file=log_file, env=env)
        self.executors.append(child)
        if armed:
            self.arm(child)
        child.start()
        return child

    def arm(self, executor: Child) -> None:
        self._armed(self.executors.index(executor)).touch()

    def _armed(self, number: int) -> Path:
        return self._tmp / f"armed-{number}"

    @asynccontextmanager
    async def kept_running(self) -> AsyncIterator[None]:
        """As whatever runs executors does: for one that ends by itself another is started."""

        async def run() -> None:
            while True:
                if (self.executors[-1].exit_code or 0) > 0:
                    self.start_executor()
                await asyncio.sleep(0.1)

        running = asyncio.create_task(run())
        try:
            yield
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    async def died(self, executor: Child) -> None:
        await eventually(lambda: not executor.alive, f"{executor.name} to die")

    # What the processor would order.

    async def look(self, **more: Any) -> Observation:
        command = await self.order(CommandKind.LOOK, **more)
        seen = await self.records.terminal(command.command_id)
        assert isinstance(seen, Observation), seen
        return seen

    async def act(
        self, seen: Observation, kind: CommandKind = CommandKind.ACT, **more: Any
    ) -> Command:
        return await self.order(kind, **{**bound_to(seen), **more})

    async def order(self, kind: CommandKind, ttl_ms: int = TTL_MS, **more: Any) -> Command:
        command = self.composed(kind, ttl_ms, **more)
        self.commands.append(command)
        await self.send(command)
        return command

    def composed(self, kind: CommandKind, ttl_ms: int = TTL_MS, **more: Any) -> Command:
        """Not sent, and so none that must come to an end."""
        now_ms = time.time_ns() // 1_000_000
        fields = {
            "command_id": f"{next(self._numbers):032x}",
            "cluster": CLUSTER,
            "incident_id": "incident",
            "kind": kind,
            "action": RESTART,
            "target": self.target,
            "parameters": {},
            "step": 0,
            "attempt": 0,
            "issued_at_ms": now_ms,
            "expires_at_ms": now_ms + ttl_ms,
            "evidence_partition": 0,
            "evidence_offset": 0,
        }
        return Command(**{**fields, **more})

    async def send(self, command: Command) -> None:
        value, key = encode(command), self.processor_key
        signature = key.sign(COMMAND, value) if key else None
        await self.send_raw(value, command.cluster.encode(), signature)

    async def send_raw(self, value: bytes, key: bytes, signature: bytes | None = None) -> None:
        place = partition_for(key, PARTITIONS)
        topic = COMMANDS.name(self.prefix)
        headers = [] if signature is None else [(HEADER, signature)]
        await self.producer.send_and_wait(topic, value, key=key, partition=place, headers=headers)

    async def kill_switch(self, on: bool, cluster: str = CLUSTER) -> None:
        switch = Switch(cluster, on, "test", "drill", 0)
        topic = SWITCHES.name(self.prefix)
        await self.producer.send_and_wait(topic, encode(switch), key=cluster.encode(), partition=0)

    # What came of it.

    async def ended(self, command: Command) -> Outcome:
        found = await self.records.terminal(command.command_id)
        assert isinstance(found, Outcome), found
        return found

    def deployment(self) -> Any:
        return self.apps.read_namespaced_deployment(NAME, self.namespace)

    def env(self) -> dict[str, str]:
        """Of its containers; there is one."""
        (main,) = self.deployment().spec.template.spec.containers
        return {variable.name: variable.value for variable in main.env or ()}

    def somebody_changes(self, **annotations: str) -> None:
        body = {"metadata": {"annotations": annotations}}
        self.apps.patch_namespaced_deployment(NAME, self.namespace, body)
        self.others_changes += 1

    async def audit(self) -> None:
        """I3, I4, I5 of the fault matrix, and that every order has come to one end."""
        for command in self.commands:
            await self.records.terminal(command.command_id)
        for executor in self.executors:
            await asyncio.to_thread(executor.stop)
        await self.records.settle()
        for command in self.commands:
            self._audit_one(command)
        await self._audit_topics()
        if self.counts_generations:
            generation = self.deployment().metadata.generation
            assert generation == 1 + self.others_changes + len(self.wire.changes())

    def _audit_one(self, command: Command) -> None:
        """Stricter than what is promised: who has no rival says everything once."""
        intents = self.records.intents(command.command_id)
        terminals = self.records.terminals(command.command_id)
        assert len(terminals) == 1 or self.concluded_twice, f"ended more than once: {terminals}"
        assert len({r.status for r in terminals if isinstance(r, Outcome)}) <= 1, terminals
        assert len(intents) <= 1 or self.concluded_twice, "announced more than once"

    async def _audit_topics(self) -> None:
        """By the wire's log: one effect, announced before, in time, in the very bytes."""
        calls = self._tmp / "calls"
        calls.write_bytes(b"".join(map(_line, self.wire.asked)))
        asked = Asked(calls=calls)
        await audited(self.bootstrap, self.prefix, asked, about=("I3", "I4", "I5", "I7"))


def _line(asked: Change) -> bytes:
    """Of the log of calls."""
    body, to = asked.body.decode(), asked.command_id
    call = Call(asked.at_ms, asked.path, body, asked.status, to, asked.idle)
    return msgspec.json.encode(call) + b"\n"


class Records:
    """Everything on `outcomes` and `switches`, as it comes."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self._bootstrap = bootstrap
        self._outcomes = OUTCOMES.name(prefix)
        self._switches = SWITCHES.name(prefix)
        self._by_command: dict[str, list[tuple[int, Outcome | Observation]]] = defaultdict(list)
        self.beats = 0
        self._changed = asyncio.Event()
        self._read: dict[TopicPartition, int] = {}
        self._consumer: AIOKafkaConsumer | None = None

    async def follow(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=50,
        )
        await consumer.start()
        self._consumer = consumer
        places = [TopicPartition(self._outcomes, p) for p in range(PARTITIONS)]
        consumer.assign([*places, TopicPartition(self._switches, 0)])
        try:
            while True:
                for place, records in (await consumer.getmany(timeout_ms=100)).items():
                    for record in records:
                        self._hear(record)
                    self._read[place] = records[-1].offset + 1
                    self._changed.set()
        finally:
            await consumer.stop()

    def _hear(self, record: Any) -> None:
        found: Any = decode(record.value, Outcome, Observation, Heartbeat, Switch)
        if isinstance(found, Heartbeat):
            self.beats += 1
        elif isinstance(found, Outcome | Observation):
            self._by_command[found.command_id].append((record.timestamp, found))
        else:
            assert record.topic == self._switches or not isinstance(found, Undecodable), found

    async def terminal(self, command_id: str) -> Outcome | Observation:
        await self.until(lambda: bool(self.terminals(command_id)), f"an end of {command_id}")
        return self.terminals(command_id)[0]

    async def intent(self, command_id: str) -> Outcome:
        await self.until(lambda: bool(self.intents(command_id)), f"an intent of {command_id}")
        return self.intents(command_id)[0][1]

    def terminals(self, command_id: str) -> Sequence[Outcome | Observation]:
        return [r for _, r in self._by_command[command_id] if not _is_intent(r)]

    def intents(self, command_id: str) -> Sequence[tuple[int, Outcome]]:
        found = self._by_command[command_id]
        return [(at_ms, r) for at_ms, r in found if isinstance(r, Outcome) and _is_intent(r)]

    async def settle(self) -> None:
        """Returns when all that is on `outcomes` now has been heard."""
        assert self._consumer is not None
        places = [TopicPartition(self._outcomes, p) for p in range(PARTITIONS)]
        ends = await self._consumer.end_offsets(places)
        await self.until(
            lambda: all(self._read.get(place, 0) >= end for place, end in ends.items()),
            "the end of outcomes",
        )

    async def until(self, reached: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(WITHIN_S):
                while not reached():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"waited {WITHIN_S:g} s for {what}") from None


def bound_to(seen: Observation) -> dict[str, Any]:
    return {"uid": seen.uid, "generation": seen.generation, "marker": seen.marker}


def _is_intent(record: Outcome | Observation) -> bool:
    return isinstance(record, Outcome) and record.status is OutcomeStatus.INTENT


async def eventually(condition: Callable[[], bool], what: str) -> None:
    """For what tells nobody: a process, or the API."""
    try:
        async with asyncio.timeout(WITHIN_S):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited {WITHIN_S:g} s for {what}") from None


@asynccontextmanager
async def world(bootstrap: str, api_url: str, tmp: Path) -> AsyncIterator[World]:
    """A world on topics and in a namespace of its own; audited when the test has passed, and
    cleared up whatever happens."""
    made = World(bootstrap, api_url, tmp)
    await topics.create(bootstrap, made.prefix, PARTITIONS)
    await asyncio.to_thread(_deploy, made)
    await made.producer.start()
    await made.wire.start()
    following = asyncio.create_task(made.records.follow())
    try:
        yield made
        await made.audit()
    finally:
        for executor in made.executors:
            executor.kill()
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await made.wire.stop()
        await made.producer.stop()
        await asyncio.to_thread(made.hand.clears_up)
        await asyncio.to_thread(made.core.delete_namespace, made.namespace)


def _deploy(made: World) -> None:
    made.core.create_namespace({"metadata": {"name": made.namespace}})
    made.apps.create_namespaced_deployment(made.namespace, deployment(NAME, replicas=1))
