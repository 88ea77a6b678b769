"""Under which key each entry is stored: its kind first, then whose it is."""

from collections.abc import Mapping
from functools import lru_cache

from schemas.remediation import Target

PARTS_MAX = 10_000
"""Names and values of groups, sources and clusters: few, each in thousands of keys."""
_KEYED = str.maketrans({c: f"%{ord(c):02x}" for c in "%/,="})


@lru_cache(maxsize=PARTS_MAX)
def key_part(text: str) -> str:
    """A name as one part of a key: names that senders choose must not run into each other."""
    return text.translate(_KEYED)


def scope_key(cluster: str) -> str:
    return f"scope/{cluster}"


def policy_key(digest: str) -> str:
    return f"policy/{digest}"


def incident_key(incident_id: str) -> str:
    return f"incident/{incident_id}"


def crowd_key(incident_id: str) -> str:
    return f"crowd/{incident_id}"


def _of_target(kind: str, target: Target) -> str:
    parts = (target.cluster, target.namespace, target.kind, target.name)
    return f"{kind}/" + "/".join(map(key_part, parts))


def target_key(target: Target) -> str:
    return _of_target("target", target)


def change_key(target: Target) -> str:
    return _of_target("change", target)


def _of_cluster(kind: str, cluster: str, name: str) -> str:
    return f"{kind}/{key_part(cluster)}/{key_part(name)}"


def service_key(cluster: str, service: str) -> str:
    return _of_cluster("service", cluster, service)


def silence_key(cluster: str, name: str) -> str:
    return _of_cluster("silence", cluster, name)


def freeze_key(cluster: str, name: str) -> str:
    return _of_cluster("freeze", cluster, name)


def lease_key(undo_id: str) -> str:
    """By the id of the ROLLBACK that ends it, whose outcome names no other."""
    return f"lease/{undo_id}"


def storm_key(cluster: str) -> str:
    return f"storm/{key_part(cluster)}"


def breaker_key(cluster: str, playbook: str | None = None) -> str:
    """Of a playbook on a cluster, or of the whole cluster."""
    if playbook is None:
        return f"breaker/{key_part(cluster)}"
    return _of_cluster("breaker", cluster, playbook)


def autonomy_key(cluster: str, playbook: str) -> str:
    return _of_cluster("autonomy", cluster, playbook)


def alert_key(cluster: str, source: str, fingerprint: str) -> str:
    return f"alert/{key_part(cluster)}/{key_part(source)}/{fingerprint}"


def cluster_of(alert: str) -> str:
    """Of `alert/<cluster>/…`, as it stands in the key."""
    return alert.split("/", 2)[1]


def group_key(cluster: str, values: Mapping[str, str]) -> str:
    pairs = (f"{key_part(name)}={key_part(value)}" for name, value in sorted(values.items()))
    return f"group/{key_part(cluster)}/" + ",".join(pairs)
