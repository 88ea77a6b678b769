"""The demo's objects: a namespace, the checkout deployment and its disruption budget."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.sandbox.cluster.objects import Json

NAMESPACE = "shop"
NAME = "checkout"
PORT = 8080
OPT_IN = "mendlog.io/enabled"

DEMO_ENV = {"CHAOS_ENABLED": "1", "HEAP_MB": "64", "DRAIN_DELAY_MS": "300"}


@dataclass(frozen=True, slots=True)
class Checkout:
    """What may differ from one checkout to another."""

    namespace: str = NAMESPACE
    name: str = NAME
    replicas: int = 3
    surge: int | str = 3
    unavailable: int | str = 0
    image: str = "mendlog/checkout:1.0.0"
    env: Mapping[str, str] = field(default_factory=lambda: DEMO_ENV)
    enabled: bool = True


def namespace(name: str = NAMESPACE) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def deployment(checkout: Checkout = Checkout()) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": checkout.name,
            "namespace": checkout.namespace,
            "labels": {"app": checkout.name},
            "annotations": {OPT_IN: "true" if checkout.enabled else "false"},
        },
        "spec": {
            "replicas": checkout.replicas,
            "selector": {"matchLabels": {"app": checkout.name}},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {
                    "maxSurge": checkout.surge,
                    "maxUnavailable": checkout.unavailable,
                },
            },
            "template": {
                "metadata": {"labels": {"app": checkout.name}},
                "spec": {
                    "terminationGracePeriodSeconds": 10,
                    "containers": [container(checkout)],
                },
            },
        },
    }


def container(checkout: Checkout) -> Json:
    return {
        "name": checkout.name,
        "image": checkout.image,
        "command": ["python", "-m", "checkout"],
        "env": [{"name": key, "value": value} for key, value in checkout.env.items()],
        "ports": [{"name": "http", "containerPort": PORT}],
        "resources": {
            "requests": {"cpu": "50m", "memory": "128Mi"},
            "limits": {"memory": "256Mi"},
        },
        "startupProbe": _probe("/startupz", failures=300),
        "readinessProbe": _probe("/readyz", failures=2),
        "livenessProbe": _probe("/healthz", failures=5, period_s=5),
    }


def budget(checkout: Checkout = Checkout(), min_available: int | str = 2) -> Json:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": checkout.name, "namespace": checkout.namespace},
        "spec": {
            "minAvailable": min_available,
            "selector": {"matchLabels": {"app": checkout.name}},
        },
    }


def _probe(path: str, *, failures: int, period_s: int = 1) -> Json:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": period_s,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }
