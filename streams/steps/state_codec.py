"""The core's entries as the journal keeps them: JSON by field name, so that one may be added."""

from collections.abc import Mapping

import msgspec

from streams.core.entries import KINDS, Entry
from streams.core.state import State

_encode = msgspec.json.Encoder(order="sorted").encode
_DECODERS = {kind: msgspec.json.Decoder(record) for kind, record in KINDS.items()}


def encode_entry(entry: Entry) -> bytes:
    return _encode(entry)


def encoded(changes: Mapping[str, Entry | None]) -> dict[bytes, bytes | None]:
    return {
        key.encode(): None if entry is None else encode_entry(entry)
        for key, entry in changes.items()
    }


def decode_state(entries: Mapping[bytes, bytes]) -> State:
    """Raises ValueError for an entry that this release cannot read: a state is never half read."""
    return State({key.decode(): _decode(key, value) for key, value in entries.items()})


def _decode(key: bytes, value: bytes) -> Entry:
    kind = key.split(b"/", 1)[0].decode()
    if kind not in _DECODERS:
        raise ValueError(f"the journal has an entry of a kind that this release lacks: {key!r}")
    try:
        entry: Entry = _DECODERS[kind].decode(value)
    except msgspec.MsgspecError as fault:
        raise ValueError(f"the journal's entry {key!r} cannot be read: {fault}") from fault
    return entry
