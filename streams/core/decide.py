"""The decision: one fact in, changed entries and outputs out.

A pure function of the policies' text, the state and the fact. It reads no clock, no network, no
randomness and no environment, so a tape that is read again gives the same decisions byte for byte.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas import sightings
from schemas.alerts import Sighting
from schemas.controls import ALL_CLUSTERS, Control
from schemas.ids import fingerprint
from schemas.incidents import Decision, Incident
from schemas.notices import Notice
from schemas.remediation import Command, Observation, Outcome, Withdrawal
from schemas.tape import (
    Detection,
    LogicActivated,
    PolicyPublished,
    Sightings,
    SnapshotTaken,
    Tick,
)
from streams.core import chain, clock, origins
from streams.core.alerts import group, sight, storm
from streams.core.changed import replace
from streams.core.draft import Draft, Placed, UnreadableFact
from streams.core.entries import Entry, IncidentState
from streams.core.incident import view
from streams.core.keys import alert_key, scope_key
from streams.core.ladder import climb, endings, leases, outcomes, verifying, waiting
from streams.core.lifecycle import Phase
from streams.core.logic import LOGIC_KNOWN, UnknownLogic
from streams.core.partition import PARTITION
from streams.core.people import controls, policies
from streams.core.policy import Policies
from streams.core.reasons import Reason
from streams.core.state import State, deadline_of

STEPS_MAX = 8
DUE_MAX = 256
"""How many deadlines one fact may work off; the rest follow with the next."""
DETECT = "detect"
"""The source that detections are sighted under."""

Out = Decision | Command | Withdrawal | Notice | Incident


@dataclass(frozen=True, slots=True)
class Step:
    """`changes` maps keys to entries, or to None where the entry ends."""

    changes: Mapping[str, Entry | None]
    outputs: tuple[Out, ...]


def decide(book: Policies, state: State, fact: Placed) -> Step:
    draft = _begin(book, state, fact)
    chain.cover(draft)
    repeated = origins.repeated(draft, fact.record)
    if repeated is not None:
        _hear(draft, repeated)
    _work_off_deadlines(draft)
    chain.checkpoint_if_due(draft)
    return _end(draft)


def _begin(book: Policies, state: State, fact: Placed) -> Draft:
    draft = Draft(state, book, fact, fact.at_ms)
    partition = draft.partition
    if partition.logic not in LOGIC_KNOWN:
        raise UnknownLogic(partition.logic)
    # The broker's clock may step back; the tape's time does not.
    draft.now_ms = max(partition.now_ms, fact.at_ms)
    draft.put(PARTITION, replace(partition, now_ms=draft.now_ms))
    return draft


def _hear(draft: Draft, repeated: int) -> None:
    cluster, fact = draft.fact.record.cluster, draft.fact.record.fact
    match fact:
        case Sightings():
            seen = _unpacked(fact)[repeated:]
            _note_lag(draft, cluster, fact)
            sight.see_all(draft, cluster, seen)
        case Detection():
            _see_detection(draft, cluster, fact)
        case Observation():
            _end_lapsed_alerts(draft, fact.incident_id)
            outcomes.hear_observation(draft, fact)
        case Outcome():
            outcomes.hear(draft, fact)
        case Control():
            controls.hear(draft, fact)
        case PolicyPublished():
            policies.hear(draft, fact)
        case LogicActivated():
            _hear_logic(draft, fact)
        case Tick():
            draft.put(PARTITION, clock.hear_tick(draft.partition, fact, draft.fact.at_ms))
        case SnapshotTaken():
            pass


def _end_lapsed_alerts(draft: Draft, incident_id: str) -> None:
    """Nothing may be done about an alert whose time was over before the target was seen, whatever
    else is due."""
    for key in sorted(key for key, _ in draft.members(incident_id)):
        _on_due(draft, key)


def _unpacked(fact: Sightings) -> list[Sighting]:
    try:
        return sightings.unpack(fact)
    except ValueError as fault:
        raise UnreadableFact(str(fault)) from fault


def _note_lag(draft: Draft, cluster: str, fact: Sightings) -> None:
    if not fact.received_at_ms:
        return
    scope, lag_ms = draft.scope(cluster), max(0, draft.fact.at_ms - fact.received_at_ms)
    draft.put(scope_key(cluster), replace(scope, lag_ms=lag_ms, lag_at_ms=draft.now_ms))


def _see_detection(draft: Draft, cluster: str, fact: Detection) -> None:
    name = fingerprint(fact.labels)
    seen = Sighting(
        DETECT, name, fact.status, fact.since_ms, 0, dict(fact.labels), dict(fact.annotations)
    )
    sight.see_all(draft, cluster, [seen])
    group.measured(draft, alert_key(cluster, DETECT, name), fact.rule, fact.value)


def _hear_logic(draft: Draft, fact: LogicActivated) -> None:
    draft.put(PARTITION, replace(draft.partition, logic=fact.version))
    draft.decided(ALL_CLUSTERS, "", "logic", Reason.NEW_LOGIC)


def _work_off_deadlines(draft: Draft) -> None:
    """What was due already, then what this very fact made due at once: first alerts, which may
    have ended, then the incidents that wait for them, and targets that these have let go."""
    for key in draft.state.due(draft.now_ms, DUE_MAX):
        _on_due(draft, key)
    for kind in ("alert/", "incident/", "target/"):
        for key in [k for k in draft.changes if k.startswith(kind)]:
            _on_due(draft, key)


def _on_due(draft: Draft, key: str) -> None:
    at_ms = deadline_of(draft.changes[key] if key in draft.changes else draft.state.get(key))
    if at_ms is None or at_ms > draft.now_ms:
        return  # What was worked off before it has moved this one's time.
    match key.split("/", 1)[0]:
        case "incident":
            _incident_due(draft, key)
        case "alert":
            sight.on_due(draft, key)
        case "scope":
            chain.checkpoint(draft, key.removeprefix("scope/"))
        case "storm":
            storm.over(draft, key)
        case "lease":
            leases.on_due(draft, key)
        case "target" | "service" | "change" | "silence" | "freeze":
            draft.put(key, None)
        case other:
            raise AssertionError(f"{other} entries have no deadline")


def _incident_due(draft: Draft, key: str) -> None:
    """Step by step until it waits for something: every step moves it on or sets a later time."""
    for _ in range(STEPS_MAX):
        incident = draft.get(key, IncidentState)
        at_ms = deadline_of(incident)
        if incident is None or at_ms is None or at_ms > draft.now_ms:
            return
        _take_turn(draft, incident)
    raise AssertionError(f"{key} never comes to rest")


def _take_turn(draft: Draft, incident: IncidentState) -> None:
    match incident.phase:
        case Phase.OPEN | Phase.SUPPRESSED:
            climb.advance(draft, incident)
        case Phase.AWAITING_APPROVAL:
            waiting.escalate(draft, incident, Reason.APPROVAL_EXPIRED)
        case Phase.LOOKING:
            waiting.escalate(draft, incident, Reason.NO_OBSERVATION)
        case Phase.COMMANDED | Phase.ACTING | Phase.ROLLING_BACK:
            waiting.escalate(draft, incident, Reason.NO_OUTCOME)
        case Phase.VERIFYING:
            verifying.go_on(draft, incident)
        case Phase.ESCALATED:
            waiting.remind(draft, incident)
        case Phase.RESOLVED:
            endings.close(draft, incident)
        case Phase.CLOSED:
            raise AssertionError("a closed incident has no entry")


def _end(draft: Draft) -> Step:
    decisions = tuple(
        chain.seal(draft, name, tuple(verdicts)) for name, verdicts in draft.verdicts.items()
    )
    changes = {key: e for key, e in draft.changes.items() if e is not draft.state.get(key)}
    incidents = tuple(view(draft, incident) for incident in _changed_incidents(draft))
    return Step(changes, (*decisions, *draft.emitted, *incidents, *draft.last_words))


def _changed_incidents(draft: Draft) -> Iterable[IncidentState]:
    return (e for e in draft.changes.values() if isinstance(e, IncidentState))
