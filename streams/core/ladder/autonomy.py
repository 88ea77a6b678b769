"""How far a playbook may go by itself: what its policy says, as far as its record bears it out.

Nothing is promoted in silence: that the evidence is enough is a decision on the record, made when
people say what they think of a proposal. What fails loses its autonomy until somebody trusts it
again.
"""

from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import IncidentState
from streams.core.keys import autonomy_key
from streams.core.limits import Limits
from streams.core.playbook import MODES, Mode, Playbook, Rung
from streams.core.reasons import Reason
from streams.core.standing import AutonomyState

CASES_MAX = 1_000


def mode_of(
    draft: Draft, cluster: str, playbook: Playbook, rung: Rung, in_force: Playbook | None = None
) -> tuple[Mode, Reason]:
    """The mode in which the step is taken, and why it is that one. Where the policy in force allows
    its playbook less than the one that the incident runs under, that holds at once."""
    now = in_force or playbook
    said = min(playbook.mode, rung.mode or playbook.mode, now.mode, key=MODES.index)
    if said is not Mode.AUTO:
        return said, Reason.MODE_OF_POLICY
    state = draft.get(autonomy_key(cluster, playbook.name), AutonomyState) or AutonomyState()
    if state.demoted:
        return Mode.APPROVE, Reason.DEMOTED
    trusted = playbook.trusted and now.trusted
    if trusted or (state.granted and state.ladder == playbook.digest):
        return Mode.AUTO, Reason.MODE_OF_POLICY
    return Mode.APPROVE, Reason.NOT_YET_PROVEN


def judge(draft: Draft, incident: IncidentState, limits: Limits, *, agreed: bool) -> None:
    """What people said of a proposal: evidence for this very ladder, and for no other."""
    key = autonomy_key(incident.cluster, incident.playbook)
    state = draft.get(key, AutonomyState) or AutonomyState()
    if state.ladder != incident.ladder:
        state = replace(
            AutonomyState(incident.ladder, demoted=state.demoted),
            denied=state.denied,
            denied_why=state.denied_why,
        )
    state = replace(
        state,
        cases=(*state.cases, agreed)[-CASES_MAX:],
        first_case_at_ms=state.first_case_at_ms or draft.now_ms,
    )
    proven = _is_proven(state, limits, draft.now_ms)
    if proven is not state.granted:
        reason = Reason.PROVEN if proven else Reason.NOT_YET_PROVEN
        draft.decided(incident.cluster, incident.incident_id, "autonomy", reason)
    draft.put(key, replace(state, granted=proven))


def _is_proven(state: AutonomyState, limits: Limits, now_ms: int) -> bool:
    cases = state.cases[-limits.shadow_cases :]
    if len(cases) < limits.shadow_cases:
        return False
    long_enough = now_ms - state.first_case_at_ms >= limits.shadow_for_ms
    return long_enough and sum(cases) * 100 >= limits.shadow_agreed_percent * len(cases)


def demote(draft: Draft, incident: IncidentState) -> bool:
    """Its actions did not help. True where it was not demoted before."""
    key = autonomy_key(incident.cluster, incident.playbook)
    state = draft.get(key, AutonomyState) or AutonomyState(incident.ladder)
    if state.demoted:
        return False
    draft.put(key, replace(state, demoted=True))
    draft.decided(incident.cluster, incident.incident_id, "autonomy", Reason.DEMOTED)
    return True


def trust(draft: Draft, cluster: str, playbook: str) -> Reason:
    key = autonomy_key(cluster, playbook)
    state = draft.get(key, AutonomyState)
    if state is None or not (state.demoted or state.denied):
        return Reason.NOTHING_TO_CHANGE
    draft.put(key, replace(state, demoted=False, denied="", denied_why=""))
    return Reason.TRUSTED_AGAIN
