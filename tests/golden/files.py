"""A golden's three files, read and written."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from schemas import sightings
from schemas.alerts import Sighting
from schemas.codec import encode
from schemas.controls import Control
from schemas.incidents import Decision
from schemas.notices import Notice
from schemas.remediation import Command, Observation, Outcome, Withdrawal
from schemas.tape import (
    Detection,
    LogicActivated,
    Origin,
    PolicyPublished,
    Sightings,
    TapeRecord,
    Tick,
)
from streams.core.decide import Out, decide
from streams.core.draft import Placed
from streams.core.state import State
from streams.policy.book import PolicyBook

FOLDER = Path(__file__).parent
SHOWN = Decision | Command | Withdrawal | Notice
KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (Control, Detection, LogicActivated, Observation, Outcome, PolicyPublished, Tick)
}


@dataclass(frozen=True, slots=True)
class Line:
    """One fact of a tape, in the form that people read."""

    at_ms: int
    cluster: str
    kind: str
    fact: Any
    origin: Origin | None = None


def names() -> list[str]:
    return sorted(path.parent.name for path in FOLDER.glob("*/tape.jsonl"))


def write_tape(name: str, tape: list[tuple[int, TapeRecord]]) -> None:
    folder = FOLDER / name
    folder.mkdir(exist_ok=True)
    lines = [_line(at_ms, record) for at_ms, record in tape]
    _write(folder / "tape.jsonl", lines)


def _line(at_ms: int, record: TapeRecord) -> Line:
    fact: Any = record.fact
    if isinstance(fact, Sightings):
        seen = [msgspec.structs.asdict(one) for one in sightings.unpack(fact)]
        late = fact.received_at_ms
        fact = {"received_at_ms": late, "seen": seen} if late else seen
    return Line(at_ms, record.cluster, type(record.fact).__name__, fact, record.origin)


def read_tape(name: str) -> Iterator[tuple[int, TapeRecord]]:
    for text in (FOLDER / name / "tape.jsonl").read_text().splitlines():
        line = msgspec.json.decode(text, type=Line)
        if line.kind == "Sightings":
            fact: Any = _sightings(line.fact)
        else:
            fact = msgspec.convert(line.fact, KINDS[line.kind])
        yield line.at_ms, TapeRecord(line.cluster, fact, line.origin)


def _sightings(fact: Any) -> Sightings:
    """Only those that waited before they were read say when they came."""
    received_at_ms = fact["received_at_ms"] if isinstance(fact, dict) else 0
    seen = fact["seen"] if isinstance(fact, dict) else fact
    rows = [sightings.row_bytes(Sighting(**one)) for one in seen]
    return sightings.pack_rows(rows, received_at_ms)


def decided(name: str) -> list[str]:
    """What the core says today: one JSON line for each decision, command and notice."""
    return decided_on(State(), read_tape(name))


def decided_on(state: State, tape: Iterable[tuple[int, TapeRecord]], begin: int = 0) -> list[str]:
    policies = PolicyBook()
    lines: list[str] = []
    for offset, (at_ms, record) in enumerate(tape, start=begin):
        digest = hashlib.blake2b(encode(record), digest_size=16).hexdigest()
        step = decide(policies, state, Placed(0, offset, at_ms, record, digest))
        state.apply(step.changes)
        lines += [_said(out) for out in step.outputs if isinstance(out, SHOWN)]
    return lines


def _said(out: Out) -> str:
    return json.dumps({type(out).__name__: msgspec.to_builtins(out)}, ensure_ascii=False)


def read_decisions(name: str) -> list[str]:
    return (FOLDER / name / "decisions.jsonl").read_text().splitlines()


def write_decisions(name: str) -> None:
    (FOLDER / name / "decisions.jsonl").write_text("".join(f"{line}\n" for line in decided(name)))


def _write(path: Path, lines: list[Line]) -> None:
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
