"""A rehearsal: one partition of the tape, on which whoever rehearses puts what happens and when.

The real core decides over real tape records; only the broker's clock and the world are pretended.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from schemas import sightings
from schemas.alerts import Sighting
from schemas.codec import encode
from schemas.controls import ALL_CLUSTERS, Control, ControlKind
from schemas.remediation import Check, Command, Observation, Outcome, OutcomeReason, OutcomeStatus
from schemas.tape import Fact, Origin, PolicyPublished, TapeRecord, Tick
from streams.core.decide import Out, Step, decide
from streams.core.draft import Placed
from streams.core.state import State
from streams.policy.book import PolicyBook
from streams.policy.digests import digest_of

EXECUTOR = "test"
TICKS_MAX = 100_000
"""Of one wait: a day of retries every second is less."""


class Restless(Exception):
    """A wait that does not end."""


class Rehearsal:
    def __init__(self, cluster: str, start_ms: int) -> None:
        self.state = State()
        self.policies = PolicyBook()
        self.cluster = cluster
        self.now_ms = start_ms
        self.offset = 0
        self.tape: list[tuple[int, TapeRecord]] = []
        self.new: list[Out] = []
        """What the last fact gave."""
        self.all: list[Out] = []

    def plays(self, at_ms: int, record: TapeRecord) -> Step:
        digest = hashlib.blake2b(encode(record), digest_size=16).hexdigest()
        step = decide(self.policies, self.state, Placed(0, self.offset, at_ms, record, digest))
        self.state.apply(step.changes)
        self.tape.append((at_ms, record))
        self.offset += 1
        self.new = list(step.outputs)
        self.all += step.outputs
        return step

    def hears(self, fact: Fact, cluster: str | None = None, origin: Origin | None = None) -> Step:
        record = TapeRecord(cluster or self.cluster, fact, origin or self._origin())
        return self.plays(self.now_ms, record)

    def _origin(self) -> Origin:
        return Origin("test", "one", 0, self.offset, 0)

    def publishes(self, source: str, author: str = "test") -> Step:
        fact = PolicyPublished(digest_of(source), source, author)
        return self.hears(fact, cluster=ALL_CLUSTERS)

    def sees(self, *seen: Sighting, origin: Origin | None = None) -> Step:
        return self.hears(sightings.pack(seen), origin=origin)

    # Time.

    def ticks(self, host_at_ms: int | None = None) -> Step:
        fact = Tick(self.now_ms if host_at_ms is None else host_at_ms)
        return self.plays(self.now_ms, TapeRecord(ALL_CLUSTERS, fact))

    def waits_until(self, at_ms: int) -> None:
        """Works off what falls due until then, each at its time, as the ticker does."""
        for _ in range(TICKS_MAX):
            due_ms = self.state.next_due_ms()
            if due_ms is None or due_ms > at_ms:
                break
            self.now_ms = max(self.now_ms, due_ms)
            self.ticks()
        else:
            raise Restless(f"more than {TICKS_MAX} deadlines in one wait")
        self.now_ms = max(self.now_ms, at_ms)

    # The executor.

    def observed(self, look: Command, **seen: Any) -> Step:
        return self.hears(observation(look, self.now_ms, **seen))

    def answered(
        self,
        command: Command,
        status: OutcomeStatus,
        reason: OutcomeReason = OutcomeReason.NONE,
        **more: Any,
    ) -> Step:
        outcome = Outcome(
            command_id=command.command_id,
            cluster=command.cluster,
            incident_id=command.incident_id,
            kind=command.kind,
            status=status,
            reason=reason.value,
            at_ms=self.now_ms,
            executor=EXECUTOR,
            **more,
        )
        return self.hears(outcome)

    def checked(self, command: Command, passed: bool | None) -> Step:
        """Every probe that was asked for says the same."""
        checks = tuple(Check(name, passed, "seen") for name in probes_of(command))
        return self.answered(command, OutcomeStatus.CHECKED, checks=checks)

    # People.

    def ordered(
        self,
        kind: ControlKind,
        by: str,
        parameters: Mapping[str, str],
        *,
        cluster: str | None = None,
        ends_at_ms: int | None = None,
        verified: bool = False,
    ) -> Step:
        where = cluster or self.cluster
        name, now_ms = f"c{self.offset}", self.now_ms
        control = Control(name, where, kind, by, "drill", now_ms, ends_at_ms, parameters, verified)
        return self.hears(control, cluster=where)


def observation(look: Command, at_ms: int, **seen: Any) -> Observation:
    """A healthy, opted-in Deployment of three replicas, unless said otherwise."""
    healthy: Mapping[str, Any] = {
        "found": True,
        "uid": "uid-1",
        "generation": 4,
        "observed_generation": 4,
        "replicas_wanted": 3,
        "replicas_ready": 3,
        "replicas_updated": 3,
        "opted_in": True,
    }
    return Observation(
        command_id=look.command_id,
        cluster=look.cluster,
        incident_id=look.incident_id,
        target=look.target,
        at_ms=at_ms,
        executor=EXECUTOR,
        **{**healthy, **seen},
    )


def probes_of(verify: Command) -> list[str]:
    """The names under which a VERIFY's probes are answered."""
    asked = verify.parameters["probes"]
    return [p["name"] for p in json.loads(asked)] if asked[:1] == "[" else asked.split(",")
