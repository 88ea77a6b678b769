"""I6: no more actions than the policy's limits allow: in ten seconds, a minute, an hour, at once.

Counted from the commands, as the core counts: in the tape's time, for each cluster, by the limits
that were in force at the moment of the order. Undoing spends nothing of the rates.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, field

from schemas.remediation import Command, CommandKind, Outcome
from schemas.tape import TapeRecord
from schemas.topics import COMMANDS, TAPE, Topic
from streams.audit.check import Later
from streams.audit.checks.commands import EFFECTS
from streams.audit.checks.in_force import PoliciesInForce
from streams.audit.ground import Horizon
from streams.audit.heard import Heard
from streams.audit.verdict import Place, Verdict
from streams.core.ladder.orders import OUTCOME_GRACE_MS
from streams.core.limits import Limits
from streams.core.rails.budget import BURST_MS, HOUR_MS, MINUTE_MS


@dataclass(slots=True)
class _Cluster:
    acted_at_ms: deque[int] = field(default_factory=deque)
    under_way: dict[str, int] = field(default_factory=dict)
    """By command: until when it is, unless its end comes first."""
    known: dict[str, int] = field(default_factory=dict)
    """Ids of the last hours: a command that was appended again is one."""


class Budgets:
    def __init__(self, horizon: Horizon) -> None:
        self._horizon = horizon
        self._verdict = Verdict("I6")
        self._policies = PoliciesInForce()
        self._now_ms: dict[int, int] = {}
        self._clusters: dict[tuple[int, str], _Cluster] = defaultdict(_Cluster)
        self._ended_at_ms: dict[str, int] = {}
        self._orders: Later[tuple[Place, Command]] = Later(self._judge)
        self._unknown = 0

    @property
    def topics(self) -> frozenset[Topic]:
        return frozenset({TAPE, COMMANDS})

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return (self._verdict,)

    def hear(self, heard: Heard) -> None:
        if isinstance(heard.value, Command):
            if heard.value.kind in EFFECTS:
                at_ms = max(heard.record.at_ms, heard.value.issued_at_ms)
                self._orders.add(at_ms, (heard.place, heard.value))
        elif isinstance(heard.value, TapeRecord) and not heard.repeat:
            self._hear_fact(heard, heard.value)
        self._orders.until(heard.record.at_ms)

    def _hear_fact(self, heard: Heard, record: TapeRecord) -> None:
        partition = heard.record.partition
        now_ms = max(self._now_ms.get(partition, 0), heard.record.at_ms)
        self._now_ms[partition] = now_ms
        self._policies.hear(partition, now_ms, record.fact)
        fact = record.fact
        if isinstance(fact, Outcome) and fact.status.terminal and fact.kind in EFFECTS:
            self._ended_at_ms.setdefault(fact.command_id, now_ms)
            _forget(self._ended_at_ms, now_ms - 2 * HOUR_MS)

    def finish(self, now_ms: int) -> None:
        self._orders.all()
        if self._unknown:
            self._verdict.unverified.append(
                f"{self._unknown} actions were ordered under a policy that is no longer on the tape"
            )

    def _judge(self, ordered: tuple[Place, Command]) -> None:
        place, order = ordered
        cluster = self._clusters[place.partition, order.cluster]
        at_ms = order.issued_at_ms
        _forget(cluster.known, at_ms - 2 * HOUR_MS)
        if order.command_id in cluster.known:
            return
        cluster.known[order.command_id] = at_ms
        if order.kind is CommandKind.ACT:
            cluster.acted_at_ms.append(at_ms)
            while cluster.acted_at_ms[0] <= at_ms - HOUR_MS:
                cluster.acted_at_ms.popleft()
            self._hold_against(place, order, cluster)
        cluster.under_way[order.command_id] = order.expires_at_ms + OUTCOME_GRACE_MS

    def _hold_against(self, place: Place, order: Command, cluster: _Cluster) -> None:
        self._verdict.checked += 1
        in_force = list(self._policies.at(place.partition, order.issued_at_ms))
        if not in_force:
            if TAPE.noun in self._horizon.cut:
                self._unknown += 1
            else:
                why = "was ordered while no policy was in force"
                self._verdict.against(place, order.command_id, why)
            return
        found = [self._excess(limits, order.issued_at_ms, cluster) for limits in in_force]
        if all(found):
            self._verdict.against(place, order.command_id, found[-1])

    def _excess(self, limits: Limits, at_ms: int, cluster: _Cluster) -> str:
        """In words; empty where it is within the limits."""
        for span_ms, most, words in (
            (BURST_MS, limits.burst, "ten seconds"),
            (MINUTE_MS, limits.actions_per_minute, "a minute"),
            (HOUR_MS, limits.actions_per_hour, "an hour"),
        ):
            acted = sum(at > at_ms - span_ms for at in cluster.acted_at_ms)
            if acted > most:
                return f"is action {acted} within {words}, and {most} are allowed"
        at_once = 1 + self._under_way(at_ms, cluster)
        if at_once > limits.concurrent:
            return f"is one of {at_once} actions at once, and {limits.concurrent} are allowed"
        return ""

    def _under_way(self, at_ms: int, cluster: _Cluster) -> int:
        for command_id, until_ms in list(cluster.under_way.items()):
            if min(until_ms, self._ended_at_ms.get(command_id, until_ms)) <= at_ms:
                del cluster.under_way[command_id]
        return len(cluster.under_way)


def _forget(times: dict[str, int], before_ms: int) -> None:
    """The oldest come first."""
    while times:
        oldest = next(iter(times))
        if times[oldest] >= before_ms:
            return
        del times[oldest]
