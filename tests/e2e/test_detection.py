"""Samples by remote-write, rules over them, and a worker that is killed in the middle: each
incident opens once and resolves once."""

import asyncio
import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import pytest

from schemas.alerts import AlertStatus
from schemas.codec import decode
from schemas.incidents import Incident
from schemas.tape import Detection, TapeRecord
from schemas.topics import INCIDENTS, METRICS, TAPE, journal
from streams.host.budgets import NAME
from tests.audited import audited
from tests.e2e.platform import Platform
from tests.e2e.up import MENDLOG
from tests.streams.ingest.remote_write.requests import block, series

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(300)]
MINUTE_MS = 60_000
WAIT_S = 60.0
TOKEN = "remote-write-token-0123456789"
JOURNAL = journal("detect", "metrics")
POLICY = """
version: 1
namespaces: [shop]
receivers: [ops]
route: {receiver: ops, group_by: [alertname, deployment], group_wait: 0s}
limits: {preset: production-1, close_after: 10m}
playbooks: []
"""
SOURCES = """
version: 1
sources: [{name: prometheus, cluster: eu-1, token_env: MENDLOG_WRITE}]
"""
RULES = """
version: 1
slos: [{file: slo.yaml, by: [cluster, namespace, deployment]}]
detections:
  - kind: threshold
    name: QueueDeep
    of: {metric: queue_depth}
    by: [cluster, namespace, deployment]
    above: 100
    for: 3m
    labels: {severity: critical}
  - kind: change
    name: RowsGrow
    of: {metric: rows}
    by: [cluster, namespace, deployment]
    above: 1
    window: 10m
    for: 0s
    labels: {severity: warning}
"""
SLO = """
apiVersion: openslo/v1
kind: SLO
metadata: {name: checkout}
spec:
  service: checkout
  indicator:
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {type: Mendlog, spec: {metric: requests_total, match: ['code="500"']}}}
        total: {metricSource: {type: Mendlog, spec: {metric: requests_total}}}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
"""
BURN = "checkout-burn-1h"
"""A sixth of an hour's requests is bad: far too little for the alerts of six hours and three days,
whose windows are not filled."""
ALL = {"QueueDeep", "RowsGrow", BURN}
FAULT, KILLED, OVER, END = 60, 66, 70, 84
"""In minutes: from when to when all requests fail, the queue is deep; rows grow until the worker
is killed."""


def good(minute: int) -> int:
    return 1000 * (minute if minute < FAULT else FAULT + max(0, minute - OVER))


def bad(minute: int) -> int:
    return 1000 * max(0, min(minute, OVER) - FAULT)


class Measured:
    """Checkout as Prometheus tells of it: a sample a minute, long ago and then until now."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.start_ms = (int(time.time()) // 60 - END) * MINUTE_MS

    def at_ms(self, minute: int) -> int:
        return self.start_ms + minute * MINUTE_MS

    async def tells(self, minutes: Sequence[int]) -> None:
        """In one request, and waits until they have been judged."""
        labels = {"deployment": "checkout", "namespace": "shop", "pod": "checkout-1"}

        def of(name: str, values: Sequence[int], **more: str) -> bytes:
            told = [(float(v), self.at_ms(m)) for m, v in zip(minutes, values, strict=True)]
            return series(name, *told, **labels, **more)

        body = block(
            of("queue_depth", [500 if FAULT <= m < OVER + 4 else 5 for m in minutes]),
            of("requests_total", [good(m) for m in minutes], code="200"),
            of("requests_total", [bad(m) for m in minutes], code="500"),
            of("rows", [max(0, min(m, KILLED) - 50) * 120 for m in minutes]),
        )
        headers = {
            "Authorization": f"Bearer {TOKEN}",
            "Content-Type": "application/x-protobuf",
            "Content-Encoding": "snappy",
        }
        url = f"{self.platform.urls['gateway']}/api/v1/write"
        async with (
            aiohttp.ClientSession() as http,
            http.post(url, data=body, headers=headers) as answer,
        ):
            assert answer.status == 204, await answer.text()
        await self.platform.caught_up(JOURNAL, METRICS)

    async def detected(self) -> list[tuple[str, str]]:
        """By rule, whether it began or ended, in their order."""
        found = [decode(r.value, TapeRecord) for r in await self.platform.read(TAPE)]
        facts = [one.fact for one in found if isinstance(one, TapeRecord)]
        return [(f.rule, f.status.value) for f in facts if isinstance(f, Detection)]

    async def states(self) -> dict[str, list[Incident]]:
        """By alert, an incident's states as they came."""
        found: dict[str, list[Incident]] = {}
        for record in await self.platform.read(INCIDENTS):
            one = decode(record.value, Incident)
            assert isinstance(one, Incident)
            found.setdefault(one.group["alertname"], []).append(one)
        return found

    async def until_all_are(self, state: str) -> dict[str, list[Incident]]:
        deadline = time.monotonic() + WAIT_S
        while True:
            found = await self.states()
            if found.keys() == ALL and all(each[-1].state == state for each in found.values()):
                return found
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.2)


def begun(detected: Sequence[tuple[str, str]], status: AlertStatus) -> list[str]:
    return [rule for rule, told in detected if told == status.value]


async def test_a_fault_that_samples_show(platform: Platform, tmp_path: Path) -> None:
    for name, text in (("sources", SOURCES), ("rules", RULES), ("slo", SLO)):
        (tmp_path / f"{name}.yaml").write_text(text)
    rules = str(tmp_path / "rules.yaml")
    await asyncio.to_thread(platform.prepare, POLICY)
    await asyncio.to_thread(
        platform.start, "gateway", SOURCES_FILE=str(tmp_path / "sources.yaml"), WRITE=TOKEN
    )
    worker = await asyncio.to_thread(platform.start, "processor", DETECTIONS_FILE=rules)
    checkout = Measured(platform)
    await checkout.tells(range(KILLED))
    assert await checkout.detected() == [("RowsGrow", "firing"), ("QueueDeep", "firing")]

    worker.kill()
    await asyncio.to_thread(platform.start, "processor", DETECTIONS_FILE=rules)
    await checkout.tells(range(KILLED, 74))
    # By now the rows do not grow any more, and a worker that goes by two samples would say so.
    told = await checkout.detected()
    assert begun(told, AlertStatus.FIRING) == ["RowsGrow", "QueueDeep", BURN]
    assert begun(told, AlertStatus.RESOLVED) == []
    firing = await checkout.until_all_are("escalated")

    await checkout.tells(range(74, END + 1))
    resolved = await checkout.until_all_are("resolved")
    told = await checkout.detected()
    assert sorted(begun(told, AlertStatus.FIRING)) == sorted(ALL)
    assert sorted(begun(told, AlertStatus.RESOLVED)) == sorted(ALL)
    for alert, states in resolved.items():
        assert {one.incident_id for one in states} == {firing[alert][0].incident_id}
        assert [one.state for one in states].count("resolved") == 1
    page = await asyncio.to_thread(metrics, platform)
    assert f"# TYPE {NAME} gauge" in page
    assert f"\n{NAME}" not in page, "an hour and a half is not the budget's thirty days"
    await audited(platform.bootstrap, platform.prefix)
    await asyncio.to_thread(the_same_again, platform, rules, checkout)


def metrics(platform: Platform) -> str:
    with urllib.request.urlopen(f"{platform.urls['processor']}/metrics") as page:
        return str(page.read().decode())


def the_same_again(platform: Platform, rules: str, checkout: Measured) -> None:
    """`mendlog policy detect` finds in the recorded samples what the workers have found."""
    done = subprocess.run(
        [
            *MENDLOG, "policy", "detect", "--verify", "--json", "--detections", rules,
            "--from", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600)),
            "--bootstrap", platform.bootstrap, "--prefix", platform.prefix,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={name: text for name, text in os.environ.items() if not name.startswith("MENDLOG_")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    began = {
        one["rule"]: (one["since_ms"] - checkout.start_ms) / MINUTE_MS
        for one in found["detections"]
    }
    assert began["QueueDeep"] == FAULT + 3
    assert began.keys() == ALL
    assert found["same"]
