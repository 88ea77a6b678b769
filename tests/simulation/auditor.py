"""Whether a world kept its promises. Reads logs, effects and requests; knows no guard."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from remediators.core.marker import LAST_COMMAND
from remediators.core.request import PATCH
from schemas.codec import decode
from schemas.controls import ALL_CLUSTERS
from schemas.remediation import (
    Command,
    CommandKind,
    Observation,
    Outcome,
    OutcomeStatus,
    Request,
)
from schemas.topics import COMMANDS, OUTCOMES, TAPE, partition_for
from streams.core.policy import Policy
from streams.host.entries import CURSOR, Fold
from streams.steps.state_codec import encode_entry
from tests.simulation.broker import Broker, Kept
from tests.simulation.cluster import Site
from tests.simulation.executor import Claimed
from tests.simulation.processor import INPUTS, PREFIX
from tests.simulation.replay import Replay
from tests.simulation.workload import ALERTS_TOPIC

ARRIVES_WITHIN_MS = 100
EFFECTIVE = (CommandKind.ACT, CommandKind.ROLLBACK)
WITHOUT_EFFECT = (OutcomeStatus.REJECTED, OutcomeStatus.FAILED)


class End(NamedTuple):
    """Of a command, as it is on record."""

    at_ms: int
    left_ms: int
    """When it left whoever told it."""
    outcome: Outcome


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
        self._sites = sites
        self._accepted = accepted
        self._claims = claims
        self._partitions = partitions
        self._replays = [Replay(p, policy) for p in range(partitions)]
        self._commands: dict[str, Command] = {}
        self._intents: defaultdict[str, list[tuple[int, str, Request]]] = defaultdict(list)
        """By command: when it was announced, by whom, and the exact request."""
        self._ends: defaultdict[str, list[End]] = defaultdict(list)
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
            self._requests_were_allowed,
            self._effects_are_single,
            self._ends_are_true,
            self._commands_are_answered,
        ):
            found += check()
        return found

    def _history(self, noun: str, partition: int) -> list[Kept]:
        return self._broker.logs[f"{PREFIX}.{noun}", partition].history

    def _read_outcomes(self) -> None:
        for p in range(self._partitions):
            for kept in self._history(OUTCOMES.noun, p):
                said = decode(kept.value, Outcome, Observation)
                assert isinstance(said, Outcome | Observation)
                if isinstance(said, Observation) or said.status.terminal:
                    self._answered.add(said.command_id)
                if isinstance(said, Observation):
                    continue
                if said.request is not None:
                    intent = (kept.timestamp, said.executor, said.request)
                    self._intents[said.command_id].append(intent)
                if said.status.terminal:
                    left_ms = self._broker.sent_ms[(f"{PREFIX}.{OUTCOMES.noun}", p), kept.offset]
                    self._ends[said.command_id].append(End(kept.timestamp, left_ms, said))

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

    # What was done.

    def _requests_were_allowed(self) -> Iterator[str]:
        for site in self._sites.values():
            for sent in site.sent:
                command = self._commands.get(_author(sent.request))
                if command is None:
                    yield f"a request of no command was sent to {site.name}"
                    continue
                name = f"{command.kind} {command.command_id[:8]}"
                announced = [
                    at for at, _, r in self._intents[command.command_id] if r == sent.request
                ]
                if not announced or min(announced) > sent.at_ms:
                    yield f"{name} was sent by {sent.process} before its INTENT"
                if sent.at_ms >= command.expires_at_ms:
                    late_ms = sent.at_ms - command.expires_at_ms
                    yield f"{name} was sent {late_ms} ms after its expiry"
                if sent.killed & {ALL_CLUSTERS, command.cluster}:
                    yield f"{name} was sent by {sent.process}, who had heard of the kill switch"

    def _effects_are_single(self) -> Iterator[str]:
        done: Counter[str] = Counter()
        undone: Counter[str] = Counter()
        for site in self._sites.values():
            for effect in site.effects:
                command = self._commands.get(_author(effect.request))
                if command is None:
                    continue
                done[command.command_id] += 1
                if command.kind is CommandKind.ROLLBACK:
                    undone[command.undoes] += 1
                if effect.uid != command.uid:
                    yield f"{command.command_id[:8]} had its effect on another object of that name"
        yield from (f"{c[:8]} took effect {n} times" for c, n in done.items() if n > 1)
        yield from (f"{c[:8]} was undone {n} times" for c, n in undone.items() if n > 1)
        self._done = done

    def _ends_are_true(self) -> Iterator[str]:
        for command_id, ends in self._ends.items():
            first = ends[0].outcome
            if first.kind not in EFFECTIVE:
                continue
            for end in ends[1:]:
                later, knew = end.outcome, self._knew(end, ends[0].at_ms)
                if later.status is not first.status and knew:
                    said = f"{first.status}, then {later.status} ({later.reason})"
                    yield f"{command_id[:8]} has two ends: {said} by {later.executor}"
            done = self._done[command_id]
            if first.status is OutcomeStatus.APPLIED and not done:
                yield f"{command_id[:8]} is said to be applied, and nothing was done"
            if first.status in WITHOUT_EFFECT and done and not self._crossed(command_id):
                yield f"{command_id[:8]} is said to be {first.status}, and it took effect"

    def _crossed(self, command_id: str) -> bool:
        """A refusal was on its way when another announced it: nobody could know of the other."""
        end, intents = self._ends[command_id][0], self._intents[command_id]
        mine = [at_ms for at_ms, by, _ in intents if by == end.outcome.executor]
        return not mine and any(end.left_ms <= at_ms <= end.at_ms for at_ms, _, _ in intents)

    def _knew(self, later: End, ended_at_ms: int) -> bool:
        """Whoever took the partition over after that has read it, and so has who wrote it. A late
        one who was given up may not know; the core goes by the first end."""
        outcome = later.outcome
        place = (outcome.executor, partition_for(outcome.cluster, self._partitions))
        claimed = [c.at_ms for c in self._claims if (c.process, c.partition) == place]
        return any(ended_at_ms < at_ms <= later.left_ms for at_ms in claimed)

    def _commands_are_answered(self) -> Iterator[str]:
        for p in range(self._partitions):
            for kept in self._history(COMMANDS.noun, p):
                command = decode(kept.value, Command)
                assert isinstance(command, Command)
                if command.command_id not in self._answered:
                    yield f"{command.kind} {command.command_id[:8]} was never answered"


def _author(request: Request) -> str:
    """The command that a patch would leave as its author."""
    assert request.verb == PATCH
    mark = next(o for o in json.loads(request.body) if o["op"] == "add" and _is_marker(o["path"]))
    return str(mark["value"]).split(",")[0]


def _is_marker(path: str) -> bool:
    return path.endswith(LAST_COMMAND.replace("/", "~1"))
