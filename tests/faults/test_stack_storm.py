"""A hundred thousand alerts of two hundred services at once: one incident tells of the storm, no
more is done than the policy allows, few people are woken, what people order is decided meanwhile,
and each process stays small. And the backlog of an hour, which was written while nobody decided.

    MENDLOG_SOAK=1 pytest tests/faults/test_stack_storm.py
    MENDLOG_STORM=1000000 MENDLOG_SOAK=1 pytest tests/faults/test_stack_storm.py -k storm_is_one
"""

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from deploy.sandbox.stack import POLICIES, Options, Stack
from deploy.sandbox.workloads import deploy_idle
from schemas.incidents import Incident
from schemas.remediation import Command, CommandKind
from schemas.topics import ALERTS, COMMANDS, INCIDENTS, MIB
from streams.audit.auditor import Asked
from streams.audit.verdict import INVARIANTS
from streams.core.alerts.sight import ALERTS_MAX
from tests.audited import audited
from tests.deploy.cli.conftest import process
from tests.e2e.incidents import contents, records
from tests.faults.stack_senders import metric
from tests.faults.stack_storm import ordering, sent
from tests.remediators.notify.vendors import Vendors, standing_in

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.soak, pytest.mark.timeout(3600)]

COUNT = int(os.environ.get("MENDLOG_STORM", "100000"))
BATCH, SERVICES = 64, 200
PER_MINUTE, MINUTES = 10_000, 60
PAGES_MAX = 5
AT_ONCE_MAX = 3
"""Of the policy's limits: actions within ten seconds."""
PATIENT_S = 30.0
"""For what people order. It is seconds; how fast the machine is decides nothing here."""
RESIDENT_MIB_MAX = 200
"""Of each process. The processor remembers alerts that fire, up to a limit, and nothing else that
grows."""
ALERT_BYTES_MAX = 4 * 1024
WITHIN_S = 1800.0
FILE = """
default_receiver: on-call
channels:
  pager: {{kind: pagerduty, routing_key: {{env: PAGERDUTY_KEY}}, url: "{url}"}}
receivers:
  on-call: [{{channels: [pager]}}]
"""


@pytest_asyncio.fixture
async def vendors() -> AsyncIterator[Vendors]:
    async with standing_in() as made:
        yield made


@pytest_asyncio.fixture
async def stack(tmp_path: Path, vendors: Vendors) -> AsyncIterator[Stack]:
    """With the limits of production."""
    path = tmp_path / "notifier.yaml"
    path.write_text(FILE.format(url=vendors.pagerduty.url))
    made = Stack(
        tmp_path / "stack",
        Options(
            policy=POLICIES / "demo.yaml",
            tape_partitions=1,
            notifier_file=path,
            environment={"notifier": {"PAGERDUTY_KEY": "k" * 32}},
        ),
    )
    await asyncio.to_thread(made.start)
    try:
        yield made
    finally:
        await asyncio.to_thread(made.stop)


async def test_a_storm_is_one_incident_few_pages_and_no_more_actions_than_allowed(
    stack: Stack, vendors: Vendors, tmp_path: Path
) -> None:
    for n in range(SERVICES):
        await asyncio.to_thread(deploy_idle, stack.cluster.url, f"service-{n}")
    bodies = [json.dumps(part).encode() for part in parts(COUNT)]
    began_s = time.monotonic()
    async with sizes(stack) as largest:
        async with ordering(stack) as waited:
            answers = await sent(stack, bodies)
            accepted_s = time.monotonic() - began_s
            killed_s = await killed_after_s(stack)
        await until_idle(stack)
    took_s = time.monotonic() - began_s
    stormy = await contents_of_storms(stack)
    acts = await acted(stack)
    pages = {event.body["dedup_key"] for event in vendors.pagerduty.seen}
    print(
        f"{COUNT} alerts accepted in {accepted_s:.1f} s after {answers[503]} answers of 503, all "
        f"decided after {took_s:.1f} s; {acts} actions; {len(pages)} pages; of {len(waited)} "
        f"orders the slowest was decided after {max(waited):.1f} s, the kill switch held after "
        f"{killed_s:.1f} s; MiB resident: {dict(largest)}"
    )
    assert len(stormy) == 1
    assert acts <= AT_ONCE_MAX * (1 + took_s / 10)
    assert 1 <= len(pages) <= PAGES_MAX
    assert max(waited) < PATIENT_S
    assert killed_s < PATIENT_S
    assert is_small(largest, COUNT)
    await check(stack, tmp_path, COUNT)


async def test_the_backlog_of_an_hour_is_decided(stack: Stack, tmp_path: Path) -> None:
    await asyncio.to_thread(stack.processes["processor"].stop)
    count = PER_MINUTE * MINUTES
    async with AIOKafkaProducer(
        bootstrap_servers=stack.kafka.bootstrap, linger_ms=20, max_batch_size=1 << 20
    ) as producer:
        for part in parts(count):
            await producer.send(ALERTS.name(stack.options.prefix), json.dumps(part).encode())
    began_s = time.monotonic()
    await asyncio.to_thread(stack.restart, "processor")
    async with sizes(stack) as largest:
        await until_idle(stack)
    print(
        f"a backlog of {count} alerts was decided in {time.monotonic() - began_s:.1f} s; MiB "
        f"resident: {largest['processor']}"
    )
    assert is_small(largest, count)
    await check(stack, tmp_path, 0)


def labels(number: int) -> Mapping[str, str]:
    service = f"service-{number % SERVICES}"
    return {
        "alertname": "ErrorRatioHigh",
        "cluster": "demo",
        "namespace": "shop",
        "deployment": service,
        "pod": f"{service}-{number // SERVICES}",
        "severity": "critical",
    }


def parts(count: int) -> Iterator[list[dict[str, Mapping[str, str]]]]:
    for first in range(0, count, BATCH):
        yield [{"labels": labels(n)} for n in range(first, min(first + BATCH, count))]


@asynccontextmanager
async def sizes(stack: Stack) -> AsyncIterator[Counter[str]]:
    """The most MiB that each process had resident."""
    largest: Counter[str] = Counter()

    async def watch() -> None:
        while True:
            for name, child in stack.processes.items():
                resident = psutil.Process(child.pid).memory_info().rss // MIB
                largest[name] = max(largest[name], resident)
            await asyncio.sleep(0.2)

    watching = asyncio.create_task(watch())
    try:
        yield largest
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def is_small(largest: Counter[str], alerts: int) -> bool:
    remembered = min(alerts, ALERTS_MAX) * ALERT_BYTES_MAX // MIB
    others = (mib for name, mib in largest.items() if name != "processor")
    return largest["processor"] <= RESIDENT_MIB_MAX + remembered and max(others) < RESIDENT_MIB_MAX


async def killed_after_s(stack: Stack) -> float:
    """Until the core and every executor have said so."""
    began_s = time.monotonic()
    done = await asyncio.to_thread(
        process,
        *("kill", "--reason", "a storm", "--wait", "300s"),
        MENDLOG_BOOTSTRAP=stack.kafka.bootstrap,
        MENDLOG_TOPIC_PREFIX=stack.options.prefix,
        MENDLOG_CLUSTER="demo",
        MENDLOG_AUTHOR="ann",
    )
    assert done.exit_code == 0, done.out + done.err
    return time.monotonic() - began_s


async def until_idle(stack: Stack) -> None:
    async with asyncio.timeout(WITHIN_S):
        while await metric(stack, "processor", "mendlog_lag_records") > 0:  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def contents_of_storms(stack: Stack) -> set[str]:
    found = await records(stack, INCIDENTS, Incident)
    return {i.incident_id for i in found if i.labels.get("alertname") == "MendlogStorm"}


async def acted(stack: Stack) -> int:
    ordered = await contents(stack, COMMANDS, Command, lambda c: c.command_id)
    return sum(1 for c in ordered.values() if c.kind is CommandKind.ACT)


async def check(stack: Stack, folder: Path, accepted: int) -> None:
    ledger = folder / "ledger"
    with ledger.open("w") as lines:
        lines.writelines(json.dumps({"labels": labels(n)}) + "\n" for n in range(accepted))
    about = [name for name in INVARIANTS if name != "I9" and (accepted or name != "I1")]
    asked = Asked(ledger) if accepted else None
    found = await audited(stack.kafka.bootstrap, stack.options.prefix, asked, about=about)
    assert not accepted or found["I1"].checked == accepted
