"""How the executor starts, and how it says that it cannot."""

import os
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from structlog.testing import capture_logs

from remediators.bootstrap import open_clusters, open_keys, run_executor
from remediators.clusters import CircuitLimits, ClusterAddress
from remediators.executor.metrics import Metrics
from remediators.ports import not_reached
from remediators.settings import ExecutorSettings
from remediators.web import Web
from schemas.remediation import OutcomeStatus
from tests.remediators.builders import TARGET, command, outcome


def test_clusters_that_cannot_be_used_are_a_matter_of_configuration(tmp_path: Path):
    nowhere = {"x": ClusterAddress(context="x", kubeconfig=str(tmp_path / "none"))}
    assert run_executor(ExecutorSettings(clusters=nowhere)) == os.EX_CONFIG
    missing = tmp_path / "clusters.yaml"
    assert run_executor(ExecutorSettings(clusters_file=missing)) == os.EX_CONFIG
    assert run_executor(ExecutorSettings(flags_file=missing)) == os.EX_CONFIG


def test_an_api_server_has_one_name():
    """Else two commands at a time would change it, and each would have a count of its own."""
    twice = {
        "eu-1": ClusterAddress(url="http://127.0.0.1:8001"),
        "eu-one": ClusterAddress(url="http://127.0.0.1:8001/"),
    }
    with capture_logs() as said:
        assert run_executor(ExecutorSettings(clusters=twice)) == os.EX_CONFIG
    (unusable,) = [each["fault"] for each in said if each["event"] == "settings_unusable"]
    assert unusable.startswith("eu-1 and eu-one are both http://127.0.0.1:8001")


@pytest.mark.parametrize(
    "more",
    [{"probe_hosts": ("*",)}, {"prometheus_urls": {"eu-1": "prometheus"}}],
)
def test_so_are_hosts_and_addresses_that_are_none(more: dict[str, Any]):
    assert run_executor(ExecutorSettings(**more)) == os.EX_CONFIG


def test_so_are_keys_that_cannot_be_read(tmp_path: Path):
    assert run_executor(ExecutorSettings(command_keys=tmp_path / "none")) == os.EX_CONFIG


def test_that_nothing_is_verified_is_said_at_the_start():
    with capture_logs() as said:
        assert open_keys(ExecutorSettings()) is None
    (warning,) = said
    assert warning["log_level"] == "warning"
    assert "not verified: set MENDLOG_COMMAND_KEYS" in warning["event"]


def test_a_broker_that_is_not_there_is_a_fault():
    settings = ExecutorSettings(bootstrap="127.0.0.1:1", produce_timeout_s=0.5)
    assert run_executor(settings) == os.EX_SOFTWARE


async def test_each_cluster_has_a_circuit_of_its_own_and_metrics_and_log_tell_of_it():
    def left_alone(name: str) -> float | None:
        labels = {"cluster": name}
        return metrics.registry.get_sample_value("mendlog_cluster_left_alone", labels)

    metrics = Metrics()
    nobody = ClusterAddress(url="http://127.0.0.1:1", circuit=CircuitLimits(failures_max=2))
    another = nobody.model_copy(update={"url": "http://127.0.0.1:2"})
    settings = ExecutorSettings(clusters={"eu-1": nobody, "us-1": another})
    clusters = open_clusters(settings, metrics, not_reached)
    seen = []
    with capture_logs() as logs:
        for _ in range(4):
            seen.append(left_alone("eu-1"))
            await clusters["eu-1"].look(TARGET)
    for cluster in clusters.values():
        await cluster.close()
    assert (seen, left_alone("us-1")) == ([0, 0, 1, 1], 0)
    told = [(line["event"], line["cluster"]) for line in logs]
    assert told == [("cluster_left_alone", "eu-1")]


async def test_health_and_metrics():
    why_not = "no heartbeat has come back lately"
    metrics = Metrics()
    metrics.recorded(outcome(command(), OutcomeStatus.REJECTED, reason="stale"))
    web = Web("127.0.0.1", 0, metrics.registry, lambda: why_not)
    await web.start()
    try:
        async with ClientSession(f"http://127.0.0.1:{web.port}") as client:
            assert (await client.get("/-/healthy")).status == 200
            answer = await client.get("/-/ready")
            assert (answer.status, await answer.text()) == (503, f"{why_not}\n")
            why_not = ""
            assert (await client.get("/-/ready")).status == 200
            text = await (await client.get("/metrics")).text()
            wanted = 'mendlog_commands_total{kind="act",reason="stale",status="rejected"} 1.0'
            assert wanted in text
    finally:
        await web.stop()
