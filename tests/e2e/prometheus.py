"""Checkout with two Prometheus and an Alertmanager before our gateway, all of them real."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from deploy.sandbox import ports
from deploy.sandbox.processes import Child, stop_all, wait_until
from deploy.sandbox.stack import answers
from schemas.codec import decode
from schemas.incidents import Incident
from schemas.topics import INCIDENTS
from tests.e2e.platform import Platform

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "checkout.rules.yaml"
QUICKER = {"[2m]": "[15s]", "[5m]": "[15s]", "for: 1m": "for: 0s", "for: 5m": "for: 0s"}
"""The shipped rules wait for minutes; a test waits for seconds. On a machine that stands still for
longer than a window, an alert would end and begin again."""
RESEND_S = 10
"""An alert that is not told again within four times that has ended."""
POLICY = """
version: 1
namespaces: [shop]
receivers: [ops]
route: {receiver: ops, group_by: [alertname, deployment], group_wait: 0s}
limits: {preset: production-1, close_after: 10m}
playbooks: []
"""
DIRECT, THROUGH = "prometheus-token-0123456789", "alertmanager-token-0123456789"
SOURCES = """
version: 1
sources:
  - {name: prometheus, cluster: eu-1, token_env: MENDLOG_DIRECT}
  - {name: alertmanager, cluster: eu-1, token_env: MENDLOG_THROUGH}
"""
PROMETHEUS = """
global:
  scrape_interval: 250ms
  evaluation_interval: 500ms
  external_labels: {{prometheus_replica: {replica}}}
rule_files: [{rules}]
scrape_configs:
  - job_name: checkout
    static_configs:
      - targets: ["127.0.0.1:{checkout}"]
        labels: {{namespace: shop, deployment: checkout, service: checkout}}
alerting:
  alert_relabel_configs: [{{action: labeldrop, regex: prometheus_replica}}]
  alertmanagers:
    - static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]
    - static_configs: [{{targets: ["127.0.0.1:{gateway}"]}}]
      authorization: {{credentials: {token}}}
"""
ALERTMANAGER = """
route: {{receiver: mendlog, group_by: [alertname], group_wait: 0s, group_interval: 1s}}
receivers:
  - name: mendlog
    webhook_configs:
      - url: http://127.0.0.1:{gateway}/webhook/alertmanager
        http_config: {{authorization: {{credentials: {token}}}}}
"""
WAIT_S = 60.0


@dataclass
class Watched:
    """All of it, running, and checkout asked for orders all the time."""

    platform: Platform
    folder: Path
    checkout: int
    gateway: int
    alertmanager: int
    replicas: tuple[int, int]
    children: list[Child] = field(default_factory=list)

    def start(self) -> None:
        self._child(
            "checkout",
            sys.executable,
            "-m",
            "checkout",
            PORT=str(self.checkout),
            CHAOS_ENABLED="true",
            HOST=ports.HOST,
        )
        self._wait(f"http://{ports.HOST}:{self.checkout}/readyz", "checkout")
        self.start_gateway()
        (self.folder / "alertmanager.yml").write_text(
            ALERTMANAGER.format(gateway=self.gateway, token=THROUGH)
        )
        self._child(
            "alertmanager",
            "prometheus-alertmanager",
            f"--config.file={self.folder}/alertmanager.yml",
            f"--storage.path={self.folder}/alertmanager",
            f"--web.listen-address={ports.HOST}:{self.alertmanager}",
            "--cluster.listen-address=",
        )
        self._wait(f"http://{ports.HOST}:{self.alertmanager}/-/ready", "alertmanager")
        for name, port in zip("ab", self.replicas, strict=True):
            self._start_prometheus(name, port)

    def start_gateway(self) -> None:
        (self.folder / "sources.yaml").write_text(SOURCES)
        self.platform.start(
            "gateway",
            PORT=str(self.gateway),
            HOST=ports.HOST,
            SOURCES_FILE=str(self.folder / "sources.yaml"),
            DIRECT=DIRECT,
            THROUGH=THROUGH,
        )

    def stop_gateway(self) -> None:
        self.platform.children[-1].kill()

    def _start_prometheus(self, name: str, port: int) -> None:
        text = RULES.read_text()
        for slow, quick in QUICKER.items():
            text = text.replace(slow, quick)
        rules, config = self.folder / "rules.yaml", self.folder / f"prometheus-{name}.yml"
        rules.write_text(text)
        config.write_text(
            PROMETHEUS.format(
                replica=name,
                rules=rules,
                checkout=self.checkout,
                alertmanager=self.alertmanager,
                gateway=self.gateway,
                token=DIRECT,
            )
        )
        self._child(
            f"prometheus-{name}",
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={self.folder}/prometheus-{name}",
            f"--web.listen-address={ports.HOST}:{port}",
            f"--rules.alert.resend-delay={RESEND_S}s",
        )
        self._wait(f"http://{ports.HOST}:{port}/-/ready", name)

    def _child(self, name: str, *argv: str, **env: str) -> None:
        child = Child(name, argv, log_file=self.folder / f"{name}.log", env={**os.environ, **env})
        child.start()
        self.children.append(child)

    def _wait(self, url: str, what: str) -> None:
        wait_until(lambda: answers(url), timeout_s=WAIT_S, what=what, child=self.children[-1])

    async def incidents(self) -> list[Incident]:
        found = [decode(r.value, Incident) for r in await self.platform.read(INCIDENTS)]
        return [one for one in found if isinstance(one, Incident)]

    async def faulty(self, share: float) -> None:
        async with aiohttp.ClientSession() as http:
            url = f"http://{ports.HOST}:{self.checkout}/faults"
            async with http.post(url, json={"error_rate": share}) as answer:
                answer.raise_for_status()


@asynccontextmanager
async def watched(platform: Platform, folder: Path) -> AsyncIterator[Watched]:
    chosen = ports.choose(5)
    made = Watched(platform, folder, *chosen[:3], (chosen[3], chosen[4]))
    try:
        await asyncio.to_thread(platform.prepare, POLICY)
        await asyncio.to_thread(platform.start, "processor")
        await asyncio.to_thread(made.start)
        ordering = asyncio.create_task(_orders(made.checkout))
        try:
            yield made
        finally:
            ordering.cancel()
    finally:
        await asyncio.to_thread(stop_all, made.children)


async def _orders(port: int) -> None:
    async with aiohttp.ClientSession() as http:
        while True:
            async with http.get(f"http://{ports.HOST}:{port}/checkout") as answer:
                await answer.read()
            await asyncio.sleep(0.02)
