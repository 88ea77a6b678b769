"""What traffic is shifted by: a canary's Ingress, and a Service between two releases."""

from typing import Any

from schemas.kinds import INGRESS, POD, SERVICE
from schemas.remediation import Target

Object = dict[str, Any]
THE_CANARY = Target("eu-1", "shop", INGRESS, "web-canary")
CANARY_INGRESS: Object = {
    "metadata": {
        "annotations": {
            "mendlog.io/enabled": "true",
            "nginx.ingress.kubernetes.io/canary": "true",
            "nginx.ingress.kubernetes.io/canary-weight": "10",
        }
    },
    "spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}},
}
THE_SERVICE = Target("eu-1", "shop", SERVICE, "web")
BLUE_SERVICE: Object = {
    "spec": {"ports": [{"port": 80}], "selector": {"app": "shop", "release": "blue"}}
}


def _pod_of(release: str) -> Object:
    """Ready, and in no other hand."""
    main = {"name": "main", "image": "example/main:1", "command": ["sleep", "600"]}
    return {
        "metadata": {"labels": {"app": "shop", "release": release}},
        "spec": {"containers": [main], "terminationGracePeriodSeconds": 0},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }


BOTH_RELEASES = {
    Target("eu-1", "shop", POD, f"{release}-1"): _pod_of(release) for release in ("blue", "green")
}
