"""A real control plane: it serves, it holds to roles, and it is gone with all that it ran."""

import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from kubernetes import client, config

from deploy.sandbox import ports
from deploy.sandbox.cluster import manifests
from deploy.sandbox.cluster.manifests import Checkout
from deploy.sandbox.control_plane import build
from deploy.sandbox.control_plane.credentials import CONTEXT
from deploy.sandbox.control_plane.handle import ControlPlane
from deploy.sandbox.control_plane.parts import Layout
from deploy.sandbox.processes import ChildFailed, wait_until
from tests.deploy.sandbox.gone import await_gone

WITHIN_S = 30.0
PORT = "sandbox.mendlog.io/port"
PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}


def api_of(kubeconfig: Path) -> client.ApiClient:
    return config.new_client_from_config(str(kubeconfig), CONTEXT)


def deploy(kubeconfig: Path, checkout: Checkout) -> client.CoreV1Api:
    """Returns when as many of its pods as it wants are there to be used."""
    api = api_of(kubeconfig)
    core, apps = client.CoreV1Api(api), client.AppsV1Api(api)
    core.create_namespace(manifests.namespace(checkout.namespace))
    apps.create_namespaced_deployment(checkout.namespace, manifests.deployment(checkout))

    def available() -> bool:
        status = apps.read_namespaced_deployment(checkout.name, checkout.namespace).status
        return status.available_replicas == checkout.replicas

    wait_until(available, timeout_s=WITHIN_S, what=f"{checkout.replicas} pods to be available")
    return core


def status_of(call) -> int:
    with pytest.raises(client.ApiException) as caught:
        call()
    return caught.value.status


@pytest.mark.control_plane
def test_it_is_the_release_that_go_mod_names(control_plane) -> None:
    version = client.VersionApi(api_of(control_plane.kubeconfig)).get_code()
    assert version.git_version == f"v{build.kubernetes_version()}"


@pytest.mark.control_plane
def test_pods_on_it_are_real_processes(control_plane) -> None:
    core = deploy(control_plane.kubeconfig, Checkout(namespace="runs", replicas=2))
    pods = core.list_namespaced_pod("runs").items
    assert len({pod.spec.node_name for pod in pods}) == 2
    for pod in pods:
        port = pod.metadata.annotations[PORT]
        with urllib.request.urlopen(
            f"http://{ports.HOST}:{port}/healthz", timeout=WITHIN_S
        ) as answer:
            assert answer.status == 200
    core.delete_namespace("runs")


@pytest.mark.control_plane
def test_who_may_list_may_do_nothing_else(control_plane) -> None:
    core = client.CoreV1Api(api_of(control_plane.identity("lister", [PODS])))
    assert core.list_namespaced_pod("kube-system").items == []
    assert status_of(lambda: core.read_namespaced_pod("any", "kube-system")) == 403
    assert status_of(lambda: core.delete_namespaced_pod("any", "kube-system")) == 403
    assert status_of(lambda: core.list_namespaced_secret("kube-system")) == 403


@pytest.mark.control_plane
def test_the_kubelet_may_not_do_everything(control_plane) -> None:
    reviews = client.AuthorizationV1Api(api_of(control_plane.kubeconfig))

    def may(verb: str, resource: str) -> bool:
        wanted = {"verb": verb, "resource": resource, "namespace": "default"}
        who = "system:serviceaccount:identities:kubelet"
        asked = {"spec": {"user": who, "resourceAttributes": wanted}}
        return reviews.create_subject_access_review(asked).status.allowed

    assert may("list", "pods")
    assert not may("create", "pods")
    assert not may("get", "secrets")


@pytest.mark.control_plane
def test_a_token_that_it_did_not_give_is_refused(control_plane) -> None:
    guessed = urllib.request.Request(
        f"{control_plane.url}/api/v1/nodes", headers={"Authorization": "Bearer guessed"}
    )
    known = ssl.create_default_context(cafile=control_plane.ca_file)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(guessed, timeout=WITHIN_S, context=known)


@pytest.mark.control_plane
def test_who_does_not_know_its_authority_does_not_trust_it(control_plane) -> None:
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(
            control_plane.url, timeout=WITHIN_S, context=ssl.create_default_context()
        )
    assert "insecure" not in control_plane.kubeconfig.read_text()


@pytest.mark.control_plane
def test_secrets_are_for_their_owner_alone(control_plane) -> None:
    folder = control_plane.kubeconfig.parent.parent
    for secret in ("tokens.csv", "service-accounts.key", "kubelet.token", "kubeconfigs/admin"):
        assert (folder / secret).stat().st_mode & 0o077 == 0, secret


@pytest.fixture
def layout(tmp_path: Path, kubernetes: Path) -> Iterator[Layout]:
    """Of a control plane that the test starts itself; nothing of it may be left."""
    before = children()
    yield Layout.choose(tmp_path / "plane", kubernetes)
    assert children() <= before


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


@pytest.mark.control_plane
def test_all_of_it_is_gone_afterwards_pods_included(layout) -> None:
    with ControlPlane(layout) as plane:
        deploy(plane.kubeconfig, Checkout(namespace="ends", replicas=1))
        pids = dict(plane.pids)
        pods = psutil.Process(pids["kubelet"]).children(recursive=True)
        assert sorted(pids) == [
            *("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet")
        ]
        assert pods
    for pid in [*pids.values(), *(pod.pid for pod in pods)]:
        await_gone(pid)
    for port in (layout.etcd_port, layout.peer_port, layout.api_port):
        assert ports.is_free(port)


@pytest.mark.control_plane
@pytest.mark.parametrize(("part", "port"), [("etcd", "etcd_port"), ("kube-apiserver", "api_port")])
def test_a_port_that_is_taken_is_named(layout, part: str, port: str) -> None:
    with socket.create_server((ports.HOST, getattr(layout, port))):
        plane = ControlPlane(layout)
        with pytest.raises(ChildFailed, match=rf"(?s){part} ended with.*address already in use"):
            plane.start()


@pytest.mark.control_plane
def test_a_part_that_dies_is_quoted_and_takes_the_others_along(layout, tmp_path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in build.control_plane().programs:
        (programs / name).symlink_to(layout.programs / name)
    (programs / "kube-scheduler").unlink()
    dies(programs / "kube-scheduler")
    broken = replace(layout, programs=programs)
    with pytest.raises(ChildFailed, match=r"(?s)kube-scheduler ended with 3.*out of luck"):
        ControlPlane(broken).start()


def test_a_store_that_dies_is_quoted(tmp_path) -> None:
    dies(tmp_path / "etcd")
    layout = Layout.choose(tmp_path / "plane", tmp_path)
    with pytest.raises(ChildFailed, match=r"(?s)etcd ended with 3.*out of luck"):
        ControlPlane(layout).start()


def test_a_program_that_is_missing_is_named(tmp_path) -> None:
    layout = Layout.choose(tmp_path / "plane", tmp_path)
    with pytest.raises(ChildFailed, match=r"etcd cannot be started"):
        ControlPlane(layout).start()


def dies(program: Path) -> None:
    program.write_text("#!/bin/sh\necho out of luck\nexit 3\n")
    program.chmod(0o755)
