"""A cluster as a child process, spoken to by the real kubernetes client.

Tests that ask for `kube` only say what any cluster does. With MENDLOG_TEST_KUBECONFIG they run
against that one, which shows whether the sandbox still behaves like it; the others are skipped.
The kubelet of such a control plane is `python -m deploy.sandbox.cluster.kubelet`.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import urllib3
from kubernetes import client, config

from deploy.sandbox.cluster.handle import Cluster
from tests.ports.rollout_definition import taught

DEADLINE_S = 90.0
OTHER_CLUSTER = os.environ.get("MENDLOG_TEST_KUBECONFIG")


@dataclass(frozen=True)
class Clients:
    """One client for each API group."""

    api: client.ApiClient

    @classmethod
    def of(cls, url: str) -> "Clients":
        return cls(client.ApiClient(client.Configuration(host=url)))

    @property
    def core(self) -> client.CoreV1Api:
        return client.CoreV1Api(self.api)

    @property
    def apps(self) -> client.AppsV1Api:
        return client.AppsV1Api(self.api)

    @property
    def batch(self) -> client.BatchV1Api:
        return client.BatchV1Api(self.api)

    @property
    def storage(self) -> client.StorageV1Api:
        return client.StorageV1Api(self.api)

    @property
    def leases(self) -> client.CoordinationV1Api:
        return client.CoordinationV1Api(self.api)

    @property
    def policy(self) -> client.PolicyV1Api:
        return client.PolicyV1Api(self.api)

    def send(
        self, method: str, path: str, body: bytes | dict | list = b"", **headers: str
    ) -> tuple[int, Mapping[str, str], dict]:
        """A request that the client's own checks would not let through."""
        settings = self.api.configuration
        told = {"Content-Type": "application/json"} | headers
        told |= {one["key"]: one["value"] for one in settings.auth_settings().values()}
        answer = urllib3.PoolManager(cert_reqs="CERT_NONE").request(
            method,
            settings.host + path,
            body=body if isinstance(body, bytes) else json.dumps(body),
            headers=told,
            timeout=DEADLINE_S,
        )
        return answer.status, answer.headers, json.loads(answer.data)


@pytest.fixture(scope="package", autouse=True)
def keeps_rollouts() -> Iterator[None]:
    """The sandbox does by itself."""
    if OTHER_CLUSTER is None:
        yield
        return
    with taught(config.new_client_from_config(OTHER_CLUSTER).configuration):
        yield


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Shared by the tests that leave it as it was; each works in a namespace of its own."""
    if OTHER_CLUSTER:
        pytest.skip("says something about the sandbox only")
    with Cluster(tmp_path_factory.mktemp("cluster")) as shared:
        yield shared


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """Starts clusters that the test may kill or wear out."""
    if OTHER_CLUSTER:
        pytest.skip("says something about the sandbox only")
    started: list[Cluster] = []

    def start(*options: str) -> Cluster:
        one = Cluster(tmp_path / f"cluster-{len(started)}", options=options)
        started.append(one)
        return one.start()

    yield start
    for one in started:
        one.kill()


@pytest.fixture
def kube(request: pytest.FixtureRequest) -> Clients:
    if OTHER_CLUSTER:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        return Clients(config.new_client_from_config(OTHER_CLUSTER))
    return Clients.of(request.getfixturevalue("cluster").url)


NUMBERS = count(1)


@pytest.fixture
def namespace(kube: Clients) -> Iterator[str]:
    name = f"test-{next(NUMBERS)}-{os.getpid()}"
    kube.core.create_namespace({"metadata": {"name": name}})
    yield name
    kube.core.delete_namespace(name)


def eventually(condition: Callable[[], Any], what: str, timeout_s: float = DEADLINE_S) -> Any:
    """Poll until it is true, and return what it was."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {timeout_s:g} s for {what}"
        time.sleep(0.02)


def refused(code: int, call: Callable[..., Any], *args: Any, **options: Any) -> dict:
    """The Status object of a request that must be refused with this code."""
    with pytest.raises(client.ApiException) as caught:
        call(*args, **options)
    assert caught.value.status == code, caught.value.body
    status = client.ApiClient().deserialize(caught.value.body, "object", "application/json")
    assert (status["kind"], status["status"], status["code"]) == ("Status", "Failure", code)
    return status
