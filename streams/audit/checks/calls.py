"""I3, I4, I5 by what reached the clusters' APIs, where a proxy before them has kept a log.

The log has a line of JSON for each change that was asked for: `at_ms`, `path`, `body`, `status` of
the API's own answer (0: it never reached it), `command_id`, if the change carries a marker, and
`idle` where the API says yes and changes nothing: what is on its way out is told to go once more.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from schemas.remediation import Command, Outcome, OutcomeStatus
from schemas.topics import COMMANDS, OUTCOMES, Topic
from streams.audit.heard import Heard
from streams.audit.verdict import Place, Verdict

CREATE = "CREATE"
"""What is made has no name in the path yet."""
LOG = "calls"


class CallsUnreadable(Exception):
    """A line that is no call, or a file that is not there."""


class Call(msgspec.Struct):
    at_ms: int
    path: str
    body: str
    status: int = 0
    command_id: str = ""
    idle: bool = False

    @property
    def done(self) -> bool:
        return 200 <= self.status < 300 and not self.idle


@dataclass(frozen=True, slots=True)
class _Announced:
    command_id: str
    at_ms: int
    name: str
    """Of its target; empty where the path does not have it."""


class Calls:
    """Grows with the intents: for tests, whose runs are short."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._effects, self._ends, self._bounds = Verdict("I3"), Verdict("I4"), Verdict("I5")
        self._announced: dict[bytes, list[_Announced]] = defaultdict(list)
        self._expires_at_ms: dict[str, int] = {}

    @property
    def topics(self) -> frozenset[Topic]:
        return frozenset({COMMANDS, OUTCOMES})

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return (self._effects, self._ends, self._bounds)

    def hear(self, heard: Heard) -> None:
        said = heard.value
        if isinstance(said, Command):
            self._expires_at_ms[said.command_id] = said.expires_at_ms
        elif isinstance(said, Outcome) and said.status is OutcomeStatus.INTENT and said.request:
            request = said.request
            name = "" if request.verb == CREATE else f"/{request.target.name}"
            intent = _Announced(said.command_id, heard.record.at_ms, name)
            self._announced[_hash(request.body)].append(intent)

    def finish(self, now_ms: int) -> None:
        done: Counter[str] = Counter()
        for number, call in read_calls(self._log):
            for verdict in self.verdicts:
                verdict.checked += 1
            place = Place(LOG, 0, number, call.at_ms)
            intent = self._intent_of(call)
            if intent is None:
                why = f"{call.path}: a change that nobody had announced"
                self._ends.against(place, call.command_id, why)
                continue
            self._hold_against(place, call, intent)
            done[intent.command_id] += call.done
            if call.done and done[intent.command_id] > 1:
                why = f"{call.path}: effect {done[intent.command_id]} of one command"
                self._effects.against(place, intent.command_id, why)

    def _hold_against(self, place: Place, call: Call, intent: _Announced) -> None:
        if call.at_ms < intent.at_ms:
            why = f"{call.path}: asked for {intent.at_ms - call.at_ms} ms before it was announced"
            self._ends.against(place, intent.command_id, why)
        late_ms = call.at_ms - self._expires_at_ms.get(intent.command_id, call.at_ms)
        if late_ms > 0:
            why = f"{call.path}: asked for {late_ms} ms after its time"
            self._bounds.against(place, intent.command_id, why)

    def _intent_of(self, call: Call) -> _Announced | None:
        """By the very bytes. Of two commands that ask for the same, the last that was announced."""
        same = [
            intent
            for intent in self._announced.get(_hash(call.body), ())
            if intent.name in call.path and call.command_id in ("", intent.command_id)
        ]
        before = [intent for intent in same if intent.at_ms <= call.at_ms]
        return before[-1] if before else next(iter(same), None)


def read_calls(path: Path) -> Iterator[tuple[int, Call]]:
    try:
        with path.open("rb") as lines:
            for number, text in enumerate(lines, 1):
                if text.strip():
                    yield number, _read(path, number, text)
    except OSError as fault:
        raise CallsUnreadable(f"{path}: {fault.strerror}") from None


def _read(path: Path, number: int, text: bytes) -> Call:
    try:
        return msgspec.json.decode(text, type=Call)
    except msgspec.MsgspecError as fault:
        raise CallsUnreadable(f"{path}:{number}: {fault}") from None


def _hash(body: str) -> bytes:
    return hashlib.blake2b(body.encode(), digest_size=16).digest()
