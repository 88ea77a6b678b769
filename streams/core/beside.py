"""A candidate policy run beside the one in force, on the same facts.

It has a state of its own, and only its decisions leave it: nothing is ever ordered or told. An
incident's run ends where its first look would be sent, because from there on the world would have
gone another way; what the candidate would have done is its verdict.

It begins with what people have ordered and without incidents: alerts that fire already are seen
anew when they are next resent.
"""

from collections.abc import Iterable, Mapping

from schemas.incidents import Decision
from schemas.tape import PolicyPublished
from streams.core.changed import replace
from streams.core.decide import Step, decide
from streams.core.draft import Placed
from streams.core.entries import Entry
from streams.core.keys import policy_key
from streams.core.partition import PARTITION, OriginMark, PartitionState, PolicyText, ScopeState
from streams.core.policy import Policies
from streams.core.standing import FreezeState, SilenceState
from streams.core.state import State

TAKEN_OVER = (OriginMark, SilenceState, FreezeState)


def run_of(state: State) -> str:
    """The candidate's run that this state asks for; empty: none."""
    partition = state.get(PARTITION)
    return partition.candidate_run if isinstance(partition, PartitionState) else ""


def begin(live: State) -> Mapping[str, Entry]:
    """The entries that the candidate's run begins with."""
    partition = live.get(PARTITION)
    assert isinstance(partition, PartitionState)
    text = live.get(policy_key(partition.candidate))
    assert isinstance(text, PolicyText)
    begun: dict[str, Entry] = {
        PARTITION: replace(
            partition,
            policy=partition.candidate,
            policies=(partition.candidate,),
            candidate="",
            candidate_run="",
            beside=partition.candidate_run,
        ),
        policy_key(partition.candidate): text,
    }
    return {**begun, **dict(_taken_over(live, partition.now_ms))}


def _taken_over(live: State, now_ms: int) -> Iterable[tuple[str, Entry]]:
    for key, entry in live.items():
        if isinstance(entry, TAKEN_OVER):
            yield key, entry
        elif isinstance(entry, ScopeState) and entry.killed:
            yield key, ScopeState(decided_at_ms=now_ms, killed=True)


def decide_beside(policies: Policies, state: State, fact: Placed) -> Step:
    if isinstance(fact.record.fact, PolicyPublished):
        return Step({}, ())  # It concerns whoever is in force.
    step = decide(policies, state, fact)
    return Step(step.changes, tuple(out for out in step.outputs if isinstance(out, Decision)))
