"""Whose orders are really theirs: signed with the author's key, just now, and heard for the first
time.

A record of Kafka does not carry the principal that wrote it, so what a sender says of itself counts
for nothing, a claim to be verified included.
"""

from collections.abc import Mapping
from dataclasses import replace

from schemas.controls import Control, ControlKind
from schemas.signing import CONTROL, signature_of
from schemas.topics import partition_for
from streams.authors import Authors
from streams.steps.effects import InputRecord

AGE_MAX_MS = 300_000
"""How far an order's own time may be from the broker's: a copy that is kept becomes worthless."""
UNVERIFIED = "unverified:"
"""Leads the name of an author who has a key and did not use it: nobody speaks in their name."""
AGAINST_ONESELF = frozenset({ControlKind.POLICY, ControlKind.CANDIDATE, ControlKind.PROMOTE})
"""Whoever wrote a policy may not approve what it asks for, so here a claim is believed as it is."""
_ENTRY = "verified/"

Changes = dict[bytes, bytes | None]


class Witness:
    """For one partition of `controls`, which orders of a cluster always come through."""

    def __init__(
        self, authors: Authors, partition: int, partitions: int, entries: Mapping[bytes, bytes]
    ) -> None:
        self._authors = authors
        self._partition = partition
        self._partitions = partitions
        self._heard = {
            key.decode().removeprefix(_ENTRY): int(at_ms) for key, at_ms in entries.items()
        }
        """When the verified orders of the last minutes were heard, by their ids."""
        self._now_ms = max(self._heard.values(), default=0)

    def attest(self, control: Control, record: InputRecord) -> tuple[Control, Changes]:
        """The order with `verified` as it is, and what is to be remembered."""
        # The broker's clock may step back; what was too old stays too old.
        self._now_ms = max(self._now_ms, record.at_ms)
        changes = self._forget()
        if not self._is_own(control, record):
            return replace(control, author=self._author(control), verified=False), changes
        self._heard[control.control_id] = self._now_ms
        changes[_key(control.control_id)] = str(self._now_ms).encode()
        return replace(control, verified=True), changes

    def _is_own(self, control: Control, record: InputRecord) -> bool:
        return (
            abs(self._now_ms - control.issued_at_ms) <= AGE_MAX_MS
            and control.control_id not in self._heard
            # Elsewhere it would be heard by a witness that does not know of this one.
            and partition_for(control.cluster, self._partitions) == self._partition
            and self._is_signed(control.author, record)
        )

    def _is_signed(self, author: str, record: InputRecord) -> bool:
        signature = signature_of(record.headers)
        value = record.value or b""
        keys = self._authors.get(author, ())
        return any(key.has_signed(CONTROL, value, signature) for key in keys)

    def _author(self, control: Control) -> str:
        named = control.author in self._authors and control.kind not in AGAINST_ONESELF
        return f"{UNVERIFIED}{control.author}" if named else control.author

    def _forget(self) -> Changes:
        """What would be too old by now needs no remembering."""
        oldest_ms = self._now_ms - 2 * AGE_MAX_MS
        old = [known for known, at_ms in self._heard.items() if at_ms < oldest_ms]
        for known in old:
            del self._heard[known]
        return {_key(known): None for known in old}


def _key(control_id: str) -> bytes:
    return f"{_ENTRY}{control_id}".encode()
