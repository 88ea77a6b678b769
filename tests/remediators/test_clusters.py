"""The file of clusters: what it may say, and how it is told what is wrong with it."""

import re
from pathlib import Path

import pytest

from remediators.clusters import ApiLimits, CircuitLimits, ClusterAddress, EksAddress, read_clusters
from remediators.reading import BadFile
from remediators.settings import ExecutorSettings

EKS = {"name": "shop", "region": "eu-central-1", "endpoint": "https://x.eks.example"}
WHOLE = """
clusters:
  here: {in_cluster: true}
  eu-1: {context: eu, kubeconfig: /etc/kube}
  sandbox: {url: "http://127.0.0.1:8001"}
  us-1:
    eks:
      name: shop
      region: us-gov-west-1
      endpoint: https://x.eks.example
      ca: UEVN
      role_arn: arn:aws:iam::1:role/mendlog
    limits: {requests_per_s: 20, burst: 40}
    circuit: {failures_max: 3, open_first_s: 0.5, open_most_s: 30}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "clusters.yaml"


def test_each_way_to_a_cluster(file: Path):
    file.write_text(WHOLE)
    found = read_clusters(file)
    assert found["here"] == ClusterAddress(in_cluster=True)
    assert found["eu-1"] == ClusterAddress(context="eu", kubeconfig="/etc/kube")
    assert found["sandbox"] == ClusterAddress(url="http://127.0.0.1:8001")
    assert found["us-1"] == ClusterAddress(
        eks=EksAddress(
            name="shop",
            region="us-gov-west-1",
            endpoint="https://x.eks.example",
            ca="UEVN",
            role_arn="arn:aws:iam::1:role/mendlog",
        ),
        limits=ApiLimits(requests_per_s=20, burst=40),
        circuit=CircuitLimits(failures_max=3, open_first_s=0.5, open_most_s=30),
    )


def test_each_says_how_it_is_reached(file: Path):
    file.write_text(WHOLE)
    assert {name: str(address) for name, address in read_clusters(file).items()} == {
        "here": "in the cluster itself",
        "eu-1": "context eu",
        "sandbox": "http://127.0.0.1:8001",
        "us-1": "eks shop in us-gov-west-1",
    }


def told(file: Path) -> list[str]:
    with pytest.raises(BadFile) as raised:
        read_clusters(file)
    return [fault.removeprefix(f"{file}:") for fault in raised.value.faults]


def test_all_that_is_wrong_is_told_with_its_place(file: Path):
    file.write_text(
        "clusters:\n"
        "  a: {context: x, limits: {burst: -1}, colour: red}\n"
        "  b: {in_cluster: true, circuit: {open_first_s: 20}}\n"
        "  c: {eks: {name: shop, region: nowhere}}\n"
    )
    assert told(file) == [
        "2:35: clusters.a.limits.burst: input should be greater than 0",
        "2:48: clusters.a.colour: unknown key",
        "3:34: clusters.b.circuit: open_most_s is less than open_first_s",
        "4:33: clusters.c.eks.region: expected a region such as eu-central-1",
        "4:12: clusters.c.eks.endpoint: field required",
    ]


def test_a_cluster_that_is_there_twice_is_not_overwritten_in_silence(file: Path):
    file.write_text("clusters:\n  a: {context: x}\n  a: {context: y}\n")
    assert told(file) == ["3:3: 'a' is here twice"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "clusters: 3",
        "clusters: {a: {}}",
        "clusters: {a: {url: x, context: y}}",
        "clusters: {a: {url: x, kubeconfig: y}}",
        "a: [",
    ],
)
def test_a_file_that_cannot_be_used(file: Path, text: str):
    file.write_text(text)
    assert told(file)


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "http://x.eks.example"},
        {"endpoint": "x.eks.example"},
        {"region": "eu-central-1a/../.."},
        {"name": ""},
        {"ca": "UEVN", "ca_file": "/etc/ca"},
    ],
)
def test_what_is_no_address_at_eks(wrong: dict[str, str]):
    with pytest.raises(ValueError, match="1 validation error"):
        EksAddress.model_validate({**EKS, **wrong})


def test_a_file_that_cannot_be_read(file: Path):
    (fault,) = told(file)
    assert "cannot be read" in fault
    file.write_bytes(b"\xff")
    (fault,) = told(file)
    assert "cannot be read" in fault


def test_the_page_shows_a_file_that_can_be_used_and_the_limits_as_they_are(file: Path):
    page = (Path(__file__).parents[2] / "docs" / "clusters.md").read_text()
    (shown,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    file.write_text(shown)
    assert set(read_clusters(file)) == {"here", "eu-1", "sandbox", "us-1"}
    limits, circuit, settings = ApiLimits(), CircuitLimits(), ExecutorSettings()
    assert f"| {limits.requests_per_s:g}, {limits.burst} |" in page
    assert f"| {circuit.failures_max} |" in page
    assert f"| {circuit.open_first_s:g}, {circuit.open_most_s:g} |" in page
    assert f"{settings.threads_per_cluster} (`MENDLOG_THREADS_PER_CLUSTER`)" in page
    assert f"{settings.in_flight_max} (`MENDLOG_IN_FLIGHT_MAX`)" in page
    assert f"{settings.held_max:,} commands of a partition (`MENDLOG_HELD_MAX`)" in page
