"""I3, I4, I5: one effect of each command, announced before and with one end, in time, and on the
object that was meant.

An executor may say the same twice, and whoever loses a race may say STALE: readers take the first
end. What really reached the clusters' APIs only the log of a proxy knows, see `calls.py`.
"""

from schemas.remediation import Command, CommandKind, Observation, Outcome, OutcomeStatus
from schemas.topics import COMMANDS, OUTCOMES, Topic
from streams.audit.checks.lives import Life, Lives, Said
from streams.audit.ground import Ground, Horizon
from streams.audit.heard import Heard
from streams.audit.verdict import Verdict

EFFECTS = frozenset({CommandKind.ACT, CommandKind.ROLLBACK})
BOUND = frozenset({"PATCH", "DELETE", "EVICT", "SET_STATUS"})
"""Verbs of requests that name the uid of what they change."""
END_WITHIN_MS = 120_000
"""After its expiry a command's end is on record: the executor's last readings, and a restart."""
CLOCKS_MS = 1_000
"""By how much an executor's idea of the broker's time may be off."""
DAY_MS = 86_400_000


class Commands:
    def __init__(self, ground: Ground, horizon: Horizon) -> None:
        self._ground, self._horizon = ground, horizon
        self._effects, self._ends, self._bounds = Verdict("I3"), Verdict("I4"), Verdict("I5")
        self._lives = Lives()
        self._old = 0

    @property
    def topics(self) -> frozenset[Topic]:
        return frozenset({COMMANDS, OUTCOMES})

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return (self._effects, self._ends, self._bounds)

    def hear(self, heard: Heard) -> None:
        match heard.value:
            case Command():
                self._hear_command(heard, heard.value)
            case Outcome() | Observation():
                self._hear_outcome(Said(heard.place, heard.value))
        for command_id, life in self._lives.over(heard.record.at_ms):
            self._judge(command_id, life, heard.record.at_ms)

    def _hear_command(self, heard: Heard, command: Command) -> None:
        life = self._lives.of(command.command_id, heard.record.at_ms)
        if life.command is not None:
            if life.command != command:
                why = f"is another order than {life.place}, under the same id"
                self._effects.against(heard.place, command.command_id, why)
            return
        life.command, life.place = command, heard.place
        self._effects.checked += command.kind in EFFECTS
        for said in life.heard:
            self._weigh(life, command, said)
        life.heard.clear()

    def _hear_outcome(self, said: Said) -> None:
        self._ends.checked += 1
        life = self._lives.of(said.outcome.command_id, said.place.at_ms)
        if life.command is None:
            life.heard.append(said)
        else:
            self._weigh(life, life.command, said)

    def _weigh(self, life: Life, command: Command, said: Said) -> None:
        outcome = said.outcome
        if not _answers(outcome, command):
            why = f"answers for another incident, cluster or kind than {life.place} ordered"
            self._ends.against(said.place, command.command_id, why)
        if isinstance(outcome, Outcome) and not said.is_end:
            self._announced(life, command, said, outcome)
        elif life.end is None:
            life.end = said
            self._concluded(life, command, said)
        elif command.kind in EFFECTS and _contradicts(life, said):
            why = f"says {said.status}, and {life.end.place} had said {life.end.status}"
            self._ends.against(said.place, command.command_id, why)

    def _announced(self, life: Life, command: Command, said: Said, intent: Outcome) -> None:
        if life.intent is not None:
            return
        life.intent = said
        self._bounds.checked += 1
        request = intent.request
        if request is None:
            self._ends.against(said.place, command.command_id, "announces no request")
        elif (
            command.uid
            and request.verb in BOUND
            and request.target == command.target
            and command.uid not in request.body
        ):
            why = f"is not bound to the object that was seen, whose uid is {command.uid}"
            self._bounds.against(said.place, command.command_id, why)

    def _concluded(self, life: Life, command: Command, said: Said) -> None:
        if command.kind not in EFFECTS or said.status is not OutcomeStatus.APPLIED:
            return
        if life.intent is None:
            why = "has an effect that nothing had announced"
            self._ends.against(said.place, command.command_id, why)
        elif (late_ms := life.intent.place.at_ms - command.expires_at_ms) > CLOCKS_MS:
            why = f"has an effect that {life.intent.place} announced {late_ms} ms after its time"
            self._bounds.against(said.place, command.command_id, why)

    def finish(self, now_ms: int) -> None:
        for command_id, life in self._lives:
            self._judge(command_id, life, now_ms)
        if self._old:
            self._ends.unverified.append(
                f"{self._old} outcomes are of commands that are no longer kept, or long over"
            )

    def _judge(self, command_id: str, life: Life, now_ms: int) -> None:
        if life.command is None:
            self._without_command(command_id, life, now_ms)
        elif life.end is None:
            if self._ground.settled or now_ms > life.command.expires_at_ms + END_WITHIN_MS:
                why = "was to end by its expiry, and nothing on outcomes says how"
                self._ends.against(life.place, command_id, why)
            else:
                self._ends.pending += 1

    def _without_command(self, command_id: str, life: Life, now_ms: int) -> None:
        first = life.heard[0]
        cut = COMMANDS.noun in self._horizon.cut
        old = cut and first.place.at_ms < self._horizon.from_ms(now_ms, COMMANDS) + DAY_MS
        if old or not any(_dares(said) for said in life.heard):
            self._old += len(life.heard)
            return
        why = "is of a command that is not on commands, or was over an hour before"
        self._ends.against(first.place, command_id, why)


def _dares(said: Said) -> bool:
    """It speaks of an effect, and not only of its absence."""
    return not said.is_end or said.status is OutcomeStatus.APPLIED


def _answers(outcome: Outcome | Observation, command: Command) -> bool:
    same = (outcome.cluster, outcome.incident_id) == (command.cluster, command.incident_id)
    kind = outcome.kind if isinstance(outcome, Outcome) else CommandKind.LOOK
    return same and kind is command.kind


def _contradicts(life: Life, said: Said) -> bool:
    assert life.end is not None
    loser = said.lost_a_race and life.intent is not None
    return said.status is not life.end.status and not loser
