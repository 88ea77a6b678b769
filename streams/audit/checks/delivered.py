"""I1: every alert that a sender was told is accepted is on `alerts`, as often as it was accepted.

The ledger is the senders' own: a line of JSON for each alert of a delivery that was answered with
2xx, with its `labels`, its `startsAt` if it was sent with one, and `at_ms`, when it was accepted.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from schemas.topics import ALERTS, Topic
from streams.audit.ground import Ground, Horizon
from streams.audit.heard import Heard
from streams.audit.verdict import Verdict
from streams.ingest.formats.alertmanager import parse_api_v2
from streams.ingest.formats.parsed import Parsed

Identity = tuple[str, int]
"""Fingerprint, and when it began; -1 where the sender left that to us."""
UNSAID = -1


class LedgerUnreadable(Exception):
    """A line that is no alert, or a file that is not there."""


class _Line(msgspec.Struct):
    at_ms: int = 0
    startsAt: str | None = None


class Delivered:
    def __init__(self, ground: Ground, horizon: Horizon, ledger: Path) -> None:
        self._ledger, self._horizon = ledger, horizon
        self._verdict = Verdict("I1")
        self._owed: Counter[int] = Counter()
        """By the hash of an identity: how often it was accepted and is not found yet."""
        for _, _, identity in read_ledger(ledger):
            self._owed[hash(identity)] += 1
            self._verdict.checked += 1

    @property
    def topics(self) -> frozenset[Topic]:
        return frozenset({ALERTS})

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return (self._verdict,)

    def hear(self, heard: Heard) -> None:
        assert isinstance(heard.value, Parsed)
        for seen in heard.value.sightings:
            said, unsaid = (
                hash((seen.fingerprint, at_ms)) for at_ms in (seen.starts_at_ms, UNSAID)
            )
            found = said if self._owed.get(said) else unsaid
            if found in self._owed:
                self._owed[found] -= 1
                if not self._owed[found]:
                    del self._owed[found]

    def finish(self, now_ms: int) -> None:
        if not self._owed:
            return
        from_ms, gone = self._horizon.from_ms(now_ms, ALERTS), 0
        for number, line, identity in read_ledger(self._ledger):
            if not self._owed.get(hash(identity)):
                continue
            self._owed[hash(identity)] -= 1
            if line.at_ms < from_ms:
                gone += 1
                continue
            why = f"line {number} of the ledger was accepted, and is not on alerts"
            self._verdict.against(None, identity[0], why)
        if gone:
            self._verdict.unverified.append(
                f"{gone} alerts of the ledger may be older than what alerts still holds"
            )


def read_ledger(path: Path) -> Iterator[tuple[int, _Line, Identity]]:
    try:
        with path.open("rb") as lines:
            for number, text in enumerate(lines, 1):
                if text.strip():
                    yield number, *_read(path, number, text)
    except OSError as fault:
        raise LedgerUnreadable(f"{path}: {fault.strerror}") from None


def _read(path: Path, number: int, text: bytes) -> tuple[_Line, Identity]:
    parsed = parse_api_v2(b"[" + text.strip() + b"]", "ledger", 0)
    if parsed.faults or len(parsed.sightings) != 1:
        why = parsed.faults[0] if parsed.faults else "not one alert"
        raise LedgerUnreadable(f"{path}:{number}: a line is one alert as JSON: {why}")
    line = msgspec.json.decode(text, type=_Line)
    seen = parsed.sightings[0]
    return line, (seen.fingerprint, seen.starts_at_ms if line.startsAt else UNSAID)
