"""`mendlog clusters`: what it says of clusters that answer, and of those that do not."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.cli.conftest import Mendlog
from tests.remediators.adapters.test_client import Server, answers


@pytest.fixture
def there() -> Iterator[Server]:
    server = Server(answers("200 OK", '{"gitVersion": "v1.33.1"}'))
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address that refuses connections, and that nobody else gets meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_a_cluster_that_answers(mendlog: Mendlog, there: Server):
    done = mendlog("clusters", CLUSTERS=json.dumps({"eu-1": {"url": there.url}}))
    assert done.exit_code == 0
    assert done.out.split("\n")[1].split()[:3] == ["eu-1", there.url, "v1.33.1"]
    assert there.requests[0].startswith(b"GET /version ")


def test_one_that_does_not_is_told_beside_one_that_does(
    mendlog: Mendlog, there: Server, nobody: str, tmp_path: Path
):
    file = tmp_path / "clusters.yaml"
    clusters = {
        "eu-1": {"url": there.url},
        "us-1": {"url": nobody},
        "ap-1": {"context": "ap", "kubeconfig": str(tmp_path / "none")},
    }
    file.write_text(json.dumps({"clusters": clusters}))
    done = mendlog("clusters", str(file), "--json")
    assert done.exit_code == 1
    eu, us, ap = json.loads(done.out)
    assert (eu["cluster"], eu["version"], eu["fault"]) == ("eu-1", "v1.33.1", "")
    assert eu["latency_ms"] > 0
    assert (us["version"], us["latency_ms"]) == (None, None)
    assert us["fault"].startswith("never_sent: ")
    assert ap["reached_by"] == "context ap"
    assert ap["fault"]


def test_one_that_refuses_our_credentials(mendlog: Mendlog):
    server = Server(answers("401 Unauthorized", '{"message": "who are you?"}'))
    done = mendlog("clusters", CLUSTERS=json.dumps({"eu-1": {"url": server.url}}))
    server.close()
    assert done.exit_code == 1
    assert "forbidden: 401: who are you?" in done.out


def test_a_file_that_cannot_be_used(mendlog: Mendlog, tmp_path: Path):
    file = tmp_path / "clusters.yaml"
    file.write_text("clusters:\n  a: {}\n")
    done = mendlog("clusters", CLUSTERS_FILE=str(file))
    assert done.exit_code == 78
    needs = "a cluster needs exactly one of url, context, in_cluster and eks"
    assert done.err == f"mendlog: {file}:2:6: clusters.a: {needs}\n"


def test_none_at_all(mendlog: Mendlog):
    done = mendlog("clusters")
    assert done.exit_code == 1
    assert "MENDLOG_CLUSTERS_FILE" in done.err
