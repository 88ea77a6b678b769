"""Which incidents are one, beside those of one group: each join with its reason.

In the order in which they are asked: the same key (two sources tell of one fault), the node that it
runs on, and the service that it depends on. Whatever explains the other is the one that stays.
"""

from collections.abc import Iterator, Mapping

from schemas.alerts import NO_DATA
from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import AlertState, CrowdState, GroupState, IncidentState
from streams.core.incident import note, store
from streams.core.keys import crowd_key, incident_key, key_part
from streams.core.ladder import endings
from streams.core.lifecycle import Phase
from streams.core.policy import Policy
from streams.core.reasons import Reason
from streams.core.seen import Seen
from streams.core.state import Place

MERGED_MAX = 1_000
"""An incident of more alerts is not moved into another: it is told of instead."""
DEPTH_MAX = 16

Found = tuple[IncidentState, Reason]


def find(
    draft: Draft, policy: Policy, cluster: str, labels: Mapping[str, str], seen: Seen
) -> Found | None:
    """The open incident that an alert belongs to although its group has none. What says only that
    its source does not know belongs to nothing else, and explains nothing."""
    if labels.get(NO_DATA):
        return None
    whole = {**labels, **seen.added}
    return (
        _same_key(draft, policy, cluster, whole)
        or _on_node(draft, policy, cluster, whole, seen)
        or _depends(draft, policy, cluster, seen)
    )


def _standing_at(draft: Draft, place: Place) -> list[IncidentState]:
    return [one for one in draft.incidents_at(place) if not one.labels.get(NO_DATA)]


def key_of(policy: Policy, labels: Mapping[str, str]) -> str:
    """The values of the correlation key, if the alert has them all."""
    names = policy.correlation.key
    values = [labels.get(name, "") for name in names]
    return ",".join(map(key_part, values)) if names and all(values) else ""


def nodes_of(policy: Policy, seen: Seen, labels: Mapping[str, str]) -> tuple[str, str]:
    """The node that an alert is about, and the one on which it fires: one of them at most."""
    rule = policy.correlation
    name = labels.get(rule.node_label, "") if rule.nodes else ""
    return (name, "") if seen.is_of_node else ("", name)


def _same_key(
    draft: Draft, policy: Policy, cluster: str, labels: Mapping[str, str]
) -> Found | None:
    key = key_of(policy, labels)
    there = _standing_at(draft, (cluster, "key", key)) if key else []
    return (there[0], Reason.SAME_KEY) if there else None


def _on_node(
    draft: Draft, policy: Policy, cluster: str, labels: Mapping[str, str], seen: Seen
) -> Found | None:
    node = labels.get(policy.correlation.node_label, "")
    if not node or policy.correlation.nodes is None or seen.is_of_node:
        return None
    there = _standing_at(draft, (cluster, "node", node))
    return (there[0], Reason.ON_NODE) if there else None


def _depends(draft: Draft, policy: Policy, cluster: str, seen: Seen) -> Found | None:
    """The deepest failing dependency explains the most."""
    window_ms = policy.correlation.window_ms
    if seen.service is None or not window_ms:
        return None
    best: IncidentState | None = None
    for name in _dependencies(policy, seen.service.name):
        for incident in _standing_at(draft, (cluster, "service", name)):
            if draft.now_ms - incident.opened_at_ms <= window_ms:
                best = incident
                break
    return (best, Reason.DEPENDENCY_FAILS) if best else None


def _dependencies(policy: Policy, service: str) -> Iterator[str]:
    """Of a service, the nearest first; each once."""
    known, level = {service}, [service]
    for _ in range(DEPTH_MAX):
        following: list[str] = []
        for name in level:
            found = policy.service_named(name)
            following += [d for d in (found.depends_on if found else ()) if d not in known]
            known.update(following)
        level = list(dict.fromkeys(following))
        yield from level


def gather(draft: Draft, policy: Policy, root: IncidentState) -> None:
    """An incident that begins, or begins again, may explain others that are open: they join it,
    root first."""
    if root.labels.get(NO_DATA):
        return
    for incident, reason in _explained(draft, policy, root):
        _merge(draft, policy, incident, root.incident_id, reason)


def _explained(draft: Draft, policy: Policy, root: IncidentState) -> list[Found]:
    """Each once, for the first reason that holds."""
    since_ms = root.opened_at_ms - policy.correlation.window_ms
    found: dict[str, Found] = {}
    for place, reason in _explains(policy, root):
        for incident in _standing_at(draft, place):
            other = incident.incident_id != root.incident_id
            if other and incident.opened_at_ms >= since_ms and _may_merge(incident):
                found.setdefault(incident.incident_id, (incident, reason))
    return list(found.values())


def _explains(policy: Policy, root: IncidentState) -> Iterator[tuple[Place, Reason]]:
    """The places at which incidents may follow from it."""
    if policy.correlation.window_ms and root.service:
        for service in policy.services:
            if root.service in _dependencies(policy, service.name):
                yield (root.cluster, "service", service.name), Reason.DEPENDENCY_FAILS
    if root.node:
        yield (root.cluster, "on", root.node), Reason.ON_NODE


def _may_merge(incident: IncidentState) -> bool:
    """Nothing was done about it yet, and nobody has it."""
    return incident.phase in (Phase.OPEN, Phase.SUPPRESSED) and not incident.attempts


def _merge(
    draft: Draft, policy: Policy, incident: IncidentState, root_id: str, reason: Reason
) -> None:
    root = draft.get(incident_key(root_id), IncidentState)
    crowd, more = (draft.get(crowd_key(i), CrowdState) for i in (root_id, incident.incident_id))
    assert root
    assert crowd
    assert more
    if more.members > MERGED_MAX:
        store(draft, note(draft, root, "related", reason, incident.title))
        return
    for key, alert in _members(draft, incident):
        draft.put(key, replace(alert, incident_id=root_id, explained=True))
        draft.fired.setdefault(root_id, []).append(key)
    for key in list(draft.groups(incident.incident_id)):
        draft.put(key, GroupState(root_id, explained=True))
        draft.grouped.setdefault(root_id, []).append(key)
    draft.put(
        crowd_key(root_id),
        CrowdState(
            crowd.firing + more.firing,
            crowd.members + more.members,
            crowd.explained + more.firing,
            crowd.sample,
        ),
    )
    of_severity = policy.receivers_of(incident.severity)
    receivers = tuple(dict.fromkeys((*root.receivers, *incident.receivers, *of_severity)))
    told = note(draft, replace(root, receivers=receivers), "joined", reason, incident.title)
    store(draft, told)
    endings.merged(draft, incident, reason, root_id)


def _members(draft: Draft, incident: IncidentState) -> list[tuple[str, AlertState]]:
    return sorted(dict(draft.members(incident.incident_id)).items())
