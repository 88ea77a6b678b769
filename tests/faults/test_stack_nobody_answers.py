"""Slack is down, is busy, or says 200 and something else: the second channel asks for approval;
and where nobody says yes the answer is no."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from deploy.sandbox.stack import Options, Stack
from deploy.sandbox.workloads import deploy_idle
from schemas.incidents import Incident
from schemas.remediation import Command, CommandKind
from schemas.topics import COMMANDS, INCIDENTS
from tests.audited import audited
from tests.e2e.incidents import quick_policy, records
from tests.remediators.notify.vendors import Answer, Vendors, standing_in

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(300)]

WAYS = {
    "down": Answer(503),
    "busy": Answer(429, headers={"Retry-After": "3600"}),
    "odd": Answer(200, b"<html>sign in</html>"),
}
"""By the deployment that fails meanwhile."""
WITHIN_S = 120.0
FILE = """
default_receiver: on-call
channels:
  slack: {{kind: slack, webhook_url: {{env: SLACK_URL}}}}
  hook: {{kind: webhook, url: "{hook}"}}
receivers:
  on-call: [{{channels: [slack, hook]}}]
"""
AUTO = "mode: auto\n    trusted: demo of a service that is broken on purpose"
STEP = "- action: restart\n        dwell: 0s"


@pytest_asyncio.fixture
async def vendors() -> AsyncIterator[Vendors]:
    async with standing_in() as made:
        yield made


@pytest_asyncio.fixture
async def stack(tmp_path: Path, vendors: Vendors) -> AsyncIterator[Stack]:
    """That asks before it acts, and waits five seconds for an answer."""
    notifier = tmp_path / "notifier.yaml"
    notifier.write_text(FILE.format(hook=vendors.webhook.url))
    policy = quick_policy(tmp_path)
    text = policy.read_text()
    assert AUTO in text
    assert STEP in text
    asking = text.replace(AUTO, "mode: approve")
    policy.write_text(asking.replace(STEP, f"{STEP}\n        approval: {{expiry: 5s}}"))
    made = Stack(
        tmp_path / "stack",
        Options(
            policy=policy,
            session_timeout_s=3.0,
            tape_partitions=1,
            notifier_file=notifier,
            environment={"notifier": {"SLACK_URL": vendors.slack.url}},
        ),
    )
    await asyncio.to_thread(made.start)
    try:
        yield made
    finally:
        await asyncio.to_thread(made.stop)


async def test_the_second_channel_asks_and_silence_is_a_no(stack: Stack, vendors: Vendors) -> None:
    hook = vendors.webhook
    for name, answer in WAYS.items():
        vendors.slack.well, before = answer, len(vendors.slack.seen)
        # A new one knows nothing of how Slack was.
        await asyncio.to_thread(stack.restart, "notifier")
        began_s = time.monotonic()
        await asyncio.to_thread(deploy_idle, stack.cluster.url, name)
        await fails(stack, name)
        await hook.until(
            lambda name=name: any(name in str(seen.body) for seen in hook.seen),
            f"the second channel to ask about {name}",
        )
        told_s = time.monotonic() - began_s
        assert len(vendors.slack.seen) > before, "it was asked first"
        await ended(stack, name)
        print(f"slack is {name}: asked elsewhere after {told_s:.1f} s; nobody said yes")
    ordered = await records(stack, COMMANDS, Command)
    assert not [c for c in ordered if c.kind is CommandKind.ACT]
    await audited(stack.kafka.bootstrap, stack.options.prefix)


async def fails(stack: Stack, name: str) -> None:
    labels = {
        "alertname": "ErrorRatioHigh",
        "cluster": "demo",
        "namespace": "shop",
        "deployment": name,
        "severity": "critical",
    }
    url = f"{stack.url('gateway')}/api/v2/alerts"
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, json=[{"labels": labels}]) as answer,
    ):
        assert answer.status == 200, await answer.text()


async def ended(stack: Stack, name: str) -> None:
    async with asyncio.timeout(WITHIN_S):
        while True:
            for incident in await records(stack, INCIDENTS, Incident):
                if incident.group.get("deployment") == name and incident.state == "escalated":
                    assert incident.reason == "approval_expired"
                    return
