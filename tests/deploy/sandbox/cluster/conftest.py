"""A cluster as a child process, spoken to by the real kubernetes client."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from kubernetes import client

from deploy.sandbox.cluster.handle import Cluster

DEADLINE_S = 30.0


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
    def policy(self) -> client.PolicyV1Api:
        return client.PolicyV1Api(self.api)


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Shared by the tests that leave it as it was; each works in a namespace of its own."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as shared:
        yield shared


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """Starts clusters that the test may kill or wear out."""
    started: list[Cluster] = []

    def start(*options: str) -> Cluster:
        one = Cluster(tmp_path / f"cluster-{len(started)}", options=options)
        started.append(one)
        return one.start()

    yield start
    for one in started:
        one.kill()


@pytest.fixture
def kube(cluster: Cluster) -> Clients:
    return Clients.of(cluster.url)


NUMBERS = count(1)


@pytest.fixture
def namespace(kube: Clients) -> Iterator[str]:
    name = f"test-{next(NUMBERS)}"
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


def post(
    url: str, path: str, body: bytes | dict | list, **headers: str
) -> tuple[int, Mapping[str, str], dict]:
    """A request that the client's own checks would not let through."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    asked = Request(url + path, data=data, headers={"Content-Type": "application/json"} | headers)
    try:
        answer = urlopen(asked, timeout=DEADLINE_S)
    except HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers, json.loads(answer.read())
