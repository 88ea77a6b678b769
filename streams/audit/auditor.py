"""The auditor: every check behind one ear.

It hears the journals first, partition by partition, and then all else in the order of the broker's
time. What it holds grows with what is under way and not with the log: see docs/audit.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.topics import (
    ALERTS,
    COMMANDS,
    CONTROLS,
    DECISIONS,
    INCIDENTS,
    JOURNALS,
    METRICS,
    NAMED,
    OUTCOMES,
    REJECTS,
    SWITCHES,
    TAPE,
    Topic,
)
from streams.audit.check import Check
from streams.audit.checks.budgets import Budgets
from streams.audit.checks.calls import Calls
from streams.audit.checks.canaries import Canaries
from streams.audit.checks.chains import Chains
from streams.audit.checks.commands import Commands
from streams.audit.checks.covered import Covered
from streams.audit.checks.cursors import Cursors
from streams.audit.checks.delivered import Delivered
from streams.audit.checks.incidents import Incidents
from streams.audit.checks.stopped import Stopped
from streams.audit.ground import Ground, Horizon
from streams.audit.heard import Ear
from streams.audit.verdict import INVARIANTS, Verdict
from streams.steps.effects import InputRecord


@dataclass(frozen=True, slots=True)
class Asked:
    """What the topics do not know by themselves; what is not given is not checked."""

    ledger: Path | None = None
    calls: Path | None = None
    canaries: Sequence[str] = ()


HEARD: tuple[Topic, ...] = (
    ALERTS,
    METRICS,
    TAPE,
    DECISIONS,
    INCIDENTS,
    COMMANDS,
    OUTCOMES,
    CONTROLS,
    REJECTS,
    SWITCHES,
)


def topics_of(asked: Asked) -> tuple[Topic, ...]:
    """That are to be read besides the journals: a canary may be anywhere."""
    return NAMED if asked.canaries else HEARD


class Auditor:
    def __init__(self, ground: Ground, asked: Asked | None = None) -> None:
        asked = asked or Asked()
        self._horizon = Horizon(ground)
        self._ear = Ear()
        self._now_ms = 0
        self._checks = _checks(ground, self._horizon, asked)
        self._wanted: dict[Topic, list[Check]] = defaultdict(list)
        for check in self._checks:
            for topic in check.topics:
                self._wanted[topic].append(check)
        assert self._wanted.keys() <= {*JOURNALS, *topics_of(asked)}

    def hear(self, record: InputRecord) -> None:
        self._now_ms = max(self._now_ms, record.at_ms)
        self._horizon.hear(record)
        heard = self._ear.hear(record)
        for check in self._wanted.get(record.topic, ()):
            check.hear(heard)

    def finish(self) -> tuple[Verdict, ...]:
        """In the order of the invariants; one that was not asked for is not among them."""
        for check in self._checks:
            check.finish(self._now_ms)
        return added_up(verdict for check in self._checks for verdict in check.verdicts)


def _checks(ground: Ground, horizon: Horizon, asked: Asked) -> tuple[Check, ...]:
    cursors = Cursors(ground)
    return (
        cursors,
        *((Delivered(ground, horizon, asked.ledger),) if asked.ledger else ()),
        Covered(ground, horizon, cursors),
        Commands(ground, horizon),
        *((Calls(asked.calls),) if asked.calls else ()),
        Budgets(horizon),
        Stopped(),
        Incidents(cursors),
        *((Canaries(asked.canaries),) if asked.canaries else ()),
        Chains(ground),
    )


def added_up(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """One for each invariant, from however many checks speak of it."""
    found: dict[str, Verdict] = {}
    for verdict in verdicts:
        total = found.setdefault(verdict.invariant, Verdict(verdict.invariant))
        total.checked += verdict.checked
        total.violations += verdict.violations
        total.pending += verdict.pending
        total.unverified += verdict.unverified
        total.first = total.first or verdict.first
    return tuple(found[name] for name in INVARIANTS if name in found)
