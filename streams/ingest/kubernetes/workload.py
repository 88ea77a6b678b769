"""Whose pod it is, as labels that people match on: `deployment`, `statefulset`, `job`."""

from collections.abc import Mapping

from streams.ingest.kubernetes.shapes import Meta

REPLICA_SET = "ReplicaSet"
KEEPERS: Mapping[str, str] = {
    "pod-template-hash": "deployment",
    "rollouts-pod-template-hash": "rollout",
}
"""The label by which a ReplicaSet of each tells its pods apart. Its name ends with that hash."""
KINDS = frozenset({REPLICA_SET, "StatefulSet", "DaemonSet", "Job", "ReplicationController"})


def workload(pod: Meta) -> Mapping[str, str]:
    """Empty for a pod that nobody keeps."""
    owner = next((one for one in pod.owner_references or () if one.controller), None)
    if owner is None:
        return {}
    if owner.kind == REPLICA_SET:
        for label, kind in KEEPERS.items():
            ending = f"-{hash}" if (hash := (pod.labels or {}).get(label, "")) else ""
            if ending and owner.name.endswith(ending) and owner.name != ending:
                return {kind: owner.name.removesuffix(ending)}
    if owner.kind in KINDS:
        return {owner.kind.lower(): owner.name}
    return {"owner_kind": owner.kind, "owner": owner.name}
