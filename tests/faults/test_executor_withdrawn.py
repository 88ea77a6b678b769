"""The alert ends while its command is held up: a cluster is slow, is full, or turns it away."""

import asyncio
import json
from functools import partial
from pathlib import Path

import pytest

from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.kafka import Kafka
from schemas.codec import decode, encode
from schemas.incidents import Incident
from schemas.remediation import (
    Command,
    CommandKind,
    Outcome,
    OutcomeReason,
    OutcomeStatus,
    Target,
    Withdrawal,
)
from schemas.signing import COMMAND, SigningKey, read_signing_key
from schemas.topics import ALERTS, COMMANDS, INCIDENTS
from tests.builders import QUICK
from tests.e2e.platform import Platform, platform_on
from tests.faults.executor_wire import Fault, Misreading
from tests.faults.executor_world import CLUSTER, NAME, World, eventually, world
from tests.faults.test_executor_clusters import neighbour
from tests.faults.test_executor_forged_commands import faults
from tests.keys import make_key

pytestmark = [pytest.mark.broker, pytest.mark.slow]

REFUSED = (OutcomeStatus.REJECTED, OutcomeReason.CONDITION_CLEARED)


def withdrawal(act: Command) -> Withdrawal:
    named = (act.command_id, act.cluster, act.incident_id, act.target)
    return Withdrawal(*named, act.issued_at_ms, act.expires_at_ms)


async def withdraws(here: World, act: Command, key: SigningKey | None = None) -> None:
    value = encode(withdrawal(act))
    await here.send_raw(value, CLUSTER.encode(), key.sign(COMMAND, value) if key else None)
    await has_heard(here)


async def has_heard(here: World) -> None:
    """All that was ordered before: what nobody has an address of is refused at once."""
    name = neighbour(shares_partition=True)
    target = Target(name, here.namespace, "Deployment", NAME)
    refused = await here.ended(await here.order(CommandKind.LOOK, cluster=name, target=target))
    assert refused.reason == OutcomeReason.UNKNOWN_CLUSTER


async def is_held(here: World, held: Misreading) -> None:
    await eventually(lambda: held in here.wire.misread, "the reading")


def public(folder: Path, key: SigningKey) -> str:
    """The file that an executor is given."""
    keys = folder / "keys"
    keys.write_text(key.public_text())
    keys.chmod(0o644)
    return str(keys)


def told(end: Outcome) -> tuple[OutcomeStatus, str]:
    return end.status, end.reason


async def test_while_its_look_takes_long(kafka: Kafka, api: Cluster, tmp_path: Path):
    async with world(kafka.bootstrap, api.url, tmp_path) as here:
        here.start_executor()
        seen, gate = await here.look(), asyncio.Event()
        slow = Misreading(f"/{NAME}", held_until=gate)
        here.wire.misreadings.append(slow)
        act = await here.act(seen)
        await is_held(here, slow)
        await withdraws(here, act)
        gate.set()
        assert told(await here.ended(act)) == REFUSED
        assert not here.records.intents(act.command_id)
        assert here.wire.asked == []


async def test_while_it_waits_for_a_place(kafka: Kafka, api: Cluster, tmp_path: Path):
    async with world(kafka.bootstrap, api.url, tmp_path) as here:
        here.start_executor(in_flight_max="1")
        seen, gate = await here.look(), asyncio.Event()
        slow = Misreading("/another", held_until=gate)
        here.wire.misreadings.append(slow)
        beside = Target(CLUSTER, here.namespace, "Deployment", "another")
        await here.order(CommandKind.LOOK, target=beside)
        await is_held(here, slow)
        act = await here.act(seen)
        await withdraws(here, act)
        assert not here.records.terminals(act.command_id)
        gate.set()
        assert told(await here.ended(act)) == REFUSED
        assert not here.records.intents(act.command_id)
        assert here.wire.asked == []


async def test_after_its_intent_where_the_api_turns_it_away(
    kafka: Kafka, api: Cluster, tmp_path: Path
):
    async with world(kafka.bootstrap, api.url, tmp_path) as here:
        here.start_executor()
        seen, gate = await here.look(), asyncio.Event()
        here.wire.faults.append(Fault(status=429, headers={"Retry-After": "1"}, held_until=gate))
        act = await here.act(seen)
        await here.wire.on_change.wait()
        await withdraws(here, act)
        gate.set()
        assert told(await here.ended(act)) == REFUSED
        assert len(here.records.intents(act.command_id)) == 1
        assert here.wire.changes() == []


@pytest.mark.parametrize("arrives", [True, False], ids=["done", "never arrived"])
async def test_once_it_is_sent_it_goes_its_way(
    kafka: Kafka, api: Cluster, tmp_path: Path, arrives: bool
):
    """The answer is lost: where nothing came of it, the same bytes go out again."""
    async with world(kafka.bootstrap, api.url, tmp_path) as here:
        here.start_executor()
        seen, gate = await here.look(), asyncio.Event()
        here.wire.faults.append(Fault(forward=arrives, answer=False, held_until=gate))
        act = await here.act(seen)
        await here.wire.on_change.wait()
        await withdraws(here, act)
        gate.set()
        assert told(await here.ended(act)) == (OutcomeStatus.APPLIED, "")
        assert len(here.wire.changes(act.command_id)) == 1


async def test_a_successor_does_not_send_it(kafka: Kafka, api: Cluster, tmp_path: Path):
    """The one before died with it announced. That nothing came of it he cannot prove."""
    async with world(kafka.bootstrap, api.url, tmp_path) as here:
        first = here.start_executor(die_at="executor.intent_acked")
        act = await here.act(await here.look())
        await here.died(first)
        await here.send_raw(encode(withdrawal(act)), CLUSTER.encode())
        here.start_executor()
        assert (await here.ended(act)).status is OutcomeStatus.UNKNOWN
        assert here.wire.asked == []


async def test_nobody_else_withdraws_it(kafka: Kafka, api: Cluster, tmp_path: Path):
    signers = {n: read_signing_key(make_key(tmp_path / n)) for n in ("processor", "mallory")}
    async with world(kafka.bootstrap, api.url, tmp_path) as here:
        here.processor_key = signers["processor"]
        here.start_executor(command_keys=public(tmp_path, signers["processor"]))
        seen = await here.look()
        for by, ended in ((None, ""), (signers["mallory"], ""), (here.processor_key, REFUSED[1])):
            gate = asyncio.Event()
            slow = Misreading(f"/{NAME}", held_until=gate)
            here.wire.misreadings.append(slow)
            act = await here.act(seen)
            await is_held(here, slow)
            await withdraws(here, act, by)
            gate.set()
            assert (await here.ended(act)).reason == ended
            seen = await here.look()
        assert len(here.wire.changes()) == 2
        assert sorted(await faults(here)) == ["bad_signature", "unsigned"]


async def test_from_the_end_of_the_alert_to_the_end_of_the_incident(
    kafka: Kafka, api: Cluster, tmp_path: Path
):
    """With a processor that signs what it withdraws. The action is held up in its rehearsal."""
    key = make_key(tmp_path / "key")
    settings = {"AGENTS": "observe,relay,decide", "COMMAND_KEY": str(key)}
    with platform_on(kafka, tmp_path) as stack:
        async with world(kafka.bootstrap, api.url, tmp_path) as here:
            stack.prefix, here.processor_key = here.prefix, read_signing_key(key)
            await asyncio.to_thread(stack.prepare, QUICK.replace("[shop]", f"[{here.namespace}]"))
            await asyncio.to_thread(partial(stack.start, "processor", **settings))
            here.start_executor(command_keys=public(tmp_path, here.processor_key))
            gate = asyncio.Event()
            slow = Misreading("", rehearsal=True, held_until=gate)
            here.wire.misreadings.append(slow)
            await stack.write(ALERTS, told_of(here))
            await is_held(here, slow)
            await stack.write(ALERTS, told_of(here, endsAt="2026-01-01T00:00:00Z"))
            ordered = [decode(r.value, Command, Withdrawal) for r in await stack.until(COMMANDS, 3)]
            (gone,) = [found for found in ordered if isinstance(found, Withdrawal)]
            await has_heard(here)
            gate.set()
            refused = await here.records.terminal(gone.command_id)
            assert isinstance(refused, Outcome)
            assert told(refused) == REFUSED
            assert here.wire.asked == []
            while (stands := await incident(stack)).state != "resolved":
                assert stands.state == "commanded"
            assert stands.reason == OutcomeReason.CONDITION_CLEARED


def told_of(here: World, **more: str) -> bytes:
    labels = {"alertname": "HighErrors", "namespace": here.namespace, "deployment": NAME}
    return json.dumps([{"labels": labels, "startsAt": "2025-12-31T00:00:00Z", **more}]).encode()


async def incident(stack: Platform) -> Incident:
    """The only one, as it stands."""
    found = decode((await stack.read(INCIDENTS))[-1].value, Incident)
    assert isinstance(found, Incident)
    return found
