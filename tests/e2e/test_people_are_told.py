"""From a failing service to the message that says it is well again, through the whole stack."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.sandbox.demo.load import Load
from deploy.sandbox.stack import Options, Stack
from tests.e2e.incidents import inject
from tests.remediators.notify.vendors import Vendor, Vendors, standing_in

FILE = """
default_receiver: team
channels:
  ops: {{kind: webhook, url: "{url}"}}
receivers:
  team: [{{channels: [ops]}}]
"""


@pytest_asyncio.fixture
async def vendors() -> AsyncIterator[Vendors]:
    async with standing_in() as made:
        yield made


@pytest_asyncio.fixture
async def told_stack(tmp_path: Path, vendors: Vendors) -> AsyncIterator[Stack]:
    path = tmp_path / "notifier.yaml"
    path.write_text(FILE.format(url=vendors.webhook.url))
    stack = Stack(tmp_path / "stack", Options(notifier_file=path))
    await asyncio.to_thread(stack.start)
    yield stack
    await asyncio.to_thread(stack.stop)


def kinds(hook: Vendor) -> list[str]:
    return [seen.body["kind"] for seen in hook.seen]


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_who_is_concerned_is_told_in_order_how_it_began_and_ended(
    told_stack: Stack, vendors: Vendors
) -> None:
    ready = f"{told_stack.cluster.url}/sd/ready?namespace=shop&deployment=checkout"
    hook = vendors.webhook
    async with Load(ready) as load:
        await load.found_pods.wait()
        await inject(load.pods)
        await hook.until(lambda: "resolved" in kinds(hook), "the end of the incident")
    told = [(seen.body["kind"], seen.body["incident_id"]) for seen in hook.seen]
    assert told[0][0] == "acting"
    assert len({incident for _, incident in told}) == 1
    assert len({seen.headers["Idempotency-Key"] for seen in hook.seen}) == len(told)
