"""I11: every agent has come to the end of its input, and its journal says one thing.

A journal's cursor is the truth; what the agents publish of it is a hint. What holds of a key is the
entry of the highest input offset, so of one key and offset there may be one content.
"""

import hashlib
from collections.abc import Mapping

from schemas.topics import JOURNALS, Topic
from streams.audit.ground import Ground
from streams.audit.heard import Heard
from streams.audit.verdict import Place, Verdict
from streams.host.entries import CURSOR, gone_offset, read_entry
from streams.host.exits import JournalDamaged
from streams.host.inputs import INPUTS, AgentInput

NOWHERE = -1
_INPUTS: Mapping[str, AgentInput] = {source.journal.noun: source for source in INPUTS}


class Cursors:
    """Heard before all else: how far an agent has come says what is only under way."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._verdict = Verdict("I11")
        self._cursors: dict[tuple[str, int], int] = {}
        self._last: dict[tuple[str, int], Place] = {}
        self._entries: dict[bytes, tuple[int, bytes]] = {}
        """Of the journal that is being read: by key, the offset that holds and its content."""
        self._reading: tuple[str, int] = ("", 0)

    @property
    def topics(self) -> frozenset[Topic]:
        return frozenset(JOURNALS)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return (self._verdict,)

    def reached(self, source: Topic, partition: int) -> int:
        """The last offset of the input that has been applied."""
        return self._cursors.get((source.noun, partition), NOWHERE)

    def hear(self, heard: Heard) -> None:
        """Partition by partition, so that the keys of one alone are held."""
        record = heard.record
        journal = (record.topic.noun, record.partition)
        if journal != self._reading:
            self._reading, self._entries = journal, {}
        self._verdict.checked += 1
        key = record.key or b""
        try:
            offset, content = _content(heard)
        except JournalDamaged as fault:
            self._verdict.against(heard.place, _shown(key), str(fault))
            return
        if key == CURSOR:
            self._advance(heard, offset)
            return
        known, before = self._entries.get(key, (NOWHERE, b""))
        if content and before and known == offset and before != content:
            why = f"{_shown(key)} has two contents that were both made by offset {offset}"
            self._verdict.against(heard.place, _shown(key), why)
        if offset < known:
            return
        if content:
            self._entries[key] = (offset, content)
        else:
            self._entries.pop(key, None)

    def _advance(self, heard: Heard, offset: int) -> None:
        place = (_INPUTS[heard.record.topic.noun].source.noun, heard.record.partition)
        if offset > self._cursors.get(place, NOWHERE):
            self._cursors[place] = offset
        self._last[place] = heard.place

    def finish(self, now_ms: int) -> None:
        self._entries = {}
        for source in INPUTS:
            for partition in range(source.source.partitions(self._ground.partitions)):
                self._compare(source, partition)

    def _compare(self, source: AgentInput, partition: int) -> None:
        kept = self._ground.of(source.source, partition)
        place = (source.source.noun, partition)
        cursor = self.reached(source.source, partition)
        named = f"{source.name}/{partition}"
        if cursor >= kept.end:
            why = f"its cursor is at {cursor}, and its input ends before {kept.end}"
            self._verdict.against(self._last.get(place), named, why)
            return
        if NOWHERE < cursor < kept.begin - 1:
            why = f"offsets {cursor + 1} to {kept.begin - 1} were gone before it had applied them"
            self._verdict.against(self._last.get(place), named, why)
        behind = kept.end - max(kept.begin, cursor + 1)
        if behind > 0 and self._ground.settled:
            why = f"{behind} behind: its cursor is at {cursor}, and its input ends at {kept.end}"
            self._verdict.against(Place(*place, cursor + 1), named, why)
        elif behind > 0:
            self._verdict.pending += behind


def _content(heard: Heard) -> tuple[int, bytes]:
    """Nothing for a tombstone."""
    record = heard.record
    if record.value is None:
        return gone_offset(record.headers), b""
    offset = read_entry(record.value).offset
    return offset, hashlib.blake2b(record.value[8:], digest_size=8).digest()


def _shown(key: bytes) -> str:
    return key.decode(errors="replace")
