"""`mendlog watcher` as a process, between a cluster and a broker."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.sandbox import ports
from deploy.sandbox.cluster.handle import Cluster
from deploy.sandbox.kafka import Kafka
from deploy.watcher import address_of, run
from schemas.alerts import AlertStatus, Sighting
from schemas.codec import decode
from schemas.controls import Control, ControlKind
from schemas.topics import ALERTS, CONTROLS
from streams.ingest.formats.catalog import read
from streams.ingest.refusal import BadConfiguration
from streams.settings import WatcherSettings
from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import Clients
from tests.deploy.watching import image
from tests.streams.ingest.topics import create_topics, header, records_of, until


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(tmp_path / "cluster") as own:
        yield own


@pytest.mark.broker
@pytest.mark.timeout(300)
async def test_as_a_process(kafka: Kafka, cluster: Cluster, tmp_path: Path) -> None:
    kube, namespace = Clients.of(cluster.url), "default"
    prefix = f"w{tmp_path.name.replace('_', '-')}"
    await create_topics(kafka.bootstrap, prefix, ALERTS, CONTROLS)
    (web_port,) = ports.choose(1)
    settings = {
        "MENDLOG_BOOTSTRAP": kafka.bootstrap,
        "MENDLOG_TOPIC_PREFIX": prefix,
        "MENDLOG_CLUSTER": "eu",
        "MENDLOG_CLUSTERS": json.dumps({"eu": {"url": cluster.url}, "us": {"url": cluster.url}}),
        "MENDLOG_REPEAT_S": "1",
        "MENDLOG_WEB_PORT": str(web_port),
    }
    kube.apps.create_namespaced_deployment(namespace, workloads.deployment("shop"))
    kube.core.create_namespaced_pod(namespace, workloads.pod("loop", ["false"]))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.cli.main", "watcher"), env={**os.environ, **settings}
    )

    async def sightings() -> list[Sighting]:
        found: list[Sighting] = []
        for record in await records_of(kafka.bootstrap, prefix, ALERTS):
            assert (header(record, "source"), header(record, "cluster")) == ("kubernetes", "eu")
            parsed = read(record.value, "kubernetes", header(record, "format"), record.timestamp)
            found += [one for one in parsed.sightings if one.labels["namespace"] == namespace]
        return sorted(found, key=lambda one: (one.ends_at_ms, one.status))

    async def repeats() -> bool:
        assert process.returncode is None
        deadlines = {one.ends_at_ms for one in await sightings()}
        return len(deadlines) > 1

    async def resolved() -> bool:
        return any(one.status is AlertStatus.RESOLVED for one in await sightings())

    async def changes() -> list[Control]:
        taken = await records_of(kafka.bootstrap, prefix, CONTROLS)
        return [decode(record.value, Control) for record in taken]

    async def told() -> bool:
        return bool(await changes())

    try:
        await until(repeats)
        await asyncio.to_thread(kube.core.delete_namespaced_pod, "loop", namespace)
        await until(resolved)
        assert len({one.fingerprint for one in await sightings()}) == 1
        patch = kube.apps.patch_namespaced_deployment
        await asyncio.to_thread(patch, "shop", namespace, image(2))
        await until(told)
        (change,) = await changes()
        assert (change.kind, change.cluster) == (ControlKind.CHANGE, "eu")
        assert change.parameters["name"] == "shop"
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def test_it_watches_the_cluster_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert address_of("eu").in_cluster
    monkeypatch.setenv("MENDLOG_CLUSTERS", '{"eu": {"url": "http://127.0.0.1:1"}}')
    assert address_of("eu").url == "http://127.0.0.1:1"
    with pytest.raises(BadConfiguration, match="names no us, but eu"):
        address_of("us")
    with pytest.raises(BadConfiguration, match="MENDLOG_CLUSTER must"):
        run(WatcherSettings())


def test_outside_of_any_cluster_it_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    why = "not in a cluster: set MENDLOG_CLUSTERS or MENDLOG_CLUSTERS_FILE"
    with pytest.raises(BadConfiguration, match=why):
        run(WatcherSettings(cluster="eu"))


def test_a_context_that_is_not_there_is_named_with_its_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "config"
    file.write_text("apiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts: []\n")
    clusters = {"eu": {"context": "nosuch", "kubeconfig": str(file)}}
    monkeypatch.setenv("MENDLOG_CLUSTERS", json.dumps(clusters))
    with pytest.raises(BadConfiguration, match=f"eu cannot be reached: .*'nosuch' of {file}: "):
        run(WatcherSettings(cluster="eu"))
