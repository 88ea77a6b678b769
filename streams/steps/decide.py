"""`decide`: a tape record in; entries, decisions, commands, notices and incidents out."""

from collections.abc import Mapping

from schemas.codec import Undecodable, encode
from schemas.incidents import Decision, Incident
from schemas.notices import Notice
from schemas.remediation import Command, Withdrawal
from schemas.topics import COMMANDS, DECISIONS, INCIDENTS, NOTICES
from streams.core.decide import Out, decide
from streams.core.draft import UnreadableFact
from streams.core.partition import PARTITION, PartitionState
from streams.core.policy import Policies
from streams.core.state import State
from streams.steps.candidate import Candidate, is_of_candidate
from streams.steps.effects import Effects, InputRecord, OpenStep, Output
from streams.steps.place import placed
from streams.steps.reject import rejected
from streams.steps.state_codec import decode_state, encoded

NEVER: Mapping[int, int] = {}


class DecideStep:
    """One tape partition. Everything it writes goes to the partition of the same number.

    `silent_until_ms`: the state is being rebuilt from the whole tape, and what was ordered and told
    by then, and has expired by then, is not ordered and told again.
    """

    def __init__(
        self,
        policies: Policies,
        partition: int,
        entries: Mapping[bytes, bytes],
        silent_until_ms: int = 0,
    ) -> None:
        self.partition = partition
        self.state: State = decode_state(
            {key: value for key, value in entries.items() if not is_of_candidate(key)}
        )
        self._candidate = Candidate(policies, entries, self.state)
        self._policies = policies
        self._silent_until_ms = 0 if entries else silent_until_ms

    @property
    def now_ms(self) -> int:
        entry = self.state.get(PARTITION)
        return entry.now_ms if isinstance(entry, PartitionState) else 0

    @property
    def next_due_ms(self) -> int | None:
        dues = (self.state.next_due_ms(), self._candidate.next_due_ms)
        return min((due for due in dues if due is not None), default=None)

    def apply(self, record: InputRecord) -> Effects:
        fact = placed(record)
        if isinstance(fact, Undecodable):
            return rejected(record, fact.fault, fact.detail)
        try:
            step = decide(self._policies, self.state, fact)
        except UnreadableFact as fault:
            return rejected(record, "malformed", str(fault))
        self.state.apply(step.changes)
        beside = self._candidate.apply(self.state, fact)
        outputs = (*step.outputs, *beside.outputs)
        return Effects(
            changes={**encoded(step.changes), **encoded(beside.changes)},
            outputs=tuple(self._output(out) for out in outputs if not self._is_past(out)),
        )

    def _is_past(self, out: Out) -> bool:
        expires = isinstance(out, Command | Withdrawal | Notice)
        return expires and out.expires_at_ms <= self._silent_until_ms

    def _output(self, out: Out) -> Output:
        match out:
            case Decision():
                topic, key = DECISIONS, out.cluster
            case Command() | Withdrawal():
                topic, key = COMMANDS, out.cluster
            case Notice():
                topic, key = NOTICES, out.incident_id
            case Incident():
                topic, key = INCIDENTS, out.incident_id
        return Output(topic, key.encode(), encode(out), self.partition)


def open_decide(policies: Policies, silent_until_ms: Mapping[int, int] = NEVER) -> OpenStep:
    """`silent_until_ms` for the partitions whose journal is empty beside a tape that is not."""
    return lambda partition, entries: DecideStep(
        policies, partition, entries, silent_until_ms.get(partition, 0)
    )
