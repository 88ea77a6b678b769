"""The breaker: what does not work is not done again and again.

It counts effect, not execution: an action that was carried out and cured nothing has failed. One
breaker for each playbook on a cluster, and one for the cluster.
"""

from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import IncidentState
from streams.core.keys import breaker_key
from streams.core.limits import Limits
from streams.core.rails.asked import Asked, Refusal
from streams.core.reasons import Reason
from streams.core.standing import BreakerState


def is_open(asked: Asked) -> Refusal | None:
    for key in _keys(asked.incident):
        state = asked.draft.get(key, BreakerState)
        if state is None or not state.opened_at_ms:
            continue
        half_open = asked.now_ms >= state.opened_at_ms + asked.policy.limits.breaker_open_ms
        mine = state.canary in ("", asked.incident.incident_id)
        if not half_open or not mine:
            return Refusal(Reason.BREAKER_OPEN, key.removeprefix("breaker/"))
    return None


def claim(draft: Draft, incident: IncidentState) -> None:
    """An action through a half-open breaker is its canary: others wait for how it turns out."""
    for key in _keys(incident):
        state = draft.get(key, BreakerState)
        if state and state.opened_at_ms:
            draft.put(key, replace(state, canary=incident.incident_id))


def let_go(draft: Draft, incident: IncidentState) -> None:
    """The incident ended without telling whether what it did has worked: another may try."""
    for key, state in _whose_canary_is(draft, incident):
        draft.put(key, replace(state, canary=""))


def gave_up(draft: Draft, incident: IncidentState) -> None:
    """People have it, and it tells nothing more. What cannot be told is no success."""
    for key, state in _whose_canary_is(draft, incident):
        draft.put(key, replace(state, opened_at_ms=draft.now_ms, canary=""))


def _whose_canary_is(draft: Draft, incident: IncidentState) -> list[tuple[str, BreakerState]]:
    found = [(key, draft.get(key, BreakerState)) for key in _keys(incident)]
    return [(key, state) for key, state in found if state and state.canary == incident.incident_id]


def record(draft: Draft, incident: IncidentState, limits: Limits, *, worked: bool) -> bool:
    """Note how an action turned out. True where that opened a breaker."""
    opened = False
    for key in _keys(incident):
        before = draft.get(key, BreakerState) or BreakerState()
        if before.opened_at_ms and before.canary != incident.incident_id:
            continue  # It was under way before: only the canary tells.
        after = _noted(before, limits, worked, draft.now_ms)
        draft.put(key, after)
        opened = opened or (after.opened_at_ms > 0 and not before.opened_at_ms)
    return opened


def _noted(state: BreakerState, limits: Limits, worked: bool, now_ms: int) -> BreakerState:
    if state.opened_at_ms:
        return BreakerState() if worked else replace(state, opened_at_ms=now_ms, canary="")
    results = (*state.results, worked)[-limits.breaker_of :]
    opens = not worked and _is_bad(results, limits)
    return BreakerState(results, opened_at_ms=now_ms if opens else 0)


def _is_bad(results: tuple[bool, ...], limits: Limits) -> bool:
    last = results[-limits.breaker_straight :]
    straight = len(last) == limits.breaker_straight and not any(last)
    poor = sum(results) * 100 < limits.breaker_percent * len(results)
    return straight or (len(results) >= limits.breaker_least and poor)


def _keys(incident: IncidentState) -> tuple[str, str]:
    return breaker_key(incident.cluster, incident.playbook), breaker_key(incident.cluster)
