"""Settings: where clusters are, and what is no setting."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from remediators.clusters import ClusterAddress
from remediators.settings import ExecutorSettings


def test_clusters_as_json(monkeypatch):
    clusters = {
        "demo": {"url": "http://127.0.0.1:1"},
        "eu-1": {"context": "eu"},
        "here": {"in_cluster": True},
    }
    monkeypatch.setenv("MENDLOG_CLUSTERS", json.dumps(clusters))
    assert ExecutorSettings().all_clusters() == {
        "demo": ClusterAddress(url="http://127.0.0.1:1"),
        "eu-1": ClusterAddress(context="eu"),
        "here": ClusterAddress(in_cluster=True),
    }


def test_clusters_as_yaml(tmp_path: Path):
    path = tmp_path / "clusters.yaml"
    path.write_text("clusters:\n  eu-1: {context: eu, kubeconfig: /etc/kube}\n")
    settings = ExecutorSettings(clusters_file=path, clusters={"b": ClusterAddress(url="http://b")})
    assert set(settings.all_clusters()) == {"eu-1", "b"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"heartbeat_s": 0},
        {"heartbeat_age_max_s": float("nan")},
        {"request_timeout_s": float("inf")},
        {"actions_per_hour_max": 0},
        {"in_flight_max": -1},
        {"held_max": 0},
        {"web_port": 70_000},
        {"clusters": {"a": {"url": "http://a", "kubeconfig": "x"}}},
    ],
)
def test_limits_that_are_no_limits(wrong):
    with pytest.raises(ValidationError):
        ExecutorSettings(**wrong)


def test_what_probes_may_ask(monkeypatch):
    monkeypatch.setenv("MENDLOG_PROBE_HOSTS", ".svc, shop.example:8080,")
    monkeypatch.setenv("MENDLOG_PROMETHEUS_URLS", '{"eu-1": "http://prometheus:9090"}')
    settings = ExecutorSettings()
    assert settings.probe_hosts == (".svc", "shop.example:8080")
    assert settings.prometheus_urls == {"eu-1": "http://prometheus:9090"}


def test_bound_to_one_workload(monkeypatch):
    monkeypatch.setenv("TARGET_NAMESPACE", "shop")
    monkeypatch.setenv("TARGET_DEPLOYMENT", "checkout")
    settings = ExecutorSettings()
    assert (settings.target_namespace, settings.target_deployment) == ("shop", "checkout")
    monkeypatch.delenv("TARGET_NAMESPACE")
    with pytest.raises(ValidationError):
        ExecutorSettings()


def test_the_variable_of_the_degraded_mode(monkeypatch):
    assert ExecutorSettings().degraded_param == "DEGRADED_MODE"
    monkeypatch.setenv("DEGRADED_PARAM", "READ_ONLY")
    assert ExecutorSettings().degraded_param == "READ_ONLY"


@pytest.mark.parametrize("name", ["", "1A", "A B", "A=B", "A-B", "A\n", "A" * 129])
def test_a_variable_that_is_none(monkeypatch, name: str):
    monkeypatch.setenv("DEGRADED_PARAM", name)
    with pytest.raises(ValidationError):
        ExecutorSettings()


@pytest.mark.parametrize("text", [",", " , ,", "restart,scael"])
def test_actions_that_are_none(monkeypatch, text: str):
    """Left out means all of them; a list with nothing in it was not meant so."""
    monkeypatch.setenv("MENDLOG_ACTIONS", text)
    with pytest.raises(ValidationError):
        ExecutorSettings()


def test_two_processes_have_two_names():
    assert str(__import__("os").getpid()) in ExecutorSettings().name


def test_the_group_follows_the_prefix():
    assert ExecutorSettings(topic_prefix="x").group_id == "x-executor"
    assert ExecutorSettings(topic_prefix="x", group="y").group_id == "y"
