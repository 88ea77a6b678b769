"""A moment in which a policy is in force, some alerts fire, and nothing else has happened yet."""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.alerts import AlertStatus, Sighting
from schemas.controls import ALL_CLUSTERS
from schemas.tape import TapeRecord, Tick
from streams.core.alerts import group
from streams.core.draft import Draft, Placed
from streams.core.entries import AlertState, CrowdState, Entry, IncidentState
from streams.core.keys import alert_key, crowd_key, policy_key
from streams.core.matching import Matchers
from streams.core.partition import PARTITION, PartitionState, PolicyText
from streams.core.policy import Policy
from streams.core.state import State

CLUSTER = "cluster"
"""The label that names an alert's cluster, where its source is bound to none."""


@dataclass(frozen=True, slots=True)
class _Only:
    """The core's `Policies`, of one."""

    policy: Policy

    def compile(self, digest: str, source: str) -> Policy | None:
        return self.policy

    def matchers(self, texts: tuple[str, ...]) -> Matchers | None:
        return None


def of(policy: Policy, at_ms: int, active: Iterable[Sighting], cluster: str = "") -> Draft:
    """`cluster` is that of alerts which name none."""
    entries: dict[str, Entry] = {
        PARTITION: PartitionState(at_ms, policy=policy.digest, policies=(policy.digest,)),
        policy_key(policy.digest): PolicyText("", ""),
    }
    for alert in active:
        entries[key_of(alert, cluster)] = _fires(alert, at_ms)
    placed = Placed(0, 0, at_ms, TapeRecord(ALL_CLUSTERS, Tick(at_ms)), "")
    return Draft(State(entries), _Only(policy), placed, at_ms)


def key_of(alert: Sighting, cluster: str) -> str:
    return alert_key(cluster_of(alert, cluster), alert.source, alert.fingerprint)


def cluster_of(alert: Sighting, cluster: str) -> str:
    return alert.labels.get(CLUSTER) or cluster


def begins(draft: Draft, policy: Policy, alert: Sighting, cluster: str) -> IncidentState:
    """The incident that the alert opens, with the alert in it."""
    seen, key = policy.sees(alert.labels), key_of(alert, cluster)
    values = group.values_of(alert.labels, seen)
    incident = group.opened(draft, cluster_of(alert, cluster), "", values, alert, policy, seen)
    known = _fires(alert, draft.now_ms, incident.incident_id)
    draft.put(key, known)
    draft.fires(key, known, policy)
    draft.put(
        crowd_key(incident.incident_id),
        CrowdState(firing=1, members=1, sample=(alert.fingerprint,)),
    )
    return incident


def _fires(alert: Sighting, at_ms: int, incident_id: str = "") -> AlertState:
    return AlertState(
        source=alert.source,
        fingerprint=alert.fingerprint,
        status=AlertStatus.FIRING,
        starts_at_ms=alert.starts_at_ms,
        ends_at_ms=alert.ends_at_ms,
        first_seen_at_ms=at_ms,
        last_seen_at_ms=at_ms,
        incident_id=incident_id,
        labels=alert.labels,
    )
