"""Every kind that actions touch: its defaults, and its generation."""

import pytest

from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import Clients, eventually

APPS, BATCH, CORE = "/apis/apps/v1", "/apis/batch/v1", "/api/v1"
AUTOSCALING, NETWORKING = "/apis/autoscaling/v2", "/apis/networking.k8s.io/v1"
POLICY, ARGO = "/apis/policy/v1", "/apis/argoproj.io/v1alpha1"
NOWHERE = {"nodeSelector": {"nowhere": "to-be-found"}}
MERGE = {"Content-Type": "application/merge-patch+json"}

AUTOSCALER = {
    "metadata": {"name": "web"},
    "spec": {"scaleTargetRef": workloads.DEPLOYMENT, "maxReplicas": 3},
}
ROLLOUT = {
    # Of what it was taught, a real server wants to hear the kind.
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Rollout",
    "metadata": {"name": "web"},
    "spec": {"strategy": {"canary": {}}},
}
CONFIG = {"metadata": {"name": "flags"}, "data": {"a": "1"}}


def in_namespace(namespace: str, prefix: str, plural: str) -> str:
    return f"{prefix}/namespaces/{namespace}/{plural}"


@pytest.mark.parametrize(
    ("prefix", "plural", "body", "change", "counts"),
    [
        (APPS, "deployments", workloads.deployment(paused=True), {"replicas": 1}, True),
        (APPS, "statefulsets", workloads.stateful_set(), {"minReadySeconds": 1}, True),
        (APPS, "daemonsets", workloads.daemon_set(template=NOWHERE), {"minReadySeconds": 1}, True),
        (BATCH, "jobs", workloads.job(suspend=True), {"parallelism": 2}, True),
        (BATCH, "cronjobs", workloads.cron_job(), {"suspend": True}, True),
        (CORE, "pods", workloads.pod(**NOWHERE), {"activeDeadlineSeconds": 9}, True),
        (NETWORKING, "ingresses", workloads.ingress(), {"ingressClassName": "a"}, True),
        (ARGO, "rollouts", ROLLOUT, {"paused": True}, True),
        (POLICY, "poddisruptionbudgets", workloads.budget(), {"maxUnavailable": 2}, True),
        (CORE, "services", workloads.service(), {"selector": {"app": "blue"}}, False),
        (CORE, "configmaps", CONFIG, None, False),
        (CORE, "persistentvolumeclaims", workloads.claim(), None, False),
        (AUTOSCALING, "horizontalpodautoscalers", AUTOSCALER, {"minReplicas": 2}, False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_who_counts_generations(
    kube: Clients,
    namespace: str,
    prefix: str,
    plural: str,
    body: dict,
    change: dict | None,
    counts: bool,
):
    path = in_namespace(namespace, prefix, plural)
    code, _, made = kube.send("POST", path, body)
    assert (code, made["metadata"].get("generation")) == (201, 1 if counts else None)
    one = f"{path}/{made['metadata']['name']}"
    patch = {"spec": change} if change else {"metadata": {"labels": {"a": "1"}}}
    code, _, changed = kube.send("PATCH", one, patch, **MERGE)
    assert (code, changed["metadata"].get("generation")) == (200, 2 if counts else None)
    assert kube.send("GET", one)[0] == 200
    listed = kube.send("GET", f"{path}?fieldSelector=metadata.name={made['metadata']['name']}")[2]
    assert len(listed["items"]) == 1
    assert kube.send("DELETE", one)[0] == 200


def test_nodes_do_not_count_generations(kube: Clients):
    kube.core.create_node({"metadata": {"name": "bare"}})
    try:
        patched = kube.core.patch_node("bare", {"spec": {"unschedulable": True}})
        assert (patched.metadata.generation, patched.spec.unschedulable) == (None, True)

        def tainted() -> bool:
            taints = kube.core.read_node("bare").spec.taints or ()
            marks = [one for one in taints if one.key == "node.kubernetes.io/unschedulable"]
            return [one.effect for one in marks] == ["NoSchedule"]

        eventually(tainted, "the taint of a cordoned node")
        assert named(kube, "spec.unschedulable=true") == ["bare"]
        assert named(kube, "spec.unschedulable=false") == []
        absent = [
            {"op": "remove", "path": "/spec/unschedulable"},
            {"op": "test", "path": "/spec/unschedulable", "value": None},
        ]
        assert kube.core.patch_node("bare", absent).spec.unschedulable is None
    finally:
        kube.core.delete_node("bare")


def named(kube: Clients, fields: str) -> list[str]:
    selector = f"{fields},metadata.name=bare"
    return [one.metadata.name for one in kube.core.list_node(field_selector=selector).items]


@pytest.mark.parametrize(
    ("prefix", "plural", "body", "expected"),
    [
        (
            APPS,
            "statefulsets",
            workloads.stateful_set(),
            {
                "podManagementPolicy": "OrderedReady",
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
                "revisionHistoryLimit": 10,
                "persistentVolumeClaimRetentionPolicy": {
                    "whenDeleted": "Retain",
                    "whenScaled": "Retain",
                },
            },
        ),
        (
            APPS,
            "daemonsets",
            workloads.daemon_set(),
            {
                "updateStrategy": {
                    "type": "RollingUpdate",
                    "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0},
                },
                "revisionHistoryLimit": 10,
            },
        ),
        (
            BATCH,
            "jobs",
            workloads.job(),
            {
                "parallelism": 1,
                "completions": 1,
                "backoffLimit": 6,
                "completionMode": "NonIndexed",
                "suspend": False,
                "manualSelector": False,
            },
        ),
        (
            BATCH,
            "cronjobs",
            workloads.cron_job(),
            {"concurrencyPolicy": "Allow", "suspend": False, "failedJobsHistoryLimit": 1},
        ),
        (
            CORE,
            "services",
            workloads.service(),
            {
                "type": "ClusterIP",
                "sessionAffinity": "None",
                "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
                "internalTrafficPolicy": "Cluster",
            },
        ),
        (
            CORE,
            "services",
            workloads.service(clusterIP="None", ports=[]),
            {"clusterIP": "None", "clusterIPs": ["None"]},
        ),
        (CORE, "persistentvolumeclaims", workloads.claim(), {"volumeMode": "Filesystem"}),
        (
            CORE,
            "persistentvolumeclaims",
            workloads.claim(storage="1024Mi"),
            {"resources": {"requests": {"storage": "1Gi"}}},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_defaults(
    kube: Clients, namespace: str, prefix: str, plural: str, body: dict, expected: dict
):
    path = in_namespace(namespace, prefix, plural)
    code, _, made = kube.send("POST", f"{path}?dryRun=All", body)
    assert code == 201, made
    assert {key: made["spec"].get(key) for key in expected} == expected
