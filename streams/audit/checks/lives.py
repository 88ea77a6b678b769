"""The lives of commands: each with what was ordered, announced and concluded, until it is over."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from schemas.remediation import Command, Observation, Outcome, OutcomeReason, OutcomeStatus
from streams.audit.verdict import Place

KEPT_MS = 3_600_000
"""After its time is over: longer than any paused executor lives."""


@dataclass(frozen=True, slots=True)
class Said:
    """An outcome, and where it stands."""

    place: Place
    outcome: Outcome | Observation

    @property
    def status(self) -> OutcomeStatus | None:
        """None: an observation, which is the end of a LOOK."""
        return self.outcome.status if isinstance(self.outcome, Outcome) else None

    @property
    def is_end(self) -> bool:
        return self.status is None or self.status.terminal

    @property
    def lost_a_race(self) -> bool:
        """What the loser says of two who sent the same request."""
        said = self.outcome
        return isinstance(said, Outcome) and said.reason == OutcomeReason.STALE


@dataclass(slots=True)
class Life:
    command: Command | None = None
    place: Place | None = None
    intent: Said | None = None
    """The first: it is the one whose request may be under way."""
    end: Said | None = None
    """The first: it is the one that counts."""
    heard: list[Said] = field(default_factory=list)
    """What came before the command itself was heard; topics are not in one order."""
    since_ms: int = 0


class Lives:
    """Those that are not over, and those that have been over for less than `KEPT_MS`."""

    def __init__(self) -> None:
        self._lives: OrderedDict[str, Life] = OrderedDict()

    def __iter__(self) -> Iterator[tuple[str, Life]]:
        return iter(self._lives.items())

    def of(self, command_id: str, at_ms: int) -> Life:
        life = self._lives.get(command_id)
        if life is None:
            life = self._lives[command_id] = Life(since_ms=at_ms)
        return life

    def over(self, now_ms: int) -> Iterator[tuple[str, Life]]:
        """Those that are given up now, the oldest first. One without an end is kept."""
        while self._lives:
            command_id, life = next(iter(self._lives.items()))
            last_ms = life.command.expires_at_ms if life.command else life.since_ms
            if last_ms + KEPT_MS >= now_ms:
                return
            if life.command is not None and life.end is None:
                # It waits for its end, and not in the way of the others.
                self._lives.move_to_end(command_id)
                return
            del self._lives[command_id]
            yield command_id, life
