"""The executor alone, before a real broker and a cluster: from a command on the topic to the first
byte of its call, and how long many commands take.

    python -m bench.executor                    # the sandbox cluster
    python -m bench.executor --cluster real     # a real control plane
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench.calm import calmest
from bench.figures import percentiles
from bench.tap import Tap
from deploy import topics
from deploy.sandbox.cluster import manifests
from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.cluster.manifests import Checkout
from deploy.sandbox.command_keys import CommandKeys
from deploy.sandbox.control_plane.cluster import RealCluster
from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import Child
from deploy.sandbox.workloads import create
from schemas.actions import DEGRADE
from schemas.codec import decode, encode
from schemas.remediation import Command, CommandKind, Observation, Outcome, OutcomeStatus, Target
from schemas.signing import COMMAND, HEADER, read_signing_key
from schemas.topics import COMMANDS, OUTCOMES, partition_for

CLUSTER, NAMESPACE, PREFIX = "demo", "shop", "bench"
LONE, TARGETS, COMMANDS_EACH = 200, 50, 4
TTL_MS = 60_000
UNLIMITED = {"requests_per_s": 10_000, "burst": 10_000}
"""What protects an API server is lifted, in the open: it would be what is measured."""
GIVE_UP_S = 60.0


def figures(*, real: bool = False) -> dict[str, Any]:
    return calmest("the executor", lambda _number: _round(real=real))


def _round(*, real: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="mendlog-bench-") as name:
        folder = Path(name)
        cluster = RealCluster(folder / "c", CLUSTER) if real else Cluster(folder / "c")
        try:
            cluster.start()
            with Kafka(folder / "kafka") as kafka:
                return asyncio.run(_measured(folder, kafka.bootstrap, cluster))
        finally:
            cluster.stop()


async def _measured(folder: Path, bootstrap: str, cluster: Cluster | RealCluster) -> dict[str, Any]:
    await topics.create(bootstrap, PREFIX, 1)
    keys = CommandKeys(folder / "keys")
    keys.make()
    async with AsyncExitStack() as opened:
        address = dict(cluster.address)
        tap = None
        if "url" in address:
            tap = await opened.enter_async_context(Tap(address["url"]))
            address["url"] = tap.url
        executor = _executor(folder, bootstrap, address, keys)
        executor.start()
        try:
            async with asyncio.timeout(GIVE_UP_S * 3), Desk(bootstrap, keys) as desk:
                return await _figures(desk, tap, cluster, executor)
        finally:
            await asyncio.to_thread(executor.stop)


def _executor(folder: Path, bootstrap: str, address: dict[str, str], keys: CommandKeys) -> Child:
    env = os.environ | {
        "MENDLOG_BOOTSTRAP": bootstrap,
        "MENDLOG_TOPIC_PREFIX": PREFIX,
        "MENDLOG_TAPE_PARTITIONS": "1",
        "MENDLOG_COMMAND_KEYS": str(keys.public),
        "MENDLOG_CLUSTERS": json.dumps({CLUSTER: {**address, "limits": UNLIMITED}}),
        "MENDLOG_ACTIONS_PER_HOUR_MAX": "100000",
    }
    command = (sys.executable, "-m", "deploy.cli.main", "executor")
    return Child("executor", command, log_file=folder / "executor.log", env=env)


async def _figures(
    desk: "Desk", tap: Tap | None, cluster: Cluster | RealCluster, executor: Child
) -> dict[str, Any]:
    names = [f"idle-{n}" for n in range(TARGETS)]
    await asyncio.to_thread(create, cluster.access, manifests.namespace())
    for name in names:
        idle = manifests.deployment(Checkout(name=name, replicas=0))
        await asyncio.to_thread(create, cluster.access, idle)
    await desk.looked(names[0])
    alone = [await _one_by_one(desk, tap, names[n % TARGETS]) for n in range(LONE)]
    began_s = time.perf_counter()
    await asyncio.gather(*(_in_a_row(desk, name) for name in names))
    took_s = time.perf_counter() - began_s
    memory = psutil.Process(executor.pid).memory_info().rss
    return {
        "command_to_intent_ms": percentiles([intent_ms for intent_ms, _ in alone]),
        "command_to_call_ms": percentiles([call_ms for _, call_ms in alone if call_ms]),
        "commands": TARGETS * COMMANDS_EACH,
        "targets": TARGETS,
        "all_commands_s": round(took_s, 2),
        "memory_mib": round(memory / 2**20, 1),
    }


async def _one_by_one(desk: "Desk", tap: Tap | None, name: str) -> tuple[float, float]:
    """One command, with nothing else under way: to its INTENT, and to its call where that can be
    seen; what goes to a real API server is encrypted."""
    seen = await desk.looked(name)
    if tap is not None:
        tap.forget()
    at_s, intent_s = await desk.acts(seen)
    called_s = await tap.called() if tap is not None else 0.0
    return (intent_s - at_s) * 1000, (called_s - at_s) * 1000 if tap is not None else 0.0


async def _in_a_row(desk: "Desk", name: str) -> None:
    """What one target is owed is done one after another, each on a fresh look."""
    for _ in range(COMMANDS_EACH):
        await desk.acts(await desk.looked(name))


@dataclass
class Desk:
    """Orders as the processor would, and waits for the ends."""

    bootstrap: str
    keys: CommandKeys
    _intents: dict[str, float] = field(default_factory=dict)
    _ends: dict[str, asyncio.Future[Outcome | Observation]] = field(default_factory=dict)

    async def __aenter__(self) -> "Desk":
        self._key = read_signing_key(self.keys.private)
        self._producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all")
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=5
        )
        await self._producer.start()
        await self._consumer.start()
        self._consumer.assign([TopicPartition(OUTCOMES.name(PREFIX), 0)])
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await self._consumer.stop()
        await self._producer.stop()

    async def looked(self, name: str) -> Observation:
        _, seen = await self._order(CommandKind.LOOK, name)
        assert isinstance(seen, Observation), seen
        return seen

    async def acts(self, seen: Observation) -> tuple[float, float]:
        """Changes the target and starts no pod. Returns, once it is applied, when it was sent and
        when its INTENT was heard of."""
        bound = {"uid": seen.uid, "generation": seen.generation, "marker": seen.marker}
        more = {"parameters": {"value": uuid.uuid4().hex}, **bound}
        at_s, end = await self._order(CommandKind.ACT, seen.target.name, **more)
        assert isinstance(end, Outcome), end
        assert end.status is OutcomeStatus.APPLIED, end
        return at_s, self._intents.pop(end.command_id)

    async def _order(
        self, kind: CommandKind, name: str, **more: Any
    ) -> tuple[float, Outcome | Observation]:
        command = _command(kind, name, **more)
        end = asyncio.get_running_loop().create_future()
        self._ends[command.command_id] = end
        value, key = encode(command), command.cluster.encode()
        sent_s = time.time()
        await self._producer.send_and_wait(
            COMMANDS.name(PREFIX),
            value,
            key=key,
            partition=partition_for(CLUSTER, 1),
            headers=[(HEADER, self._key.sign(COMMAND, value))],
        )
        return sent_s, await end

    async def _listen(self) -> None:
        async for record in self._consumer:
            found: Any = decode(record.value, Outcome, Observation)
            over = isinstance(found, Observation) or found.status.terminal
            if not over:
                self._intents[found.command_id] = time.time()
            if over and (waiting := self._ends.pop(found.command_id, None)):
                waiting.set_result(found)


def _command(kind: CommandKind, name: str, **more: Any) -> Command:
    now_ms = time.time_ns() // 1_000_000
    fields: dict[str, Any] = {
        "command_id": uuid.uuid4().hex,
        "cluster": CLUSTER,
        "incident_id": "bench",
        "kind": kind,
        "action": DEGRADE,
        "target": Target(CLUSTER, NAMESPACE, "Deployment", name),
        "parameters": {},
        "step": 0,
        "attempt": 0,
        "issued_at_ms": now_ms,
        "expires_at_ms": now_ms + TTL_MS,
        "evidence_partition": 0,
        "evidence_offset": 0,
    }
    return Command(**{**fields, **more})


def show(found: dict[str, Any]) -> None:
    print(
        f"command to INTENT, ms      {found['command_to_intent_ms']}"
        f"\ncommand to API call, ms    {found['command_to_call_ms']}   (goals: p50 20, p99 80)"
        f"\n{found['commands']} commands, {found['targets']} targets"
        f"   {found['all_commands_s']:>10} s   (goal: at most 20)"
        f"\nexecutor's memory, MiB     {found['memory_mib']:>10}   (goal: at most 150)"
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="The executor alone.")
    parser.add_argument("--cluster", choices=("sandbox", "real"), default="sandbox")
    show(figures(real=parser.parse_args(arguments).cluster == "real"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
