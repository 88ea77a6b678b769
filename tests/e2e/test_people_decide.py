"""People decide from the shell, and the whole stack does what they say and nothing else."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from deploy.sandbox.stack import Stack
from deploy.sandbox.workloads import deploy_idle
from schemas.codec import encode
from schemas.incidents import Decision
from schemas.remediation import Command, CommandKind, Outcome, Target
from schemas.signing import COMMAND, HEADER, read_signing_key
from schemas.topics import COMMANDS, DECISIONS, OUTCOMES
from streams.controls import policy_control, publish
from streams.policy.load import load_file
from tests.deploy.cli.conftest import Done, process
from tests.e2e.incidents import quick_policy, records

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
WAIT_S = 60.0
KILLED_S = 30.0
TRUSTED = "mode: auto\n    trusted: demo of a service that is broken on purpose"


@pytest.fixture(scope="module")
def asking(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Shell"]:
    """The stack under a policy that asks before it acts; afterwards under its own again."""
    folder = tmp_path_factory.mktemp("policies")
    own = quick_policy(folder)
    text = own.read_text()
    assert TRUSTED in text
    approve = folder / "approve.yaml"
    approve.write_text(text.replace(TRUSTED, "mode: approve"))
    shell = Shell(stack)
    asyncio.run(shell.puts_in_force(approve))
    yield shell
    for name in shell.broken:
        shell.fails(name, "resolved")
    asyncio.run(shell.puts_in_force(own))


class Shell:
    """A person's shell beside the stack, and what they can see of the cluster."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.prefix = stack.options.prefix
        self.broken: list[str] = []

    def __call__(self, *arguments: str) -> Done:
        return process(
            *arguments,
            MENDLOG_BOOTSTRAP=self.stack.kafka.bootstrap,
            MENDLOG_TOPIC_PREFIX=self.prefix,
            MENDLOG_CLUSTER="demo",
            MENDLOG_AUTHOR="ann",
        )

    async def puts_in_force(self, path: Path) -> None:
        policy, source = load_file(path)
        control = policy_control(policy, source, "this test's", "test")
        await publish(self.stack.kafka.bootstrap, self.prefix, control)
        async with asyncio.timeout(WAIT_S):
            last: list[Decision] = []
            while not last or last[0].policy != policy.digest:
                last = (await records(self.stack, DECISIONS, Decision))[-1:]

    def fails(self, name: str, status: str = "firing") -> None:
        labels = {"alertname": "ErrorRatioHigh", "namespace": "shop", "deployment": name,
                  "severity": "critical", "cluster": "demo"}  # fmt: skip
        alert: dict[str, Any] = {"labels": labels}
        if status == "resolved":
            alert["endsAt"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        request = urllib.request.Request(
            f"{self.stack.url('gateway')}/api/v2/alerts",
            data=json.dumps([alert]).encode(),
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=WAIT_S).close()

    def breaks(self, name: str) -> None:
        """A deployment of its own, so that nobody else's budget or cooldown is in the way."""
        deploy_idle(self.stack.cluster.url, name)
        self.broken.append(name)
        self.fails(name)

    def incident(self, name: str, state: str, reason: str = "") -> dict[str, Any]:
        """Until the incident of that deployment is in this state."""
        deadline = time.monotonic() + WAIT_S
        seen: list[dict[str, Any]] = []
        while time.monotonic() < deadline:
            listed = json.loads(self("incidents", "list", "--all", "--json").out)
            seen = [one for one in listed if one["labels"]["deployment"] == name]
            if seen and seen[0]["state"] == state and reason in seen[0]["reason"]:
                return seen[0]
        told = self("incidents", "show", seen[0]["incident_id"]).out if seen else "no incident"
        raise AssertionError(f"never {state}:\n{told}")

    def revision(self, name: str) -> int:
        """Grows by one with every change of its pods' template."""
        url = f"{self.stack.cluster.url}/apis/apps/v1/namespaces/shop/deployments/{name}"
        with urllib.request.urlopen(url, timeout=WAIT_S) as answer:
            annotations = json.load(answer)["metadata"]["annotations"]
        return int(annotations["deployment.kubernetes.io/revision"])


def test_what_is_approved_is_done_and_verified(asking: Shell) -> None:
    before = asking.revision("checkout")
    asking.fails("checkout")
    incident = asking.incident("checkout", "awaiting_approval")
    assert asking.revision("checkout") == before
    done = asking("approve", incident["incident_id"][:12], "--yes")
    assert done.exit_code == 0, done.out + done.err
    assert "by ann (unverified)" in done.out
    asking.incident("checkout", "verifying")
    asking.fails("checkout", "resolved")
    ended = asking.incident("checkout", "closed")
    assert ended["incident_id"] == incident["incident_id"]
    assert asking.revision("checkout") == before + 1


def test_what_is_rejected_is_never_done(asking: Shell) -> None:
    asking.breaks("rejected")
    incident = asking.incident("rejected", "awaiting_approval")
    done = asking("reject", incident["incident_id"], "--yes", "--reason", "mine")
    assert done.exit_code == 0, done.out + done.err
    asking.incident("rejected", "escalated", "rejected_by_human")
    assert asking.revision("rejected") == 1


def test_what_is_snoozed_is_left_alone_until_then(asking: Shell) -> None:
    asking.breaks("snoozed")
    incident = asking.incident("snoozed", "awaiting_approval")
    done = asking("snooze", incident["incident_id"], "--for", "3s")
    assert done.exit_code == 0, done.out + done.err
    asking.incident("snoozed", "awaiting_approval", "mode_of_policy")


def test_a_freeze_holds_what_would_act(asking: Shell) -> None:
    frozen = asking("freeze", "--for", "1h", "--reason", "sale")
    assert frozen.exit_code == 0, frozen.out + frozen.err
    asking.breaks("frozen")
    asking.incident("frozen", "open", "frozen")
    assert asking("unfreeze", "--reason", "over").exit_code == 0
    asking.incident("frozen", "awaiting_approval")


def test_a_silence_suppresses_what_matches(asking: Shell) -> None:
    made = asking("silence", "add", "deployment=silent", "--for", "1h", "--reason", "noisy",
                  "--id", "s")  # fmt: skip
    assert made.exit_code == 0, made.out + made.err
    asking.breaks("silent")
    asking.incident("silent", "suppressed", "silenced")
    assert "deployment=silent" in asking("silence", "list").out
    assert asking("silence", "expire", "s", "--reason", "over").exit_code == 0


def test_a_kill_stops_effects_within_seconds_while_nobody_decides(asking: Shell) -> None:
    asking.breaks("killed")
    asking.incident("killed", "awaiting_approval")
    stack = asking.stack
    stack.processes["processor"].stop()
    killed = asking("kill", "--reason", "drill", "--wait", "1s")
    assert killed.exit_code == 0
    assert "executors stop by the switch alone" in killed.err
    assert asyncio.run(refused_after_s(stack)) < KILLED_S
    stack.restart("processor")
    back = asking("unkill", "--reason", "over", "--wait", "60s")
    assert back.exit_code == 0, back.out + back.err
    assert asking.revision("killed") == 1


async def refused_after_s(stack: Stack) -> float:
    """How long executors still took orders after the kill. What is ordered here names no object
    that exists, so that none of it has an effect."""
    began, number = time.monotonic(), 0
    key = read_signing_key(stack.command_keys.private)
    producer = AIOKafkaProducer(bootstrap_servers=stack.kafka.bootstrap)
    await producer.start()
    try:
        while time.monotonic() - began < 2 * KILLED_S:
            number += 1
            value, name = encode(order(f"kill-{number}")), COMMANDS.name(stack.options.prefix)
            sent_s = time.monotonic() - began
            headers = [(HEADER, key.sign(COMMAND, value))]
            await producer.send_and_wait(name, value, key=b"demo", headers=headers)
            if await answer_to(stack, f"kill-{number}") == "killed":
                return sent_s
    finally:
        await producer.stop()
    return float("inf")


async def answer_to(stack: Stack, command_id: str) -> str:
    async with asyncio.timeout(WAIT_S):
        while True:
            for outcome in await records(stack, OUTCOMES, Outcome):
                if outcome.command_id == command_id and outcome.status.terminal:
                    return str(outcome.reason)


def order(command_id: str) -> Command:
    at_ms = int(time.time() * 1000)
    target = Target("demo", "shop", "Deployment", "killed")
    return Command(
        command_id=command_id,
        cluster="demo",
        incident_id="drill",
        kind=CommandKind.ACT,
        action="restart",
        target=target,
        parameters={},
        step=0,
        attempt=0,
        issued_at_ms=at_ms,
        expires_at_ms=at_ms + 60_000,
        evidence_partition=0,
        evidence_offset=0,
        uid="none",
        generation=1,
    )
