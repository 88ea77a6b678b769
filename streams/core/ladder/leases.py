"""What was done for a time alone: when its time is over, it is undone.

A lease lives beside its incident, which may long be closed by then. It ends with the ROLLBACK of
its ACT: ordered here, or by the incident itself where it could not be verified. That command has
one id, whoever orders it, so it is never done twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schemas.ids import command_id, notice_id
from schemas.remediation import (
    Command,
    CommandKind,
    Outcome,
    OutcomeReason,
    OutcomeStatus,
    Target,
)
from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import IncidentState, LeaseState
from streams.core.incident import note, notice, store
from streams.core.keys import incident_key, lease_key
from streams.core.ladder import orders
from streams.core.ladder.answers import CERTAIN, SWITCHED_OFF, WITHOUT_EFFECT
from streams.core.playbook import Rung
from streams.core.policy import Policy
from streams.core.rails import here
from streams.core.rails.asked import Refusal
from streams.core.reasons import PASSING, Reason

ASK_AGAIN_MS = 30_000
"""Where the core itself says not now."""
TRY_AGAIN_MS = 600_000
"""Where the executor does: each try is a command of its own."""
LOST_KEPT_MS = 3_600_000
"""How long a target stays locked after an undoing of which nobody knows what came of it."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATER = (WITHOUT_EFFECT - {OutcomeReason.STALE}) | SWITCHED_OFF
"""What is stale for an undoing stays so: somebody has changed it since, and means it."""


@dataclass(frozen=True, slots=True)
class Undoing:
    """What the switches are asked of a lease whose time is over."""

    draft: Draft
    policy: Policy
    lease: LeaseState

    @property
    def target(self) -> Target:
        return self.lease.order.target

    @property
    def labels(self) -> Mapping[str, str]:
        return self.lease.incident.labels


def begin(draft: Draft, incident: IncidentState, rung: Rung, lasts_ms: int) -> IncidentState:
    """An ACT that lasts for a time has had its effect."""
    policy = draft.policy() or draft.policy(incident.policy)
    assert policy is not None
    order = orders.make(draft, policy, incident, rung, CommandKind.ROLLBACK)
    over_at_ms = draft.now_ms + lasts_ms
    lease = LeaseState(order, replace(incident, timeline=()), over_at_ms, over_at_ms)
    draft.put(lease_key(order.command_id), lease)
    _record(draft, lease, Reason.LEASE_BEGINS, f"undone at {_clock(over_at_ms)}")
    return draft.get(incident_key(incident.incident_id), IncidentState) or incident


def taken_over(draft: Draft, undo: Command) -> None:
    """The incident undoes it by itself, and sees to what comes of that."""
    key = lease_key(undo.command_id)
    if draft.get(key, LeaseState):
        draft.put(key, None)


def on_due(draft: Draft, key: str) -> None:
    lease = draft.get(key, LeaseState)
    assert lease is not None
    if lease.lost:
        orders.unlock(draft, lease.order.target, lease.order.command_id)
        draft.put(key, None)
    elif lease.sent:
        _landed(draft, lease)
        _is_lost(draft, lease, Reason.NO_OUTCOME.value)
    else:
        _return(draft, lease)


def _return(draft: Draft, lease: LeaseState) -> None:
    policy = draft.policy()
    refusal = _refusal(draft, policy, lease) if policy else Refusal(Reason.NO_POLICY)
    if refusal and refusal.reason in PASSING:
        _put_off(draft, lease, refusal.reason, refusal.detail, ASK_AGAIN_MS)
    elif refusal:
        _give_up(draft, lease, _why(refusal.reason.value, refusal.detail))
    elif policy:
        _order(draft, policy, lease)


def _refusal(draft: Draft, policy: Policy, lease: LeaseState) -> Refusal | None:
    needed = Refusal(Reason.STILL_NEEDED) if _still_needed(draft, lease) else None
    return here.return_refusal(Undoing(draft, policy, lease)) or needed


def _still_needed(draft: Draft, lease: LeaseState) -> bool:
    """What helps against alerts that still fire is not taken away in the middle of them."""
    mine, service = lease.incident, lease.incident.service
    there = draft.incidents_at((mine.cluster, "service", service)) if service else []
    own = draft.get(incident_key(mine.incident_id), IncidentState)
    return any(i is not None and i.clear_since_ms is None for i in (own, *there))


def _order(draft: Draft, policy: Policy, lease: LeaseState) -> None:
    order = replace(
        lease.order,
        issued_at_ms=draft.now_ms,
        expires_at_ms=draft.now_ms + policy.limits.command_ttl_ms,
    )
    orders.under_way(draft, order, lease.incident.service, order.command_id)
    draft.emitted.append(order)
    sent = replace(
        lease,
        order=order,
        sent=True,
        reason="",
        due_at_ms=order.expires_at_ms + orders.OUTCOME_GRACE_MS,
    )
    _keep(draft, sent)
    _record(draft, sent, Reason.LEASE_OVER, str(order.target), (order.command_id,))


def hear(draft: Draft, outcome: Outcome) -> bool:
    """Whether it was for a lease."""
    lease = draft.get(lease_key(outcome.command_id), LeaseState)
    if lease is None or not lease.sent or not _answers(outcome, lease.order):
        return False
    if outcome.status.terminal and _landed(draft, lease):
        _ended(draft, lease, outcome)
    return True


def _answers(outcome: Outcome, order: Command) -> bool:
    claimed = (outcome.kind, outcome.cluster, outcome.incident_id)
    return claimed == (order.kind, order.cluster, order.incident_id)


def _landed(draft: Draft, lease: LeaseState) -> bool:
    order = lease.order
    return orders.over(draft, order.cluster, lease.incident.service, order.command_id)


def _ended(draft: Draft, lease: LeaseState, outcome: Outcome) -> None:
    detail = outcome.detail or outcome.reason
    if outcome.status not in CERTAIN:
        _is_lost(draft, lease, detail)
        return
    orders.unlock(draft, lease.order.target, lease.order.command_id)
    if outcome.status is OutcomeStatus.APPLIED:
        text = f"Undone, as its time is over: {lease.order.action} on {lease.order.target}."
        _end(draft, lease, Reason.LEASE_RETURNED, detail, text)
    elif outcome.reason in LATER:
        _try_again(draft, lease, detail)
    else:
        _give_up(draft, lease, detail)


def _try_again(draft: Draft, lease: LeaseState, detail: str) -> None:
    """Under a new id: a command that had its outcome is never sent again."""
    draft.put(lease_key(lease.order.command_id), None)
    mine, tries = lease.incident, lease.tries + 1
    fresh = command_id(
        mine.incident_id, mine.ladder, mine.step, mine.attempt, CommandKind.ROLLBACK, tries
    )
    order = replace(lease.order, command_id=fresh)
    waits = replace(lease, order=order, tries=tries, sent=False)
    _put_off(draft, waits, Reason.REJECTED, detail, TRY_AGAIN_MS)


def _put_off(draft: Draft, lease: LeaseState, reason: Reason, detail: str, pause_ms: int) -> None:
    """Its time is over and it stands. The same reason again is not news; that it goes on for long
    is, once."""
    waits = replace(lease, due_at_ms=draft.now_ms + pause_ms, reason=reason.value)
    policy = draft.policy()
    late_ms = draft.now_ms - lease.over_at_ms
    if not lease.told and policy and late_ms >= policy.limits.patience_ms:
        text = (
            f"Its time was over at {_clock(lease.over_at_ms)}, and it still stands: "
            f"{_why(reason.value, detail)}. It is undone as soon as that allows."
        )
        _told(draft, waits, reason, detail, text)
    elif lease.reason != reason.value:
        _record(draft, waits, reason, detail)
        _keep(draft, waits)
    else:
        _keep(draft, waits)


def _is_lost(draft: Draft, lease: LeaseState, detail: str) -> None:
    """Nobody knows whether it was undone: a human looks, and nothing else is done there for a
    while."""
    text = f"Nobody knows whether it was undone: {_what(lease)} ({detail}). Please look."
    lost = replace(lease, lost=True, due_at_ms=draft.now_ms + LOST_KEPT_MS)
    _told(draft, lost, Reason.LEASE_NOT_RETURNED, detail, text)


def _give_up(draft: Draft, lease: LeaseState, detail: str) -> None:
    text = f"Its time is over, and it stays as it is: {_what(lease)} ({detail}). It is yours."
    _end(draft, lease, Reason.LEASE_NOT_RETURNED, detail, text)


def _end(draft: Draft, lease: LeaseState, reason: Reason, detail: str, text: str) -> None:
    _told(draft, lease, reason, detail, text)
    draft.put(lease_key(lease.order.command_id), None)


def _told(draft: Draft, lease: LeaseState, reason: Reason, detail: str, text: str) -> None:
    said = notice(draft, lease.incident, "lease", text)
    told = replace(said, notice_id=notice_id(lease.order.undoes, "lease", lease.told))
    draft.emitted.append(told)
    _keep(draft, replace(lease, told=lease.told + 1))
    _record(draft, lease, reason, detail, (told.notice_id,))


def _record(
    draft: Draft, lease: LeaseState, reason: Reason, detail: str, emitted: tuple[str, ...] = ()
) -> None:
    """On the chain of decisions, and on the incident's timeline while there is one."""
    mine = lease.incident
    draft.decided(mine.cluster, mine.incident_id, "lease", reason, "", emitted)
    incident = draft.get(incident_key(mine.incident_id), IncidentState)
    if incident:
        store(draft, note(draft, incident, "lease", reason, detail))


def _keep(draft: Draft, lease: LeaseState) -> None:
    draft.put(lease_key(lease.order.command_id), lease)


def _what(lease: LeaseState) -> str:
    return f"{lease.order.action} on {lease.order.target}"


def _why(reason: str, detail: str) -> str:
    return f"{reason}, {detail}" if detail else reason


def _clock(at_ms: int) -> str:
    return (EPOCH + timedelta(milliseconds=at_ms)).strftime("%Y-%m-%d %H:%M:%S UTC")
