"""Autoscalers: a raised floor or a lowered ceiling scales the deployment, metrics or not."""

from kubernetes import client

from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import Clients, eventually

BODY = {"metadata": {"name": "web"}, "spec": {"scaleTargetRef": workloads.DEPLOYMENT}}


def scaled_to(kube: Clients, namespace: str, replicas: int) -> None:
    def scaled() -> bool:
        found = kube.apps.read_namespaced_deployment("web", namespace)
        return found.spec.replicas == replicas

    eventually(scaled, f"{replicas} replicas")


def test_replicas_stay_between_the_floor_and_the_ceiling(kube: Clients, namespace: str):
    api = client.AutoscalingV2Api(kube.api)
    body = workloads.deployment(replicas=1, template={"nodeSelector": {"no": "where"}})
    kube.apps.create_namespaced_deployment(namespace, body)
    limits = {"minReplicas": 3, "maxReplicas": 5}
    made = BODY | {"spec": BODY["spec"] | limits}
    api.create_namespaced_horizontal_pod_autoscaler(namespace, made)
    scaled_to(kube, namespace, 3)

    def told() -> bool:
        status = api.read_namespaced_horizontal_pod_autoscaler("web", namespace).status
        return (status.current_replicas, status.desired_replicas) == (1, 3)

    eventually(told, "its status")
    found = kube.apps.read_namespaced_deployment("web", namespace)
    owners = [one for one in found.metadata.managed_fields if one.subresource == "scale"]
    assert [one.fields_v1 for one in owners] == [{"f:spec": {"f:replicas": {}}}]
    lower = [
        {"op": "test", "path": "/spec/minReplicas", "value": 3},
        {"op": "test", "path": "/metadata/generation", "value": None},
        {"op": "replace", "path": "/spec/minReplicas", "value": 1},
        {"op": "replace", "path": "/spec/maxReplicas", "value": 2},
    ]
    api.patch_namespaced_horizontal_pod_autoscaler("web", namespace, lower)
    scaled_to(kube, namespace, 2)
