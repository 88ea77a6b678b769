"""Those who watch every step of a replay, each with books of his own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from traceback import extract_tb

from schemas.controls import Control, ControlKind
from schemas.incidents import Incident
from schemas.notices import Notice
from schemas.remediation import Command, CommandKind, Observation, Outcome
from schemas.tape import Fact
from streams.core.decide import Out
from streams.core.lifecycle import Phase
from streams.core.policy import Policy
from tests.streams.core.model import Model
from tests.streams.core.referee import Referee


class Books(Model):
    def _within_budgets(self, now_ms: int, command: Command) -> None:
        """The referee's, who goes by the policy and knows of portions."""


@dataclass
class Judges:
    policy: Policy
    _now_ms: int = 0
    _model: Books = field(default_factory=Books)
    _shown: dict[str, tuple[str, int]] = field(default_factory=dict)
    """By incident: the target as it was when people were asked."""

    def __post_init__(self) -> None:
        self._referee = Referee(self.policy)

    def see(self, at_ms: int, new: Fact | None, outs: Sequence[Out]) -> Iterator[str]:
        """`new` is None for a fact that was there before."""
        self._now_ms = max(self._now_ms, at_ms)
        try:
            if new is not None:
                self._referee.hears(at_ms, new)
                self._model_hears(new)
            self._referee.sees(at_ms, tuple(outs))
            # What ends in a step holds nothing any more when others go on in the same step.
            self._model.hears(self._now_ms, [out for out in outs if _ends(out)])
            self._model.hears(self._now_ms, [out for out in outs if not _ends(out)])
        except AssertionError as broken:
            yield str(broken) or _what_broke(broken)
        if isinstance(new, Observation):
            yield from self._not_as_approved((new.uid, new.generation), outs)

    def _model_hears(self, fact: Fact) -> None:
        if isinstance(fact, Outcome):
            self._model.told(fact)
        elif isinstance(fact, Control) and fact.kind is ControlKind.KILL:
            self._model.killed.add(fact.cluster)
        elif isinstance(fact, Control) and fact.kind is ControlKind.UNKILL:
            self._model.killed.discard(fact.cluster)

    def _not_as_approved(self, now: tuple[str, int], outs: Sequence[Out]) -> Iterator[str]:
        """People say yes to what they were shown, and to nothing that has moved since."""
        for out in outs:
            if isinstance(out, Notice) and out.proposal:
                self._shown[out.incident_id] = now
            elif isinstance(out, Command) and self._needs_a_yes(out):
                shown = self._shown.pop(out.incident_id, now)
                if shown != now:
                    yield f"{out.action} at {now}, and approved was {shown}"

    def _needs_a_yes(self, command: Command) -> bool:
        acts = command.kind is CommandKind.ACT
        return acts and self._referee.rung(command.action).approval.always


def _what_broke(broken: AssertionError) -> str:
    return f"not so: {extract_tb(broken.__traceback__)[-1].line}"


def _ends(out: Out) -> bool:
    return isinstance(out, Incident) and out.state == Phase.CLOSED
