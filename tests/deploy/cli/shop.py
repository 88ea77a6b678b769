"""A broker and a processor under a policy that asks people; the executor is the test's."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from deploy.sandbox.kafka import Kafka
from schemas.codec import decode, encode
from schemas.controls import Control
from schemas.incidents import Incident
from schemas.remediation import Command, CommandKind
from schemas.signing import read_signing_key
from schemas.tape import TapeRecord
from schemas.topics import ALERTS, COMMANDS, CONTROLS, OUTCOMES, TAPE, journal, partition_for
from streams.people.incidents import IncidentReader
from tests.builders import QUICK, observation
from tests.deploy.cli.conftest import Done, Mendlog
from tests.e2e.platform import PARTITIONS, Platform
from tests.keys import make_key

APPROVE = QUICK.replace("mode: auto\n    trusted: the tests' own", "mode: approve")
TWO = APPROVE.replace("      - action: restart\n", """\
      - action: restart
        approval: {always: true, persons: 2}
""", 1).replace("name: errors", "name: grave").replace("HighErrors", "Grave")  # fmt: skip
NAMED = APPROVE.replace("      - action: restart\n", """\
      - action: restart
        approval: {always: true, who: [ann]}
""", 1).replace("name: errors", "name: named").replace("HighErrors", "Named")  # fmt: skip
SHADOW = (
    QUICK.replace("mode: auto\n    trusted: the tests' own", "mode: shadow")
    .replace("name: errors", "name: watched")
    .replace("HighErrors", "Watched")
)
POLICY = (
    APPROVE
    + "".join(text.partition("playbooks:\n")[2] for text in (TWO, NAMED, SHADOW))
)  # fmt: skip
WAIT_S = 60.0


class Shop:
    """Topics of its own, a processor over them, and people with keys."""

    def __init__(self, kafka: Kafka, folder: Path) -> None:
        self.platform = Platform(kafka, folder)
        self.keys = {name: make_key(folder / name) for name in ("ann", "bob", "eve")}
        self.settings = {"BOOTSTRAP": kafka.bootstrap, "TOPIC_PREFIX": self.platform.prefix}
        self._deployments = 0

    def open(self) -> None:
        authors = self.platform.folder / "authors.yaml"
        lines = [
            f'  - {{name: {name}, keys: ["{read_signing_key(path).public_text()}"]}}'
            for name, path in self.keys.items()
            if name != "eve"
        ]
        authors.write_text("\n".join(["version: 1", "authors:", *lines]))
        self.platform.prepare(POLICY)
        self.start()
        # The policy is on the tape before the first alert.
        asyncio.run(self.platform.caught_up(journal("relay", "controls"), CONTROLS))

    def start(self) -> None:
        authors = str(self.platform.folder / "authors.yaml")
        self.platform.start(
            "processor", AGENTS="observe,relay,decide", CONTROL_AUTHORS_FILE=authors
        )

    def restart(self) -> None:
        self.platform.children[-1].stop()
        self.start()

    def by(self, mendlog: Mendlog, author: str, *, signed: bool = True) -> Callable[..., Done]:
        """The command as that person runs it."""
        key = {"CONTROL_KEY_FILE": str(self.keys[author])} if signed else {}
        who = {"AUTHOR": author, **self.settings, **key}
        return lambda *arguments, **more: mendlog(*arguments, **{**who, **more})

    def heard_again(self, control_id: str) -> list[Control]:
        """Somebody writes a copy of that order; gives what is on the tape of it afterwards."""
        return asyncio.run(self._heard_again(control_id))

    async def _heard_again(self, control_id: str) -> list[Control]:
        records = [(decode(r.value, Control), r) for r in await self.platform.read(CONTROLS)]
        (copied,) = [r for c, r in records if getattr(c, "control_id", "") == control_id]
        producer = AIOKafkaProducer(bootstrap_servers=self.platform.bootstrap)
        await producer.start()
        await producer.send_and_wait(
            copied.topic, copied.value, copied.key, copied.partition, headers=list(copied.headers)
        )
        await producer.stop()
        await self.platform.caught_up(journal("relay", "controls"), CONTROLS)
        taped = [decode(r.value, TapeRecord) for r in await self.platform.read(TAPE)]
        facts = [record.fact for record in taped if isinstance(record, TapeRecord)]
        return [f for f in facts if isinstance(f, Control) and f.control_id == control_id]

    def fires(self, name: str = "HighErrors", deployment: str = "", **labels: str) -> str:
        """A deployment fails, a new one unless it is named; gives its name."""
        self._deployments += 1
        deployment = deployment or f"d{self._deployments}"
        full = {"alertname": name, "namespace": "shop", "deployment": deployment,
                "severity": "critical", "cluster": "eu-1", **labels}  # fmt: skip
        asyncio.run(self.platform.write(ALERTS, json.dumps([{"labels": full}]).encode()))
        return deployment

    def until(self, deployment: str, state: str, reason: str = "") -> Incident:
        """Until the incident of that deployment is in this state, for a reason if one is told."""
        return asyncio.run(self._until(deployment, state, reason))

    async def _until(self, deployment: str, state: str, reason: str) -> Incident:
        deadline, seen = time.monotonic() + WAIT_S, []
        while time.monotonic() < deadline:
            async with IncidentReader(self.platform.bootstrap, self.platform.prefix) as reader:
                seen = [i for i in await reader.all() if i.labels["deployment"] == deployment]
            if seen and seen[0].state == state and reason in seen[0].reason:
                return seen[0]
        raise AssertionError(f"never {state} {reason}: {seen}")

    def looked_at(self, deployment: str, **seen: Any) -> None:
        """The executor has looked at it: three healthy pods, unless said otherwise."""
        asyncio.run(self._looked_at(deployment, seen))

    async def _looked_at(self, deployment: str, seen: dict[str, Any]) -> None:
        look = await self._command(deployment, CommandKind.LOOK)
        value = encode(observation(look, int(time.time() * 1000), **seen))
        producer = AIOKafkaProducer(bootstrap_servers=self.platform.bootstrap)
        await producer.start()
        topic, key = self.platform.name(OUTCOMES), look.cluster.encode()
        partition = partition_for(key, PARTITIONS)
        await producer.send_and_wait(topic, value, key=key, partition=partition)
        await producer.stop()

    async def _command(self, deployment: str, kind: CommandKind) -> Command:
        """The newest of that kind for it."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            ordered = [decode(r.value, Command) for r in await self.platform.read(COMMANDS)]
            mine = [
                c
                for c in ordered
                if isinstance(c, Command) and c.target.name == deployment and c.kind is kind
            ]
            if mine:
                return mine[-1]
        raise AssertionError(f"no {kind} for {deployment}")

    def acts_on(self, deployment: str) -> Command:
        return asyncio.run(self._command(deployment, CommandKind.ACT))

    def proposes(self, name: str = "HighErrors", state: str = "awaiting_approval") -> Incident:
        """A new incident that people are asked about."""
        deployment = self.fires(name)
        self.looked_at(deployment)
        return self.until(deployment, state)
