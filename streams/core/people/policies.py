"""Which policy is in force, and which of the earlier ones are still needed."""

from schemas.controls import ALL_CLUSTERS
from schemas.tape import PolicyPublished
from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.keys import policy_key
from streams.core.partition import PARTITION, PolicyText
from streams.core.reasons import Reason

KEPT_MAX = 16


def hear(draft: Draft, fact: PolicyPublished) -> None:
    """A policy that this release cannot read changes nothing: the one in force stays."""
    if refusal := _refusal(draft, fact):
        draft.decided(ALL_CLUSTERS, "", "policy_refused", refusal)
    else:
        adopt(draft, fact.digest, fact.source, fact.author)


def _refusal(draft: Draft, fact: PolicyPublished) -> Reason | None:
    kept = draft.get(policy_key(fact.digest), PolicyText)
    if not fact.digest or (kept and kept.source != fact.source):
        return Reason.POLICY_DIGEST_TAKEN
    readable = draft.policies.compile(fact.digest, fact.source) is not None
    return None if readable else Reason.POLICY_UNREADABLE


def adopt(draft: Draft, digest: str, source: str, author: str) -> None:
    """Put it in force at once; incidents under way take it over at their next step."""
    partition = draft.partition
    kept = (*(d for d in partition.policies if d != digest), digest)
    for old in kept[:-KEPT_MAX]:
        if old != partition.candidate:
            draft.put(policy_key(old), None)
    draft.put(policy_key(digest), PolicyText(source, author))
    draft.put(PARTITION, replace(partition, policy=digest, policies=kept[-KEPT_MAX:]))
    draft.decided(ALL_CLUSTERS, "", "policy", Reason.NEW_POLICY)
