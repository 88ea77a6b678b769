"""A real Alertmanager and all of ours: what is kept from us is found, and what only we hold."""

import asyncio
import json
import os
import re
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from deploy.sandbox import ports
from deploy.sandbox.processes import Child, stop_all, wait_until
from deploy.sandbox.stack import answers
from tests.e2e.platform import Platform
from tests.e2e.test_amtool import POLICY

pytestmark = [
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.needs("prometheus-alertmanager"),
    pytest.mark.needs("amtool"),
]
TOKEN = "token-of-the-alertmanager"
SOURCES = """
version: 1
sources:
  - name: alertmanager
    cluster: eu-1
    token_env: MENDLOG_AM
    alertmanager_url: "{alertmanager}"
    may_ask: true
"""
ALERTMANAGER = """
route:
  receiver: mendlog
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  routes: [{{receiver: nobody, matchers: ['pod="kept"']}}]
receivers:
  - name: nobody
  - name: mendlog
    webhook_configs:
      - url: {gateway}/webhook/alertmanager
        http_config: {{authorization: {{credentials: {token}}}}}
inhibit_rules:
  - {{source_matchers: ['pod="a"'], target_matchers: ['pod="inhibited"'], equal: [alertname]}}
"""
WAIT_S = 60.0


class World:
    def __init__(self, platform: Platform, folder: Path) -> None:
        self.platform, self.folder = platform, folder
        (port,) = ports.choose(1)
        self.alertmanager = f"http://{ports.HOST}:{port}"
        self.port = port
        self.children: list[Child] = []

    def start(self) -> None:
        self.platform.prepare(POLICY)
        self.platform.start("processor")
        sources = self.folder / "sources.yaml"
        sources.write_text(SOURCES.format(alertmanager=self.alertmanager))
        self.platform.start("gateway", HOST=ports.HOST, SOURCES_FILE=str(sources), AM=TOKEN)
        config = self.folder / "alertmanager.yml"
        config.write_text(ALERTMANAGER.format(gateway=self.platform.urls["gateway"], token=TOKEN))
        child = Child(
            "alertmanager",
            [
                "prometheus-alertmanager",
                f"--config.file={config}",
                f"--storage.path={self.folder}/alertmanager",
                f"--web.listen-address={ports.HOST}:{self.port}",
                "--cluster.listen-address=",
            ],
            log_file=self.folder / "alertmanager.log",
            env=dict(os.environ),
        )
        child.start()
        self.children.append(child)
        wait_until(
            lambda: answers(f"{self.alertmanager}/-/ready"),
            timeout_s=WAIT_S,
            what="alertmanager",
            child=child,
        )

    async def fires(self, *pods: str, ended: bool = False) -> None:
        ends = {"endsAt": _moment(time.time() - 1)} if ended else {}
        alerts = [
            {"labels": {"alertname": "Down", "pod": pod}, "startsAt": _moment(1.7e9), **ends}
            for pod in pods
        ]
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{self.alertmanager}/api/v2/alerts", json=alerts) as answer,
        ):
            answer.raise_for_status()

    async def tells_us(self, pod: str) -> None:
        """As the Alertmanager would, though it knows nothing of it."""
        alert = {"status": "firing", "labels": {"alertname": "Down", "pod": pod}}
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as http,
            http.post(
                f"{self.platform.urls['gateway']}/webhook/alertmanager",
                json={"version": "4", "alerts": [alert]},
            ) as answer,
        ):
            answer.raise_for_status()

    async def reconcile(self, *options: str) -> tuple[int, str, str]:
        process = await self.begin(*options)
        out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    async def begin(self, *options: str) -> Process:
        known = ("--bootstrap", self.platform.bootstrap, "--prefix", self.platform.prefix)
        if "--alertmanager" not in options:
            options = (*options, "--alertmanager", self.alertmanager)
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "deploy.cli.main", "reconcile", *known, *options,
            stdout=PIPE, stderr=PIPE,
        )  # fmt: skip

    async def found(self, *options: str) -> tuple[int, dict[str, Any]]:
        code, out, err = await self.reconcile("--json", "--grace", "0s", *options)
        assert out, err
        return code, json.loads(out)


def _moment(at_s: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_s))


def pods(alerts: list[dict[str, Any]]) -> list[str]:
    return sorted(alert["labels"]["pod"] for alert in alerts)


@asynccontextmanager
async def world(platform: Platform, folder: Path) -> AsyncIterator[World]:
    made = World(platform, folder)
    try:
        await asyncio.to_thread(made.start)
        yield made
    finally:
        await asyncio.to_thread(stop_all, made.children)


@pytest.mark.timeout(300)
async def test_what_is_kept_from_us_is_found_and_what_only_we_hold_is_told(
    platform: Platform, tmp_path: Path
) -> None:
    async with world(platform, tmp_path) as running:
        silence = await asyncio.create_subprocess_exec(
            "amtool", f"--alertmanager.url={running.alertmanager}", "silence", "add",
            "pod=silenced", "--comment=c", "--author=a", stdout=PIPE,
        )  # fmt: skip
        assert await silence.wait() == 0
        await running.fires("a", "b", "kept", "silenced")
        # Known before what it inhibits, which would else be sent with the first of its group.
        await running.fires("inhibited")
        await running.tells_us("ours")
        deadline = time.monotonic() + WAIT_S
        sources = ("--sources", str(tmp_path / "sources.yaml"))
        while True:
            code, found = await running.found(*sources)
            if (found["known"], pods(found["only_here"] or [])) == (2, ["ours"]):
                break
            assert time.monotonic() < deadline, found
        assert (code, pods(found["missing"])) == (1, ["kept"])
        counted = ("holds", "silenced", "inhibited", "young", "unreadable")
        assert [found[name] for name in counted] == [5, 1, 1, 0, 0]

        code, found = await running.found("--receiver", "mendlog", "--source", "alertmanager")
        assert (code, found["missing"], pods(found["only_here"])) == (0, [], ["ours"])
        code, found = await running.found("--cluster", "us-1", "--receiver", "mendlog")
        assert (code, pods(found["missing"]), found["only_here"]) == (1, ["a", "b"], None)
        code, out, _ = await running.reconcile("--grace", "3650d")
        assert (code, "2 known, 0 missing" in out, "name its source" in out) == (0, True, True)

        await watched(running, *sources)
        await faults(running)
        await running.fires("b", ended=True)
        while True:
            _, found = await running.found(*sources)
            if found["known"] == 1 and pods(found["only_here"]) == ["ours"]:
                break
            assert time.monotonic() < deadline, found


async def watched(running: World, *options: str) -> None:
    """The same as metrics, until it is told to stop."""
    process = await running.begin("--watch", "1", "--grace", "0s", *options)
    try:
        assert process.stdout
        url = (await process.stdout.readline()).decode().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+/metrics", url)
        deadline = time.monotonic() + WAIT_S
        expected = {"known": 2, "missing": 1, "only_here": 1, "silenced": 1, "inhibited": 1}
        async with aiohttp.ClientSession() as http:
            while True:
                async with http.get(url) as answer:
                    text = await answer.text()
                name = "mendlog_reconcile_alerts"
                if all(f'{name}{{kind="{k}"}} {v}.0' in text for k, v in expected.items()):
                    break
                assert time.monotonic() < deadline, text
                await asyncio.sleep(0.1)
        assert 'mendlog_reconcile_failures_total{side="alertmanager"} 0.0' in text
        process.terminate()
        _, err = await process.communicate()
        assert process.returncode == 0, err.decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def faults(running: World) -> None:
    """Each is told in a line, with exit code 1, or 2 where it was asked in a wrong way."""
    (port,) = ports.choose(1)
    nowhere = f"http://{ports.HOST}:{port}"
    gateway = running.platform.urls["gateway"]
    tls = running.alertmanager.replace("http:", "https:")
    for url, code, said in (
        (nowhere, 1, "not reached"),
        (f"{running.alertmanager}/wrong", 1, "no Alertmanager with an API v2 (status 404"),
        (gateway, 1, "does not let us ask: status 401"),
        (tls, 1, "TLS failed"),
        ("alertmanager:9093", 2, "expected http://host:port"),
    ):
        done, out, err = await running.reconcile("--alertmanager", url)
        assert (done, out) == (code, ""), url
        assert said in re.sub(r"\s+", " ", err), url
        assert "Traceback" not in err
    file = running.folder / "authorization"
    file.write_text(f"Bearer {TOKEN}\n")
    with_proof = ("--alertmanager", gateway, "--authorization-file", str(file), "--grace", "0s")
    code, out, err = await running.reconcile(*with_proof)
    assert (code, "3 known, 0 missing" in out) == (0, True), err
    code, _, err = await running.reconcile("--sources", str(running.folder / "none.yaml"))
    assert (code, "none.yaml" in err, "Traceback" in err) == (2, True, False), err
    code, _, err = await running.reconcile("--prefix", "nobodys")
    assert (code, "nobodys.state.decide.tape" in err) == (1, True), err
