"""The pods and claims of a stateful set, by their number."""

from deploy.sandbox.cluster.controllers.template_history import POD_LABEL
from deploy.sandbox.cluster.objects import Json, edited, labels, name, owner_reference

INDEX_LABEL = "apps.kubernetes.io/pod-index"
NAME_LABEL = "statefulset.kubernetes.io/pod-name"


def ordinals(owner: Json) -> range:
    spec = owner["spec"]
    start = (spec.get("ordinals") or {}).get("start", 0)
    return range(start, start + spec["replicas"])


def ordinal(pod: Json) -> int:
    return int(name(pod).rpartition("-")[2])


def revision_of(pod: Json) -> str:
    return labels(pod).get(POD_LABEL, "")


def revision_for(owner: Json, number: int, current: str, newest: str) -> str:
    """Those below the partition stay as they are, even when made anew."""
    strategy = owner["spec"]["updateStrategy"]
    if strategy["type"] != "RollingUpdate":
        return newest
    return current if number < strategy["rollingUpdate"]["partition"] else newest


def pod_of(owner: Json, number: int, template: Json, revision: str) -> Json:
    own_name = f"{name(owner)}-{number}"
    marks = {INDEX_LABEL: str(number), NAME_LABEL: own_name, POD_LABEL: revision}
    spec = {**template["spec"], "hostname": own_name, "subdomain": owner["spec"]["serviceName"]}
    mounted = [_volume(claim, owner, number) for claim in _claim_templates(owner)]
    if mounted:
        spec["volumes"] = [*spec.get("volumes", ()), *mounted]
    return {
        "metadata": {
            **template["metadata"],
            "name": own_name,
            "generateName": f"{name(owner)}-",
            "labels": {**(template["metadata"].get("labels") or {}), **marks},
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": {key: part for key, part in spec.items() if part != ""},
    }


def claims_of(owner: Json, number: int) -> list[Json]:
    """They belong to nobody: they outlive the pod, and the set."""
    selector = owner["spec"]["selector"].get("matchLabels") or {}
    return [
        {
            "metadata": {
                **edited(claim["metadata"]),
                "name": _claim_name(claim, owner, number),
                "labels": {**(claim["metadata"].get("labels") or {}), **selector},
            },
            "spec": edited(claim["spec"]),
        }
        for claim in _claim_templates(owner)
    ]


def _claim_templates(owner: Json) -> list[Json]:
    return owner["spec"].get("volumeClaimTemplates") or []


def _claim_name(claim: Json, owner: Json, number: int) -> str:
    return f"{claim['metadata']['name']}-{name(owner)}-{number}"


def _volume(claim: Json, owner: Json, number: int) -> Json:
    source = {"claimName": _claim_name(claim, owner, number)}
    return {"name": claim["metadata"]["name"], "persistentVolumeClaim": source}
