"""Somebody else writes commands: nothing is done, all of it is kept, and people are told although
no processor is there."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import Child
from schemas.codec import decode, encode
from schemas.rejects import Reject
from schemas.remediation import CommandKind, Observation, OutcomeStatus
from schemas.signing import COMMAND, CONTROL, SigningKey, read_signing_key
from schemas.topics import REJECTS
from streams.read import plain_consumer, read_partition
from tests.faults.executor_world import PARTITIONS, World, bound_to, world
from tests.keys import make_key
from tests.remediators.notify.vendors import standing_in
from tests.source import ROOT

pytestmark = [pytest.mark.broker, pytest.mark.slow]

FILE = """
default_receiver: oncall
channels:
  audit: {{kind: webhook, url: "{url}"}}
receivers:
  oncall: [{{channels: [audit]}}]
"""


@pytest.fixture
def signers(tmp_path: Path) -> dict[str, SigningKey]:
    return {n: read_signing_key(make_key(tmp_path / n)) for n in ("processor", "mallory")}


async def test_forged_commands_have_no_effect_and_people_are_told(
    kafka: Kafka, api: Cluster, tmp_path: Path, signers: dict[str, SigningKey]
):
    keys = tmp_path / "keys"
    keys.write_text(signers["processor"].public_text())
    keys.chmod(0o644)
    async with world(kafka.bootstrap, api.url, tmp_path) as here, standing_in() as vendors:
        here.processor_key = signers["processor"]
        here.start_executor(command_keys=str(keys))
        seen = await here.look()
        forged = await forge(here, seen, signers)
        act = await here.act(seen)
        # On the same generation: had one of the others had an effect, this one could have none.
        assert (await here.ended(act)).status is OutcomeStatus.APPLIED
        await here.records.settle()
        assert not [c for c in forged if here.records.intents(c) or here.records.terminals(c)]
        with notifier(here, tmp_path, vendors.webhook.url):
            told = [seen.body for seen in await vendors.webhook.count(2)]
        assert sorted(await faults(here)) == ["bad_signature"] * 3 + ["unsigned"]
    assert {one["title"].rpartition(": ")[2] for one in told} == {"unsigned", "bad_signature"}
    assert {(one["kind"], one["severity"]) for one in told} == {("escalated", "critical")}


async def forge(here: World, seen: Observation, signers: dict[str, SigningKey]) -> list[str]:
    """Commands that would be carried out, were they the processor's; gives their ids."""
    processor, mallory = signers["processor"], signers["mallory"]
    orders = [here.composed(CommandKind.ACT, **bound_to(seen)) for _ in range(4)]
    values = [encode(order) for order in orders]
    another = processor.sign(COMMAND, encode(here.composed(CommandKind.LOOK)))
    for value, signature in zip(
        values,
        [None, another, mallory.sign(COMMAND, values[2]), processor.sign(CONTROL, values[3])],
        strict=True,
    ):
        await here.send_raw(value, orders[0].cluster.encode(), signature)
    return [order.command_id for order in orders]


async def faults(here: World) -> list[str]:
    """Of all that is in rejects now."""
    consumer = plain_consumer(here.bootstrap)
    await consumer.start()
    try:
        kept = [
            decode(record.value, Reject)
            for partition in range(PARTITIONS)
            async for record in read_partition(consumer, REJECTS.name(here.prefix), partition)
        ]
    finally:
        await consumer.stop()
    return [one.reason for one in kept if isinstance(one, Reject)]


@contextmanager
def notifier(here: World, folder: Path, url: str) -> Iterator[None]:
    file = folder / "notifier.yaml"
    file.write_text(FILE.format(url=url))
    env = os.environ | {
        "MENDLOG_BOOTSTRAP": here.bootstrap,
        "MENDLOG_TOPIC_PREFIX": here.prefix,
        "MENDLOG_TAPE_PARTITIONS": str(PARTITIONS),
        "MENDLOG_NOTIFIER_FILE": str(file),
    }
    command = (sys.executable, "-m", "deploy.cli.main", "notifier")
    log_file = folder / "notifier.log"
    child = Child("notifier", command, log_file=log_file, env=env, cwd=ROOT)
    child.start()
    try:
        yield
    finally:
        child.kill()
