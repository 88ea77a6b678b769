"""What each kind refuses, by field and in the real API's words."""

import pytest

from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import Clients
from tests.deploy.sandbox.cluster.test_kinds import (
    APPS,
    AUTOSCALER,
    AUTOSCALING,
    BATCH,
    CORE,
    NETWORKING,
    in_namespace,
)

EVENTS = "/apis/events.k8s.io/v1"
AT = "2026-11-21T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("prefix", "plural", "body", "field", "message"),
    [
        (
            APPS,
            "statefulsets",
            workloads.stateful_set(replicas=-1),
            "spec.replicas",
            "Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            APPS,
            "statefulsets",
            workloads.stateful_set(podManagementPolicy="Any"),
            "spec.podManagementPolicy",
            "Invalid value: \"Any\": must be 'OrderedReady' or 'Parallel'",
        ),
        (
            BATCH,
            "jobs",
            workloads.job(policy="Always"),
            "spec.template.spec.restartPolicy",
            'Required value: valid values: "OnFailure", "Never"',
        ),
        (
            BATCH,
            "jobs",
            workloads.job(backoffLimit=-1),
            "spec.backoffLimit",
            "Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            BATCH,
            "cronjobs",
            workloads.cron_job(schedule="daily"),
            "spec.schedule",
            'Invalid value: "daily": expected exactly 5 fields, found 1: [daily]',
        ),
        (
            AUTOSCALING,
            "horizontalpodautoscalers",
            {**AUTOSCALER, "spec": {**AUTOSCALER["spec"], "minReplicas": 4}},
            "spec.maxReplicas",
            "Invalid value: 3: must be greater than or equal to `minReplicas`",
        ),
        (
            AUTOSCALING,
            "horizontalpodautoscalers",
            {**AUTOSCALER, "spec": {**AUTOSCALER["spec"], "maxReplicas": 0}},
            "spec.maxReplicas",
            "Required value: must be set and greater than 0",
        ),
        (CORE, "services", workloads.service(ports=[]), "spec.ports", "Required value"),
        (
            CORE,
            "services",
            workloads.service(type="Any"),
            "spec.type",
            'Unsupported value: "Any": supported values: '
            '"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
        ),
        (
            NETWORKING,
            "ingresses",
            {"metadata": {"name": "web"}},
            "spec",
            "Invalid value: null: either `defaultBackend` or `rules` must be specified",
        ),
        (
            CORE,
            "persistentvolumeclaims",
            workloads.claim(accessModes=[]),
            "spec.accessModes",
            "Required value: at least 1 access mode is required",
        ),
        (
            CORE,
            "persistentvolumeclaims",
            workloads.claim(storage="0"),
            "spec.resources[storage]",
            'Invalid value: "0": must be greater than zero',
        ),
        (
            CORE,
            "events",
            {"metadata": {"name": "one"}, "involvedObject": {"namespace": "elsewhere"}},
            "involvedObject.namespace",
            'Invalid value: "elsewhere": does not match event.namespace',
        ),
        (
            CORE,
            "events",
            {"metadata": {"name": "one"}, "involvedObject": {"kind": "Node", "name": "node-a"}},
            "involvedObject.namespace",
            'Invalid value: "": does not match event.namespace',
        ),
        (
            EVENTS,
            "events",
            {"metadata": {"name": "one"}, "type": "Normal"},
            "eventTime",
            "Required value",
        ),
        (
            EVENTS,
            "events",
            {"metadata": {"name": "one"}, "eventTime": AT, "type": "Odd"},
            "type",
            'Invalid value: "": has invalid value: Odd',
        ),
        (
            EVENTS,
            "events",
            {"metadata": {"name": "one"}, "eventTime": AT, "type": "Normal"},
            "reportingInstance",
            "Required value",
        ),
        (
            APPS,
            "deployments",
            workloads.deployment(selector={"matchExpressions": [{"key": "a", "operator": "Is"}]}),
            "spec.selector.matchExpressions[0].operator",
            'Invalid value: "Is": not a valid selector operator',
        ),
        (
            APPS,
            "deployments",
            workloads.deployment(selector={"matchExpressions": [{"key": "a", "operator": "In"}]}),
            "spec.selector.matchExpressions[0].values",
            "Required value: must be specified when `operator` is 'In' or 'NotIn'",
        ),
        (
            CORE,
            "configmaps",
            {"metadata": {"name": "flags"}, "data": {"a": "1"}, "binaryData": {"a": "MQ=="}},
            "data[a]",
            'Invalid value: "a": duplicate of key present in binaryData',
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.islower() else "",
)
def test_refusals(
    kube: Clients, namespace: str, prefix: str, plural: str, body: dict, field: str, message: str
):
    code, _, status = kube.send("POST", in_namespace(namespace, prefix, plural), body)
    assert (code, status["reason"]) == (422, "Invalid")
    found = [(cause["field"], cause["message"]) for cause in status["details"]["causes"]]
    assert (field, message) in found
