"""Steps of which each command does a part, until nothing is left to do: `Action.by_portions`.

Other gradual steps repeat an action that is whole by itself: each repetition has its checks, and a
yes of its own. Here people say yes to all of it, checks come when all of it is done, and undoing
it is undoing the one portion that can be undone.
"""

from collections.abc import Mapping
from typing import Any

from schemas.actions import ACTIONS
from schemas.remediation import Observation, Outcome
from streams.core.entries import IncidentState
from streams.core.playbook import Rung


def by_portions(rung: Rung | None) -> bool:
    action = ACTIONS.get(rung.action) if rung else None
    return action is not None and action.by_portions


def goes_on(incident: IncidentState, rung: Rung | None) -> bool:
    """A portion of it came before this one."""
    return incident.portion > 0 and by_portions(rung)


def is_granted(incident: IncidentState, rung: Rung, seen: Observation, persons: int) -> bool:
    """As many as are needed now said yes to the whole of it, on this very object."""
    same = incident.granted_uid == seen.uid
    return goes_on(incident, rung) and same and persons <= incident.granted


def undo_after(incident: IncidentState, rung: Rung | None, applied: Outcome) -> Mapping[str, Any]:
    """What an ACT leaves behind for its undoing. A portion that cannot be undone keeps what an
    earlier one has left."""
    if applied.undo or not goes_on(incident, rung):
        return {
            "undo": applied.undo,
            "undo_of": incident.act_id,
            "undo_evidence": incident.evidence,
        }
    return {}


def more_to_do(incident: IncidentState, rung: Rung | None) -> bool:
    """While the alerts still fire, and up to the number of times that the step allows."""
    still_firing = incident.clear_since_ms is None
    return rung is not None and still_firing and incident.portion + 1 < rung.times
