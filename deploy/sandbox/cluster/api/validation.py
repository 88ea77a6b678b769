"""What makes an object invalid: the rules of the real API server that our users can run into."""

import re
from collections.abc import Callable, Iterator

from deploy.sandbox.cluster.api import (
    valid_others,
    valid_pods,
    valid_services,
    valid_storage,
    valid_workloads,
)
from deploy.sandbox.cluster.api.errors import Cause
from deploy.sandbox.cluster.api.valid_values import QUALIFIED_NAME, bad_labels
from deploy.sandbox.cluster.objects import Json

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
ANNOTATIONS_BYTES_MAX = 256 * 1024

SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
    "'-' or '.', and must start and end with an alphanumeric character"
)

Rule = Callable[[Json, Json | None], Iterator[Cause]]

RULES: dict[str, Rule] = {
    "ConfigMap": valid_others.config_map,
    "CronJob": valid_workloads.cron_job,
    "DaemonSet": valid_workloads.daemon_set,
    "Deployment": valid_workloads.deployment,
    "Event": valid_others.event,
    "HorizontalPodAutoscaler": valid_others.autoscaler,
    "Ingress": valid_services.ingress,
    "Job": valid_workloads.job,
    "PersistentVolume": valid_storage.volume,
    "PersistentVolumeClaim": valid_storage.claim,
    "Pod": valid_pods.pod,
    "PodDisruptionBudget": valid_others.budget,
    "ReplicaSet": valid_workloads.replica_set,
    "Service": valid_services.service,
    "StatefulSet": valid_workloads.stateful_set,
    "StorageClass": valid_storage.storage_class,
}


def problems(kind: str, obj: Json, old: Json | None) -> list[Cause]:
    """Everything that is wrong, for a creation or, given `old`, for a change."""
    found = list(_metadata(obj))
    if kind in RULES:
        found += RULES[kind](obj, old)
    return found


def _metadata(obj: Json) -> Iterator[Cause]:
    meta = obj["metadata"]
    if not SUBDOMAIN.fullmatch(meta["name"]):
        yield Cause.invalid("metadata.name", meta["name"], SUBDOMAIN_RULE)
    yield from bad_labels(meta.get("labels") or {}, "metadata.labels")
    notes: dict[str, str] = meta.get("annotations") or {}
    for key in notes:
        if not QUALIFIED_NAME.fullmatch(key):
            yield Cause.invalid("metadata.annotations", key, "name part must be valid")
    if sum(len(key) + len(value) for key, value in notes.items()) > ANNOTATIONS_BYTES_MAX:
        reason = f"may not be more than {ANNOTATIONS_BYTES_MAX} bytes"
        yield Cause("metadata.annotations", f"Too long: {reason}", "FieldValueTooLong")
