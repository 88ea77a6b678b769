"""What people order, carried out. An order that cannot be read or has nothing to change says so on
the record, and changes nothing."""

import json
from collections.abc import Callable, Mapping

from schemas.controls import ALL_CLUSTERS, Control, ControlKind
from schemas.remediation import Target
from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import IncidentState
from streams.core.keys import (
    change_key,
    freeze_key,
    incident_key,
    key_part,
    policy_key,
    scope_key,
    silence_key,
)
from streams.core.ladder import autonomy, waiting
from streams.core.lifecycle import Phase
from streams.core.partition import PARTITION, PolicyText
from streams.core.people import consent, policies
from streams.core.reasons import Reason
from streams.core.standing import ChangeState, FreezeState, SilenceState

SILENCE_MATCHERS_MAX = 64
SNOOZE_MAX_MS = 7 * 86_400_000
FREEZE_MAX_MS = 31 * 86_400_000
SILENCE_MAX_MS = 366 * 86_400_000


SNOOZABLE = frozenset({Phase.OPEN, Phase.AWAITING_APPROVAL, Phase.SUPPRESSED, Phase.ESCALATED})


class Unreadable(Exception):
    """A parameter is missing or cannot be meant."""


def hear(draft: Draft, control: Control) -> None:
    """Every order leaves a verdict: who, what, and what came of it."""
    read = READERS.get(control.kind)
    if read is None or (draft.partition.beside and control.kind in OF_THE_LIVE_RUN):
        return
    try:
        reason = read(draft, control)
    except (Unreadable, KeyError, ValueError, RecursionError) as fault:
        reason = Reason.CONTROL_UNREADABLE
        draft.decided(control.cluster, "", f"{control.kind}: {str(fault)[:200]}", reason)
        return
    incident = control.parameters.get("incident", "")
    draft.decided(control.cluster, incident, control.kind.value, reason)


def _kill(draft: Draft, control: Control) -> Reason:
    return _switch(draft, control.cluster, killed=True)


def _unkill(draft: Draft, control: Control) -> Reason:
    return _switch(draft, control.cluster, killed=False)


def _switch(draft: Draft, cluster: str, *, killed: bool) -> Reason:
    if cluster == ALL_CLUSTERS:
        draft.put(PARTITION, replace(draft.partition, killed=killed))
    else:
        draft.put(scope_key(cluster), replace(draft.scope(cluster), killed=killed))
    return Reason.KILL_SWITCH_ON if killed else Reason.KILL_SWITCH_OFF


def _freeze(draft: Draft, control: Control) -> Reason:
    ends_at_ms = _until(draft, control, FREEZE_MAX_MS)
    key = freeze_key(control.cluster, _name(control))
    draft.put(key, FreezeState(ends_at_ms, control.author, control.reason))
    draft.kept[key] = None
    return Reason.FREEZE_ON


def _unfreeze(draft: Draft, control: Control) -> Reason:
    """One freeze by its id, or every one of the cluster."""
    mine = f"freeze/{key_part(control.cluster)}/"
    wanted = freeze_key(control.cluster, control.parameters.get("id", ""))
    keys = [key for key, _ in draft.of_kind("freeze") if key.startswith(mine)]
    ended = [key for key in keys if key == wanted or not control.parameters.get("id")]
    for key in ended:
        draft.put(key, None)
    return Reason.FREEZE_OFF if ended else Reason.NOTHING_TO_CHANGE


def _silence(draft: Draft, control: Control) -> Reason:
    texts = json.loads(control.parameters["matchers"])
    if not isinstance(texts, list) or not all(isinstance(t, str) for t in texts):
        raise Unreadable("matchers must be a JSON list of texts")
    if not 0 < len(texts) <= SILENCE_MATCHERS_MAX or draft.policies.matchers(tuple(texts)) is None:
        raise Unreadable("matchers cannot be read, or would match everything")
    ends_at_ms = _until(draft, control, SILENCE_MAX_MS)
    starts_at_ms = max(draft.now_ms, int(control.parameters.get("starts_at_ms", draft.now_ms)))
    if starts_at_ms >= ends_at_ms:
        raise Unreadable("it ends before it starts")
    key = silence_key(control.cluster, _name(control))
    maintenance = control.kind is ControlKind.MAINTENANCE
    draft.put(
        key,
        SilenceState(
            tuple(texts), starts_at_ms, ends_at_ms, control.author, control.reason, maintenance
        ),
    )
    draft.kept[key] = None
    return Reason.SILENCE_ON


def _expire(draft: Draft, control: Control) -> Reason:
    key = silence_key(control.cluster, _name(control))
    if draft.get(key, SilenceState) is None:
        return Reason.NOTHING_TO_CHANGE
    draft.put(key, None)
    return Reason.SILENCE_OFF


def _approve(draft: Draft, control: Control) -> Reason:
    return consent.hear(draft, control, yes=True)


def _reject(draft: Draft, control: Control) -> Reason:
    return consent.hear(draft, control, yes=False)


def _snooze(draft: Draft, control: Control) -> Reason:
    incident = draft.get(incident_key(control.parameters["incident"]), IncidentState)
    if incident is None or incident.cluster != control.cluster:
        return Reason.NOTHING_TO_CHANGE
    until_ms = _until(draft, control, SNOOZE_MAX_MS)
    if incident.phase not in SNOOZABLE:
        return Reason.NOT_NOW
    waiting.snooze(draft, incident, until_ms, f"{control.author}: {control.reason}")
    return Reason.SNOOZED


def _change(draft: Draft, control: Control) -> Reason:
    given = control.parameters
    target = Target(control.cluster, given["namespace"], given["kind"], given["name"])
    revision = given.get("revision", "")
    draft.put(change_key(target), ChangeState(draft.now_ms, revision, control.author))
    return Reason.CHANGE_RECORDED


def _trust(draft: Draft, control: Control) -> Reason:
    return autonomy.trust(draft, control.cluster, control.parameters["playbook"])


def _until(draft: Draft, control: Control, longest_ms: int) -> int:
    """An end is mandatory, and by the tape's time: whoever forgets it must not stop us for good."""
    until_ms = control.expires_at_ms
    if until_ms is None or until_ms <= draft.now_ms:
        raise Unreadable("it needs an end in the future")
    if until_ms > draft.now_ms + longest_ms:
        raise Unreadable(f"at most {longest_ms // 86_400_000} days ahead")
    return until_ms


def _name(control: Control) -> str:
    name = control.parameters["id"]
    if not 0 < len(name) <= 64:
        raise Unreadable("an id has 1 to 64 characters")
    return name


def _candidate(draft: Draft, control: Control) -> Reason:
    """A policy to be run beside the one in force; one at a time."""
    digest, source = control.parameters["digest"], control.parameters["source"]
    kept = draft.get(policy_key(digest), PolicyText)
    if not digest or (kept and kept.source != source):
        return Reason.POLICY_DIGEST_TAKEN
    if draft.policies.compile(digest, source) is None:
        return Reason.POLICY_UNREADABLE
    _drop_candidate(draft)
    if draft.get(policy_key(digest), PolicyText) is None:
        draft.put(policy_key(digest), PolicyText(source, control.author))
    run = f"{digest[:8]}-{draft.fact.offset}"
    draft.put(PARTITION, replace(draft.partition, candidate=digest, candidate_run=run))
    return Reason.CANDIDATE_BEGINS


def _drop(draft: Draft, control: Control) -> Reason:
    if not _is_candidate(draft, control):
        return Reason.NOTHING_TO_CHANGE
    _drop_candidate(draft)
    return Reason.CANDIDATE_ENDS


def _promote(draft: Draft, control: Control) -> Reason:
    """What ran beside is put in force, by whoever promotes it."""
    if not _is_candidate(draft, control):
        return Reason.NOTHING_TO_CHANGE
    digest = draft.partition.candidate
    text = draft.get(policy_key(digest), PolicyText)
    assert text is not None
    _drop_candidate(draft)
    policies.adopt(draft, digest, text.source, control.author)
    return Reason.CANDIDATE_ENDS


def _is_candidate(draft: Draft, control: Control) -> bool:
    digest = draft.partition.candidate
    return bool(digest) and digest == control.parameters["digest"]


def _drop_candidate(draft: Draft) -> None:
    partition = draft.partition
    if partition.candidate and partition.candidate not in partition.policies:
        draft.put(policy_key(partition.candidate), None)
    draft.put(PARTITION, replace(partition, candidate="", candidate_run=""))


OF_THE_LIVE_RUN = frozenset({ControlKind.CANDIDATE, ControlKind.DROP, ControlKind.PROMOTE})
"""What the candidate's own run does not hear."""
READERS: Mapping[ControlKind, Callable[[Draft, Control], Reason]] = {
    ControlKind.KILL: _kill,
    ControlKind.UNKILL: _unkill,
    ControlKind.FREEZE: _freeze,
    ControlKind.UNFREEZE: _unfreeze,
    ControlKind.SILENCE: _silence,
    ControlKind.MAINTENANCE: _silence,
    ControlKind.EXPIRE: _expire,
    ControlKind.APPROVE: _approve,
    ControlKind.REJECT: _reject,
    ControlKind.SNOOZE: _snooze,
    ControlKind.CHANGE: _change,
    ControlKind.TRUST: _trust,
    ControlKind.CANDIDATE: _candidate,
    ControlKind.DROP: _drop,
    ControlKind.PROMOTE: _promote,
}
