"""The watcher's followers against a cluster: real HTTP, real lists and watches, and a 410."""

import json
import threading
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from deploy.sandbox.cluster.handle import Cluster
from remediators.clusters import ClusterAddress
from streams.ingest.kubernetes import follow
from streams.ingest.kubernetes.follow import Follower
from streams.ingest.kubernetes.kinds import (
    DAEMON_SETS,
    DEPLOYMENTS,
    KINDS,
    NODES,
    PODS,
    STATEFUL_SETS,
)
from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import Clients, eventually
from tests.deploy.watching import Ear, Line, Odd, following, image, odd

HISTORY = 40
"""Changes that the cluster remembers: soon worn out."""
NUMBERS = count(1)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    with Cluster(folder, options=("--history", str(HISTORY))) as shared:
        yield shared


@pytest.fixture
def line(cluster: Cluster) -> Line:
    return Line(ClusterAddress(url=cluster.url))


@pytest.fixture
def kube(cluster: Cluster) -> Clients:
    return Clients.of(cluster.url)


@pytest.fixture
def namespace(kube: Clients) -> Iterator[str]:
    name = f"watched-{next(NUMBERS)}"
    kube.core.create_namespace({"metadata": {"name": name}})
    yield name
    kube.core.delete_namespace(name)


def wear_out(kube: Clients, namespace: str) -> None:
    """More changes than the cluster remembers."""
    kube.leases.create_namespaced_lease(namespace, {"metadata": {"name": "worn"}})
    for number in range(HISTORY + 10):
        body = {"spec": {"holderIdentity": str(number)}}
        kube.leases.patch_namespaced_lease("worn", namespace, body)


def test_a_crash_loop_fires_and_its_pods_end_ends_it(
    kube: Clients, namespace: str, line: Line
) -> None:
    with following(line, PODS) as ear:
        wanted = workloads.deployment(replicas=1, command=["false"])
        kube.apps.create_namespaced_deployment(namespace, wanted)
        eventually(ear.names, "an alert")
        (alert,) = ear.picture.board.firing.values()
        assert alert.trouble.labels["alertname"] == "KubernetesCrashLoopBackOff"
        assert alert.trouble.labels["deployment"] == "web"
        assert alert.trouble.labels["namespace"] == namespace
        kube.apps.delete_namespaced_deployment("web", namespace)
        eventually(lambda: not ear.names(), "its end")
        assert ear.lists[PODS] == 1, "all of it from the watch"


def test_after_a_gap_a_list_tells_what_is_gone_and_what_is_new(
    kube: Clients, namespace: str, line: Line
) -> None:
    loop = workloads.pod("first", ["false"])
    kube.core.create_namespaced_pod(namespace, loop)
    kube.apps.create_namespaced_deployment(namespace, workloads.deployment("shop"))
    crashes = "KubernetesCrashLoopBackOff"
    with following(line, PODS, DEPLOYMENTS) as ear:
        eventually(lambda: ear.names() == {(crashes, "first")}, "the first alert")
        before = dict(ear.lists)
        line.cut()
        kube.core.delete_namespaced_pod("first", namespace, grace_period_seconds=0)
        kube.core.create_namespaced_pod(namespace, workloads.pod("second", ["false"]))
        kube.apps.patch_namespaced_deployment("shop", namespace, image(2))
        wear_out(kube, namespace)
        assert ear.names() == {(crashes, "first")}
        line.mend()
        eventually(lambda: ear.names() == {(crashes, "second")}, "the second alone")
        assert ear.lists[PODS] > before[PODS], "the watch could not go on"
        (over,) = (one for one in ear.picture.board.news() if one.ended_at_ms is not None)
        assert over.trouble.labels["pod"] == "first"
        eventually(lambda: ear.picture.rollouts, "the rollout")
        assert [(one.name, one.images) for one in ear.picture.rollouts] == [
            ("shop", "example/main:2")
        ]
        assert ear.failures, "of the line that was cut"


def test_rollouts_are_told_but_not_those_of_our_own_commands(
    kube: Clients, namespace: str, line: Line
) -> None:
    patch = kube.apps.patch_namespaced_deployment
    kube.apps.create_namespaced_deployment(namespace, workloads.deployment())
    with following(line, DEPLOYMENTS) as ear:
        patch("web", namespace, {"spec": {"replicas": 1}})
        patch("web", namespace, image(2, mark="c1"))
        patch("web", namespace, image(3))
        patch("web", namespace, image(4, mark="c2,c1"))
        kube.apps.create_namespaced_deployment(namespace, workloads.deployment("last"))
        eventually(lambda: len(ear.picture.rollouts) > 1, "the last")
        assert [(one.name, one.images) for one in ear.picture.rollouts] == [
            ("web", "example/main:3"),
            ("last", "example/main:1"),
        ]


@pytest.mark.parametrize(
    ("kind", "noun", "wanted"),
    [
        (STATEFUL_SETS, "stateful_set", workloads.stateful_set("db")),
        (DAEMON_SETS, "daemon_set", workloads.daemon_set("db")),
    ],
)
def test_rollouts_of_other_workloads_are_told_alike(
    kube: Clients, namespace: str, line: Line, kind: str, noun: str, wanted: dict[str, Any]
) -> None:
    patch = getattr(kube.apps, f"patch_namespaced_{noun}")
    getattr(kube.apps, f"create_namespaced_{noun}")(namespace, wanted)
    with following(line, kind) as ear:
        patch("db", namespace, {"metadata": {"annotations": {"somebody": "wrote"}}})
        patch("db", namespace, image(2, mark="c1"))
        patch("db", namespace, image(3, mark="c1"))
        eventually(lambda: ear.picture.rollouts, "the rollout that is not ours")
        assert [(one.name, one.images) for one in ear.picture.rollouts] == [
            ("db", "example/main:3")
        ]


def test_lists_are_read_in_pages(
    kube: Clients, namespace: str, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "PAGE_ITEMS", 2)
    there = len(kube.apps.list_deployment_for_all_namespaces().items)
    for name in "abcde":
        kube.apps.create_namespaced_deployment(namespace, workloads.deployment(name))
    with following(line, DEPLOYMENTS, NODES) as ear:
        assert ear.counts[DEPLOYMENTS] == there + 5
        assert ear.counts[NODES] == len(kube.core.list_node().items)


def test_a_server_that_falls_silent_is_asked_anew_from_where_it_was() -> None:
    released = threading.Event()

    def silent(request: Odd) -> None:
        request.begin(200)
        bookmark = {"metadata": {"resourceVersion": "9"}}
        request.wfile.write(json.dumps({"type": "BOOKMARK", "object": bookmark}).encode() + b"\n")
        request.wfile.flush()
        released.wait()

    with (
        odd(silent) as (url, asked),
        following(Line(ClusterAddress(url=url), silent_s=1.0), PODS) as ear,
    ):
        eventually(lambda: sum("resourceVersion=9" in path for path in asked) > 1, "a retry")
        assert any("timed out" in why.lower() for why in ear.failures)
        assert ear.lists[PODS] == 1
        released.set()


@pytest.mark.parametrize(
    ("line", "lists"),
    [
        ({"type": "ERROR", "object": {"code": 410, "message": "too old"}}, True),
        ({"type": "ERROR", "object": {"code": 500, "message": "etcd"}}, False),
        ({"type": "ADDED", "object": "no object"}, False),
        ("no line", False),
    ],
)
def test_what_a_watch_ends_with_says_whether_a_list_is_needed(line: Any, lists: bool) -> None:
    def fails(request: Odd) -> None:
        request.begin(200)
        request.wfile.write(json.dumps(line).encode() + b"\n")

    with odd(fails) as (url, asked), following(Line(ClusterAddress(url=url)), PODS) as ear:
        eventually(lambda: sum("watch=" in path for path in asked) > 2, "retries")
        assert (ear.lists[PODS] > 1) is lists
        assert bool(ear.failures) is not lists


def test_a_watch_that_never_comes_far_gives_way_to_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after etcd was put back to an older state: of that moment no server knows any more."""
    monkeypatch.setattr(follow, "RETRY_MOST_S", 0.01)

    def refuses(request: Odd) -> None:
        body = json.dumps({"code": 504, "message": "Too large resource version"}).encode()
        request.begin(504, len(body))
        request.wfile.write(body)

    with odd(refuses) as (url, asked), following(Line(ClusterAddress(url=url)), PODS) as ear:
        eventually(lambda: ear.lists[PODS] > 1, "another list")
        (first, second, *_) = (at for at, path in enumerate(asked) if "watch=" not in path)
        assert second - first == 1 + follow.REFUSED_MAX


def test_a_watch_that_broke_off_after_long_is_soon_taken_up_again() -> None:
    """However often: some proxies cut what is silent for a minute."""

    class Cut:
        def get(self, path: str) -> tuple[int, bytes]:
            return 200, b'{"metadata": {"resourceVersion": "7"}}'

        def follow(self, path: str) -> tuple[int, Iterator[bytes]]:
            clock[0] += 60.0
            raise ConnectionError("reset")

    class Stopping(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout or 0.0)
            if len(pauses) == 9:
                self.set()
            return True

    clock, pauses = [0.0], list[float]()
    kind = next(one for one in KINDS if one.name == PODS)
    Follower(Cut(), kind, Ear(), Stopping(), lambda: 1.0, lambda: clock[0]).run()
    assert pauses == [follow.RETRY_FIRST_S] * 9


def test_a_list_whose_next_page_has_expired_begins_anew() -> None:
    def ends(request: Odd) -> None:
        request.begin(200)

    with odd(ends, pages=1) as (url, asked), following(Line(ClusterAddress(url=url)), PODS) as ear:
        assert [("continue=" in path) for path in asked[:3]] == [False, True, False]
        assert ear.failures[0].startswith("pods: 410")
        assert ear.lists[PODS] == 1, "no half of a list was heard"


def test_a_watch_that_is_refused_is_said() -> None:
    def forbids(request: Odd) -> None:
        body = json.dumps({"kind": "Status", "code": 403, "message": "no pods for you"}).encode()
        request.begin(403, len(body))
        request.wfile.write(body)

    with odd(forbids) as (url, _), following(Line(ClusterAddress(url=url)), PODS) as ear:
        eventually(lambda: ear.failures, "the refusal")
        assert ear.failures[0] == "pods: 403: no pods for you"
