"""A playbook that a cluster's API has refused for want of a right is off there: asking again would
be refused again. It comes back with the next policy, or when somebody says so."""

from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import IncidentState
from streams.core.keys import autonomy_key
from streams.core.rails.asked import Asked, Refusal
from streams.core.reasons import Reason
from streams.core.standing import AutonomyState

WHY_CHARS_MAX = 300
MENDED_BY = (
    "Grant it what `mendlog executor rights` prints; then `mendlog trust`, or a new policy, "
    "puts the playbook back"
)


def granted(asked: Asked) -> Refusal | None:
    key = autonomy_key(asked.incident.cluster, asked.playbook.name)
    state = asked.draft.get(key, AutonomyState)
    if state is None or not state.denied or state.denied != asked.policy.digest:
        return None
    return Refusal(Reason.RIGHT_MISSING, words(asked.playbook.name, state.denied_why))


def deny(draft: Draft, incident: IncidentState, why: str) -> str:
    """In the words that people are told: the API names the rule that is missing."""
    key = autonomy_key(incident.cluster, incident.playbook)
    state = draft.get(key, AutonomyState) or AutonomyState(incident.ladder)
    under = draft.partition.policy
    if state.denied != under:
        draft.decided(incident.cluster, incident.incident_id, "rights", Reason.RIGHT_MISSING)
    draft.put(key, replace(state, denied=under, denied_why=why[:WHY_CHARS_MAX]))
    return words(incident.playbook, why[:WHY_CHARS_MAX])


def words(playbook: str, why: str) -> str:
    return f"{why}. {playbook} is off on this cluster. {MENDED_BY}."
