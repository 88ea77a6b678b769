"""A node's conditions -> its trouble."""

from streams.ingest.kubernetes.shapes import Node
from streams.ingest.kubernetes.trouble import CRITICAL, Trouble, at_ms, shortened

JOINING_MS = 300_000
"""A new node is not ready until its network is: an autoscaler would be an alert each time."""


def troubles_of(node: Node) -> tuple[Trouble, ...]:
    """Ready is False where the kubelet says so, and Unknown where nobody hears of it: the control
    plane has waited before it says either."""
    meta = node.metadata
    if meta.deletion_timestamp is not None:
        return ()
    created_ms = at_ms(meta.creation_timestamp)
    return tuple(
        Trouble(
            {"alertname": "KubernetesNodeNotReady", "severity": CRITICAL, "node": meta.name},
            f"node {meta.name} is not ready ({one.reason or one.status})",
            shortened(one.message),
            since_ms=at_ms(one.last_transition_time),
            from_ms=None if created_ms is None else created_ms + JOINING_MS,
        )
        for one in node.status.conditions or ()
        if one.type == "Ready" and one.status != "True"
    )
