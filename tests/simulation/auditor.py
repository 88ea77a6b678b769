"""Whether a world kept its promises. Reads logs, effects and requests; knows no guard."""

from collections.abc import Iterator

from schemas.remediation import Command, Observation, Outcome
from schemas.topics import COMMANDS, OUTCOMES, TAPE
from streams.core.policy import Policy
from streams.host.entries import CURSOR, Fold
from streams.steps.state_codec import encode_entry
from tests.simulation.broker import Broker, Kept
from tests.simulation.deeds import Deeds
from tests.simulation.executor import Claimed
from tests.simulation.processor import INPUTS, PREFIX
from tests.simulation.records import recorded
from tests.simulation.replay import Replay
from tests.simulation.site import Site
from tests.simulation.workload import ALERTS_TOPIC

ARRIVES_WITHIN_MS = 100


class Auditor:
    def __init__(
        self,
        broker: Broker,
        sites: dict[str, Site],
        accepted: list[tuple[int, int, bytes]],
        claims: list[Claimed],
        partitions: int,
        policy: Policy,
    ) -> None:
        self._broker = broker
        self._accepted = accepted
        self._partitions = partitions
        self._replays = [Replay(p, policy) for p in range(partitions)]
        self._commands: dict[str, Command] = {}
        self._deeds = Deeds(self._commands, sites, claims, partitions)
        self._answered: set[str] = set()

    def findings(self) -> list[str]:
        for replay in self._replays:
            replay.hears(self._history(TAPE.noun, replay.partition))
            self._commands |= replay.commands
        self._read_outcomes()
        found = [words for replay in self._replays for words in replay.findings]
        for check in (
            self._nothing_accepted_is_lost,
            self._outputs_are_the_replay,
            self._journals_are_the_replay,
            self._deeds.findings,
            self._commands_are_answered,
        ):
            found += check()
        return found

    def _history(self, noun: str, partition: int) -> list[Kept]:
        return self._broker.logs[f"{PREFIX}.{noun}", partition].history

    def _read_outcomes(self) -> None:
        for p in range(self._partitions):
            for kept in self._history(OUTCOMES.noun, p):
                said = recorded(kept.value, Outcome, Observation)
                assert isinstance(said, Outcome | Observation)
                if isinstance(said, Observation) or said.status.terminal:
                    self._answered.add(said.command_id)
                if isinstance(said, Outcome):
                    left_ms = self._broker.sent_ms[(f"{PREFIX}.{OUTCOMES.noun}", p), kept.offset]
                    self._deeds.hears(kept.timestamp, left_ms, said)

    # What came in.

    def _nothing_accepted_is_lost(self) -> Iterator[str]:
        for partition, offset, body in self._accepted:
            log = self._broker.logs[ALERTS_TOPIC, partition].history
            if offset >= len(log) or log[offset].value != body:
                yield f"alerts/{partition}@{offset} was accepted and is not there"
        for source in INPUTS[:-1]:
            for p in range(self._partitions):
                place = (source.source.noun, p)
                reached: set[int] = set()
                for replay in self._replays:
                    reached |= replay.heard.reached.get(place, set())
                everything = set(range(len(self._history(source.source.noun, p))))
                if missing := sorted(everything - reached):
                    yield f"{place}: {missing} never reached the tape"

    # What was made of it.

    def _outputs_are_the_replay(self) -> Iterator[str]:
        for replay in self._replays:
            for noun in ("decisions", "commands", "notices", "incidents"):
                once = [k.value for k in self._history(noun, replay.partition)]
                got, due = (
                    list(dict.fromkeys(once)),
                    list(dict.fromkeys(replay.outputs.get(noun, []))),
                )
                if got != due:
                    lost, odd = len(set(due) - set(got)), len(set(got) - set(due))
                    yield (
                        f"{noun}/{replay.partition} is not what the tape comes to: "
                        f"{lost} lost, {odd} that nobody decided"
                    )

    def _journals_are_the_replay(self) -> Iterator[str]:
        for source in INPUTS:
            for p in range(self._partitions):
                noun = source.journal.noun
                log, end = (
                    self._broker.logs[f"{PREFIX}.{noun}", p],
                    len(self._history(source.source.noun, p)),
                )
                everything, fold = Fold(), Fold()
                for kept in log.history:
                    everything.add(kept.key or b"", kept.value, kept.headers)
                for kept in log.records:
                    fold.add(kept.key or b"", kept.value, kept.headers)
                if everything.contradictions:
                    yield f"{noun}/{p}: two values at one offset"
                if fold.cursor != end - 1:
                    yield f"{noun}/{p}: its cursor is at {fold.cursor} of {end - 1}"
                if source is INPUTS[-1]:
                    yield from self._state_is_the_replay(fold, self._replays[p])

    def _state_is_the_replay(self, fold: Fold, replay: Replay) -> Iterator[str]:
        kept = {k: e.value for k, e in fold.held.items() if k != CURSOR and e.value is not None}
        due = {key.encode(): encode_entry(entry) for key, entry in replay.state.items()}
        if kept != due:
            differ = sorted(k for k in kept.keys() | due.keys() if kept.get(k) != due.get(k))
            yield f"the journal of tape/{replay.partition} differs from a replay at {differ[:3]}"

    def _commands_are_answered(self) -> Iterator[str]:
        for p in range(self._partitions):
            for kept in self._history(COMMANDS.noun, p):
                command = recorded(kept.value, Command)
                if isinstance(command, Command) and command.command_id not in self._answered:
                    yield f"{command.kind} {command.command_id[:8]} was never answered"
