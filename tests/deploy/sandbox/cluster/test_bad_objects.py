"""Whatever is sent in the place of any field: taken, or refused in words. Never a bug."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from deploy.sandbox.cluster import manifests
from deploy.sandbox.cluster.api.decoding import PATCH_TYPES, Decoder
from deploy.sandbox.cluster.api.errors import ApiError
from deploy.sandbox.cluster.api.managed_fields import Writer
from deploy.sandbox.cluster.api.registry import Registry, Write
from deploy.sandbox.cluster.api.resources import (
    AUTOSCALERS,
    BUDGETS,
    CLAIMS,
    CONFIG_MAPS,
    CRON_JOBS,
    DAEMON_SETS,
    DEPLOYMENTS,
    EVENTS,
    INGRESSES,
    JOBS,
    LEASES,
    NAMESPACES,
    NODES,
    PODS,
    REPLICA_SETS,
    SERVICES,
    STATEFUL_SETS,
    STORAGE_CLASSES,
    VOLUMES,
    Resource,
)
from deploy.sandbox.cluster.api.store import Store
from tests.deploy.sandbox.cluster import workloads

SOMEONE = Write(Writer("someone"))
INSTEAD: tuple[Any, ...] = (None, {}, [], "", "x", 0, -1, 2.5, True, [{}], [None], {"a": None})
NAMESPACE = "shop"

VALID: dict[Resource, dict] = {
    DEPLOYMENTS: manifests.deployment(),
    BUDGETS: manifests.budget(),
    PODS: workloads.pod(),
    CONFIG_MAPS: {"metadata": {"name": "flags"}, "data": {"a": "1"}},
    NODES: {"metadata": {"name": "n"}, "spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}},
    LEASES: {"metadata": {"name": "leader"}, "spec": {"holderIdentity": "a"}},
    EVENTS: {
        "metadata": {"name": "one"},
        "involvedObject": {"kind": "Pod", "namespace": NAMESPACE},
        "reason": "R",
    },
    STATEFUL_SETS: workloads.stateful_set(),
    DAEMON_SETS: workloads.daemon_set(),
    REPLICA_SETS: workloads.deployment(
        selector={"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}
    ),
    JOBS: workloads.job(),
    CRON_JOBS: workloads.cron_job(),
    SERVICES: workloads.service(),
    INGRESSES: workloads.ingress(),
    CLAIMS: workloads.claim(),
    VOLUMES: workloads.volume("disk", "fast"),
    STORAGE_CLASSES: {"metadata": {"name": "fast"}, "provisioner": "example.com/disk"},
    AUTOSCALERS: {
        "metadata": {"name": "web"},
        "spec": {"maxReplicas": 2, "scaleTargetRef": workloads.DEPLOYMENT},
    },
}


def spoiled(valid: Any) -> Iterator[Any]:
    """Copies of a document with something else in the place of each of its values."""
    yield from INSTEAD
    children = valid.items() if isinstance(valid, dict) else enumerate(valid)
    for key, child in children:
        replacements = spoiled(child) if isinstance(child, (dict, list)) else INSTEAD
        for replacement in replacements:
            copied = copy.deepcopy(valid)
            copied[key] = replacement
            yield copied


@pytest.fixture
def registry() -> Registry:
    empty = Registry(Store())
    empty.create(NAMESPACES, "", {"metadata": {"name": NAMESPACE}}, SOMEONE)
    return empty


def code_of(call: Callable[[], object]) -> int:
    try:
        call()
    except ApiError as refusal:
        return refusal.code
    return 200


@pytest.mark.parametrize("resource", VALID, ids=lambda resource: resource.plural)
def test_spoiled_objects(registry: Registry, resource: Resource):
    space = NAMESPACE if resource.namespaced else ""

    def create(body: Any) -> None:
        obj = Decoder().object(resource, json.dumps(body).encode())
        registry.create(resource, space, obj, Write(SOMEONE.writer, dry_run=True))

    codes = {code_of(lambda: create(body)) for body in spoiled(VALID[resource])}  # noqa: B023
    assert codes == {200, 400, 422}


@pytest.mark.parametrize("content_type", PATCH_TYPES)
def test_spoiled_patches(registry: Registry, content_type: str):
    registry.create(DEPLOYMENTS, NAMESPACE, manifests.deployment(), SOMEONE)

    def update(patch: Any) -> None:
        body = json.dumps(patch).encode()
        change = Decoder().patch(DEPLOYMENTS, DEPLOYMENTS.model, content_type, body)
        dry = Write(SOMEONE.writer, dry_run=True)
        registry.update(DEPLOYMENTS, NAMESPACE, "checkout", change, dry)

    operation = {"op": "replace", "path": "/spec/replicas", "value": 2}
    wanted = manifests.deployment(manifests.Checkout(replicas=2, env={"A": "1"}))
    patches = spoiled([operation] if "json-patch" in content_type else wanted)
    codes = {code_of(lambda: update(patch)) for patch in patches}  # noqa: B023
    assert codes == {200, 400, 422}
