"""A pod that takes all the time it is given to end."""

from kubernetes import client

from tests.deploy.sandbox.cluster import workloads
from tests.deploy.sandbox.cluster.conftest import Clients, eventually

STUBBORN = [
    "python",
    "-c",
    "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "open(os.environ['PORT_FILE'], 'w').write('1'); time.sleep(60)",
]
"""Ignores SIGTERM, and says by its port that it does so by now."""


def stubborn(kube: Clients, namespace: str, grace_s: int) -> client.V1Pod:
    """A running pod that takes all the time it is given to end."""
    body = workloads.pod(command=STUBBORN, terminationGracePeriodSeconds=grace_s)
    kube.core.create_namespaced_pod(namespace, body)

    def ready() -> client.V1Pod | None:
        pod = kube.core.read_namespaced_pod("alone", namespace)
        port = (pod.metadata.annotations or {}).get("sandbox.mendlog.io/port")
        return pod if port == "1" else None

    return eventually(ready, "the pod to ignore signals")
