"""The chain of decisions of a cluster: what each covers, and how it is tied to the one before."""

from schemas.ids import digest
from schemas.incidents import Decision, Verdict
from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.keys import scope_key
from streams.core.partition import CHECKPOINT_FACTS, CHECKPOINT_MS
from streams.core.reasons import Reason


def cover(draft: Draft) -> None:
    """Fold the fact's bytes into the hash that the next decision of its chain will carry."""
    name = draft.chain_of(draft.fact.record.cluster)
    scope = draft.scope(name)
    folded = digest(scope.facts_hash, draft.fact.digest)
    draft.put(scope_key(name), replace(scope, facts_hash=folded, facts=scope.facts + 1))


def checkpoint_if_due(draft: Draft) -> None:
    """A quiet stretch is sealed too: its facts must not wait for a decision to be covered."""
    name = draft.chain_of(draft.fact.record.cluster)
    scope = draft.scope(name)
    too_long = draft.now_ms - scope.decided_at_ms >= CHECKPOINT_MS
    if scope.facts and (scope.facts >= CHECKPOINT_FACTS or too_long):
        checkpoint(draft, name)


def checkpoint(draft: Draft, name: str) -> None:
    if name not in draft.verdicts:
        draft.decided(name, "", "checkpoint", Reason.CHECKPOINT)


def seal(draft: Draft, name: str, verdicts: tuple[Verdict, ...]) -> Decision:
    scope, fact = draft.scope(name), draft.fact
    run = draft.partition.beside
    decision = Decision(
        cluster=f"{name}?{run}" if run else name,
        seq=scope.seq + 1,
        at_ms=draft.now_ms,
        tape_partition=fact.partition,
        tape_offset=fact.offset,
        cause=type(fact.record.fact).__name__,
        origin=fact.record.origin,
        policy=draft.partition.policy,
        logic=draft.partition.logic,
        verdicts=verdicts,
        previous=scope.previous,
        facts_hash=scope.facts_hash,
    )
    sealed = replace(
        scope,
        seq=decision.seq,
        previous=link(decision),
        facts_hash="",
        facts=0,
        decided_at_ms=draft.now_ms,
    )
    draft.put(scope_key(name), sealed)
    return decision


def link(decision: Decision) -> str:
    """What the next decision's `previous` must be: a hash over all that this one says."""
    verdicts: list[str | int] = []
    for v in decision.verdicts:
        verdicts += (v.incident_id, v.what, v.reason, v.state, len(v.emitted), *v.emitted)
    return digest(
        decision.cluster,
        decision.seq,
        decision.at_ms,
        decision.tape_partition,
        decision.tape_offset,
        decision.cause,
        str(decision.origin),
        decision.policy,
        decision.logic,
        decision.previous,
        decision.facts_hash,
        *verdicts,
    )
