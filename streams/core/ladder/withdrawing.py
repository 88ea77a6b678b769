"""An ACT whose reason is gone before it is done.

It is withdrawn while nobody has announced it, and under way all the same until the executor has
answered: whether it was in time, only the executor knows.
"""

from schemas.remediation import Withdrawal
from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import IncidentState
from streams.core.incident import note, store
from streams.core.ladder import climb, endings, orders
from streams.core.reasons import Reason

NOTHING_DONE = "Its alerts have cleared, and what was ordered was not done."


def withdraw(draft: Draft, incident: IncidentState, reason: Reason) -> None:
    """It stays withdrawn when the alerts come back: what is due then is decided anew."""
    assert incident.target is not None
    assert incident.due_at_ms is not None
    draft.emitted.append(
        Withdrawal(
            command_id=incident.act_id,
            cluster=incident.cluster,
            incident_id=incident.incident_id,
            target=incident.target,
            at_ms=draft.now_ms,
            expires_at_ms=incident.due_at_ms - orders.OUTCOME_GRACE_MS,
            correlation_id=incident.incident_id,
        )
    )
    withdrawn = note(draft, incident, "withdrawn", reason)
    draft.decided(
        incident.cluster,
        incident.incident_id,
        "withdrawn",
        reason,
        incident.phase,
        (incident.act_id,),
    )
    store(draft, withdrawn)


def ended(draft: Draft, incident: IncidentState, detail: str) -> None:
    """The executor has heard it in time, and nothing was done: so nothing is held against the
    playbook. Only the place in the budget stays spent."""
    counted = replace(incident, withdrawn=incident.withdrawn + (incident.portion == 0))
    if incident.clear_since_ms is None:
        climb.again(draft, counted, Reason.CONDITION_CLEARED, detail)
    elif incident.portion:
        # It was done before, and not this once more: as where alerts clear between the two.
        endings.cleared(draft, counted, Reason.ALERTS_CLEAR, detail=detail)
    else:
        # Another ACT of this step must not have the id of this one.
        fresh = replace(counted, attempt=incident.attempt + 1)
        endings.cleared(draft, fresh, Reason.CONDITION_CLEARED, NOTHING_DONE, detail)
