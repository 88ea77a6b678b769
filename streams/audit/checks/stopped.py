"""I7: nothing is ordered under a kill switch or in a freeze, and nothing announced long after.

Two watch: the core, which hears orders of people on the tape; and the executor, which reads the
switches by itself, and has `SWITCH_MS` to see them. Orders in one millisecond are not told apart,
so what falls into it is let pass.
"""

from collections import defaultdict
from dataclasses import dataclass

from schemas.codec import Undecodable
from schemas.controls import ALL_CLUSTERS, Control, ControlKind, Heartbeat, Switch
from schemas.remediation import Command, Outcome, OutcomeStatus
from schemas.tape import TapeRecord
from schemas.topics import COMMANDS, OUTCOMES, SWITCHES, TAPE, Topic
from streams.audit.check import Later
from streams.audit.checks.commands import EFFECTS
from streams.audit.heard import Heard
from streams.audit.verdict import Place, Verdict
from streams.core.people.controls import FREEZE_MAX_MS

SWITCH_MS = 10_000
OPEN_END_MS = 1 << 62
NAME_CHARS_MAX = 64


@dataclass(slots=True)
class Stop:
    """From when until when something was stopped."""

    place: Place
    words: str
    from_ms: int
    until_ms: int


class Stops:
    """Those of one place, by what they are called there; the same again takes the other's place."""

    def __init__(self) -> None:
        self._stops: list[tuple[str, str, Stop]] = []

    def begin(self, cluster: str, name: str, stop: Stop) -> None:
        self.end(cluster, name, stop.from_ms)
        self._stops.append((cluster, name, stop))

    def end(self, cluster: str, name: str | None, at_ms: int) -> None:
        """Without a name every one of the cluster."""
        for of, called, stop in self._stops:
            if of == cluster and name in (None, called):
                stop.until_ms = min(stop.until_ms, at_ms)

    def stands(self, cluster: str) -> bool:
        """One that has no end yet."""
        return any(of == cluster and stop.until_ms == OPEN_END_MS for of, _, stop in self._stops)

    def during(self, cluster: str, from_ms: int, to_ms: int) -> Stop | None:
        """One that lasted for the whole of it."""
        for of, _, stop in self._stops:
            if of in (cluster, ALL_CLUSTERS) and stop.from_ms < from_ms and to_ms < stop.until_ms:
                return stop
        return None


class Stopped:
    def __init__(self) -> None:
        self._verdict = Verdict("I7")
        self._now_ms: dict[int, int] = {}
        self._kills: dict[int, Stops] = defaultdict(Stops)
        self._freezes: dict[int, Stops] = defaultdict(Stops)
        self._switches = Stops()
        self._orders: Later[tuple[Place, Command]] = Later(self._judge_order)
        self._intents: Later[tuple[Place, Outcome]] = Later(self._judge_intent)

    @property
    def topics(self) -> frozenset[Topic]:
        return frozenset({TAPE, COMMANDS, OUTCOMES, SWITCHES})

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return (self._verdict,)

    def hear(self, heard: Heard) -> None:
        at_ms = heard.record.at_ms
        match heard.value:
            case Command() as order if order.kind in EFFECTS:
                self._orders.add(max(at_ms, order.issued_at_ms), (heard.place, order))
            case Outcome(status=OutcomeStatus.INTENT) as intent if heard.record.topic is OUTCOMES:
                self._intents.add(at_ms, (heard.place, intent))
            case TapeRecord() as record:
                self._hear_fact(heard, record)
            case _ if heard.record.topic is SWITCHES:
                self._hear_switch(heard)
        self._orders.until(at_ms)
        self._intents.until(at_ms)

    def finish(self, now_ms: int) -> None:
        self._orders.all()
        self._intents.all()

    def _hear_switch(self, heard: Heard) -> None:
        """As executors do: what may be a kill is one, and ends by its key alone."""
        key, place = (heard.record.key or b"").decode(errors="replace"), heard.place
        match heard.value:
            case Heartbeat():
                return
            case Switch(kill=True) as switch:
                names = {key, switch.cluster}
            case Undecodable() if heard.record.value is not None:
                names = {key}
            case _:
                self._switches.end(key, "", place.at_ms)
                return
        for name in names:
            if not self._switches.stands(name):
                words = f"the kill switch of {name}"
                self._switches.begin(name, "", Stop(place, words, place.at_ms, OPEN_END_MS))

    def _hear_fact(self, heard: Heard, record: TapeRecord) -> None:
        partition = heard.record.partition
        now_ms = max(self._now_ms.get(partition, 0), heard.record.at_ms)
        self._now_ms[partition] = now_ms
        if isinstance(record.fact, Control) and not heard.repeat:
            self._hear_control(partition, heard.place, now_ms, record.fact)

    def _hear_control(self, partition: int, place: Place, now_ms: int, control: Control) -> None:
        kills, freezes, cluster = self._kills[partition], self._freezes[partition], control.cluster
        name = control.parameters.get("id", "")
        match control.kind:
            case ControlKind.KILL:
                if not kills.stands(cluster):
                    words = f"the kill of {cluster}"
                    kills.begin(cluster, "", Stop(place, words, now_ms, OPEN_END_MS))
            case ControlKind.UNKILL:
                kills.end(cluster, "", now_ms)
            case ControlKind.FREEZE if _is_readable(control, now_ms):
                assert control.expires_at_ms is not None
                words = f"the freeze {name} of {cluster}"
                freezes.begin(cluster, name, Stop(place, words, now_ms, control.expires_at_ms))
            case ControlKind.UNFREEZE:
                freezes.end(cluster, name or None, now_ms)

    def _judge_order(self, ordered: tuple[Place, Command]) -> None:
        place, order = ordered
        self._verdict.checked += 1
        at_ms = order.issued_at_ms
        for stops in (self._kills[place.partition], self._freezes[place.partition]):
            if stop := stops.during(order.cluster, at_ms, at_ms):
                why = f"was ordered {at_ms - stop.from_ms} ms after {stop.words} at {stop.place}"
                self._verdict.against(place, order.command_id, why)
                return

    def _judge_intent(self, announced: tuple[Place, Outcome]) -> None:
        place, intent = announced
        self._verdict.checked += 1
        at_ms = place.at_ms
        if stop := self._switches.during(intent.cluster, at_ms - SWITCH_MS, at_ms):
            why = f"was announced {at_ms - stop.from_ms} ms after {stop.words} at {stop.place}"
            self._verdict.against(place, intent.command_id, why)


def _is_readable(control: Control, now_ms: int) -> bool:
    """Whether the core takes this freeze: it ends, not too far ahead, and has a name."""
    until_ms = control.expires_at_ms
    named = 0 < len(control.parameters.get("id", "")) <= NAME_CHARS_MAX
    return named and until_ms is not None and now_ms < until_ms <= now_ms + FREEZE_MAX_MS
