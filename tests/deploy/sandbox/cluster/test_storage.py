"""Claims to storage: bound to volumes, and grown only where their class allows it."""

from collections.abc import Callable, Iterator

import pytest
from kubernetes import client

from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import OTHER_CLUSTER, Clients, eventually, refused

SANDBOX_DISK = "sandbox.mendlog.io/disk"
Make = Callable[..., str]


@pytest.fixture
def storage_class(kube: Clients, namespace: str) -> Iterator[Make]:
    """Makes classes that go with the test."""
    made: list[str] = []

    def make(name: str, *, grows: bool, provisioner: str = "example.com/none") -> str:
        full = f"{namespace}-{name}"
        body = {"metadata": {"name": full}, "provisioner": provisioner}
        kube.storage.create_storage_class(body | {"allowVolumeExpansion": grows})
        made.append(full)
        return full

    yield make
    for name in made:
        kube.storage.delete_storage_class(name)


@pytest.fixture
def volume(kube: Clients, namespace: str) -> Iterator[Make]:
    made: list[str] = []

    def make(kind: str) -> str:
        name = f"{namespace}-{len(made)}"
        kube.core.create_persistent_volume(workloads.volume(name, kind))
        made.append(name)
        return name

    yield make
    for name in made:
        kube.core.delete_persistent_volume(name)


def read(kube: Clients, namespace: str) -> client.V1PersistentVolumeClaim:
    return kube.core.read_namespaced_persistent_volume_claim("disk", namespace)


def bound(kube: Clients, namespace: str, **spec) -> client.V1PersistentVolumeClaim:
    body = workloads.claim(**spec)
    made = kube.core.create_namespaced_persistent_volume_claim(namespace, body)
    assert (made.status.phase, made.metadata.finalizers) == (
        "Pending",
        ["kubernetes.io/pvc-protection"],
    )
    eventually(lambda: read(kube, namespace).status.phase == "Bound", "the claim to be bound")
    return read(kube, namespace)


def ask(kube: Clients, namespace: str, storage: str, **options) -> client.V1PersistentVolumeClaim:
    patch = [{"op": "replace", "path": "/spec/resources/requests/storage", "value": storage}]
    change = kube.core.patch_namespaced_persistent_volume_claim
    return change("disk", namespace, patch, **options)


def test_a_claim_takes_the_volume_it_names(
    kube: Clients, namespace: str, storage_class: Make, volume: Make
):
    kind = storage_class("fixed", grows=False)
    name = volume(kind)
    claim = bound(kube, namespace, storageClassName=kind, volumeName=name)
    assert claim.status.capacity == {"storage": "1Gi"}
    taken = kube.core.read_persistent_volume(name)
    assert (taken.spec.claim_ref.uid, taken.status.phase) == (claim.metadata.uid, "Bound")
    kube.core.delete_namespaced_persistent_volume_claim("disk", namespace)

    def released() -> bool:
        return kube.core.read_persistent_volume(name).status.phase == "Released"

    eventually(released, "the volume to be released")
    refused(404, read, kube, namespace)


def test_a_claim_grows_where_its_class_allows_it(
    kube: Clients, namespace: str, storage_class: Make, volume: Make
):
    kind = storage_class("grows", grows=True)
    bound(kube, namespace, storageClassName=kind, volumeName=volume(kind))
    assert ask(kube, namespace, "2Gi", dry_run="All").spec.resources.requests["storage"] == "2Gi"
    grown = ask(kube, namespace, "2048Mi")
    assert grown.spec.resources.requests == {"storage": "2Gi"}
    assert grown.metadata.generation is None


@pytest.mark.parametrize("options", [{}, {"dry_run": "All"}], ids=["for real", "dry run"])
def test_elsewhere_it_does_not(
    kube: Clients, namespace: str, storage_class: Make, volume: Make, options: dict
):
    kind = storage_class("fixed", grows=False)
    bound(kube, namespace, storageClassName=kind, volumeName=volume(kind))
    status = refused(403, ask, kube, namespace, "2Gi", **options)
    assert status == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'persistentvolumeclaims "disk" is forbidden: only dynamically provisioned pvc '
        "can be resized and the storageclass that provisions the pvc must support resize",
        "reason": "Forbidden",
        "details": {"name": "disk", "kind": "persistentvolumeclaims"},
        "code": 403,
    }
    assert read(kube, namespace).spec.resources.requests == {"storage": "1Gi"}


def test_no_claim_gets_smaller_than_what_it_has(
    kube: Clients, namespace: str, storage_class: Make, volume: Make
):
    kind = storage_class("grows", grows=True)
    bound(kube, namespace, storageClassName=kind, volumeName=volume(kind))
    status = refused(422, ask, kube, namespace, "512Mi")
    (cause,) = status["details"]["causes"]
    assert cause == {
        "reason": "FieldValueForbidden",
        "message": "Forbidden: field can not be less than status.capacity",
        "field": "spec.resources.requests.storage",
    }


def test_a_claim_that_is_not_bound_does_not_change(kube: Clients, namespace: str):
    body = workloads.claim(storageClassName="nothing")
    kube.core.create_namespaced_persistent_volume_claim(namespace, body)
    status = refused(422, ask, kube, namespace, "2Gi")
    assert status["message"].startswith(
        'PersistentVolumeClaim "disk" is invalid: spec: Forbidden: spec is immutable after '
        "creation except resources.requests and volumeAttributesClassName for bound claims"
    )


@pytest.mark.skipif(bool(OTHER_CLUSTER), reason="only the sandbox has such disks")
def test_a_sandbox_disk_is_made_for_its_claim_and_grows_with_it(
    kube: Clients, namespace: str, storage_class: Make
):
    kind = storage_class("disk", grows=True, provisioner=SANDBOX_DISK)
    claim = bound(kube, namespace, storageClassName=kind)
    name = claim.spec.volume_name
    ask(kube, namespace, "3Gi")

    def grown() -> bool:
        return read(kube, namespace).status.capacity == {"storage": "3Gi"}

    eventually(grown, "the capacity")
    assert kube.core.read_persistent_volume(name).spec.capacity == {"storage": "3Gi"}
    kube.core.delete_namespaced_persistent_volume_claim("disk", namespace)

    def gone() -> bool:
        return name not in [one.metadata.name for one in kube.core.list_persistent_volume().items]

    eventually(gone, "the volume to go")


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({}, "spec", "Required value: must specify a volume type"),
        ({"capacity": {"storage": "0"}}, "spec.capacity[storage]", "must be greater than zero"),
        ({"capacity": {"cpu": "1"}}, "spec.capacity", 'supported values: "storage"'),
    ],
)
def test_a_volume_says_how_large_and_where_it_is(
    kube: Clients, spec: dict, field: str, message: str
):
    body = {"metadata": {"name": "nowhere"}, "spec": spec}
    status = refused(422, kube.core.create_persistent_volume, body, dry_run="All")
    found = [(cause["field"], cause["message"]) for cause in status["details"]["causes"]]
    assert any(where == field and text.endswith(message) for where, text in found)
