"""Which replica set belongs to which version of a deployment's template."""

import json

from deploy.sandbox.cluster.api.registry import SUFFIX_ALPHABET
from deploy.sandbox.cluster.controllers.rollout import Limits
from deploy.sandbox.cluster.objects import Json, annotations, edited, name, owner_reference

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
HASH_LABEL = "pod-template-hash"

NOT_COPIED = frozenset(
    {
        REVISION,
        REVISION_HISTORY,
        DESIRED,
        MAX_REPLICAS,
        "kubectl.kubernetes.io/last-applied-configuration",
        "deprecated.deployment.rollback.to",
    }
)

FNV_OFFSET = 0x811C9DC5
FNV_PRIME = 0x01000193


def revision(obj: Json) -> int:
    return int(annotations(obj).get(REVISION, "0"))


def newest_of(deployment: Json, replica_sets: list[Json]) -> Json | None:
    """The one whose template is the deployment's; the oldest, should there be several."""
    wanted = without_hash(deployment["spec"]["template"])
    same = [one for one in replica_sets if without_hash(one["spec"]["template"]) == wanted]
    return min(same, key=lambda one: one["metadata"]["creationTimestamp"], default=None)


def without_hash(template: Json) -> Json:
    plain = edited(template)
    (plain["metadata"].get("labels") or {}).pop(HASH_LABEL, None)
    return plain


def template_hash(template: Json, collisions: int) -> str:
    """Ten characters or fewer from which no word can be made."""
    text = json.dumps(template, sort_keys=True) + (str(collisions) if collisions else "")
    value = FNV_OFFSET
    for byte in text.encode():
        value = ((value ^ byte) * FNV_PRIME) & 0xFFFFFFFF
    return "".join(SUFFIX_ALPHABET[ord(digit) % len(SUFFIX_ALPHABET)] for digit in str(value))


def new_replica_set(deployment: Json, collisions: int) -> Json:
    """For the template as it is now, still without replicas."""
    spec = deployment["spec"]
    suffix = template_hash(spec["template"], collisions)
    template = edited(spec["template"])
    template["metadata"].setdefault("labels", {})[HASH_LABEL] = suffix
    selector = edited(spec["selector"])
    selector.setdefault("matchLabels", {})[HASH_LABEL] = suffix
    return {
        "metadata": {
            "name": f"{name(deployment)}-{suffix}",
            "labels": dict(template["metadata"]["labels"]),
            "annotations": {},
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {
            "replicas": 0,
            "minReadySeconds": spec.get("minReadySeconds", 0),
            "selector": selector,
            "template": template,
        },
    }


def sizes(limits: Limits) -> dict[str, str]:
    """For which size of the deployment a replica set was scaled last."""
    return {DESIRED: str(limits.replicas), MAX_REPLICAS: str(limits.total_max)}


def annotated(replica_set: Json, deployment: Json, number: int) -> dict[str, str]:
    """The annotations a replica set gets from its deployment, with this revision."""
    kept = {key: value for key, value in annotations(replica_set).items() if key in NOT_COPIED}
    copied = {key: value for key, value in annotations(deployment).items() if key not in NOT_COPIED}
    before = kept.get(REVISION)
    if before is not None and int(before) < number:
        kept[REVISION_HISTORY] = ",".join(filter(None, [kept.get(REVISION_HISTORY), before]))
    if before is None or int(before) < number:
        kept[REVISION] = str(number)
    return {**copied, **kept}
