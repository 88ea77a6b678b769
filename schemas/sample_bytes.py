"""`Samples` as bytes, put together of parts: of a hundred thousand samples each second most are of
series that were written a moment ago, and only their values are new.

The bytes are those of `encode`, and a test compares the two. A part is bytes of Avro.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from struct import Struct

from schemas.codec import encode
from schemas.metrics import Samples

_END = b"\x00"
"""Of an array or a map."""
_SMALL = [bytes([2 * value]) for value in range(64)]
"""Most lengths."""
_double = Struct("<d").pack


def text(value: str) -> bytes:
    raw = value.encode()
    return _long(len(raw)) + raw


def pair(name: str, value: str) -> bytes:
    return text(name) + text(value)


def texts(parts: Sequence[bytes]) -> bytes:
    """A map of pairs, which are sorted by name."""
    return b"".join((_long(len(parts)), *parts, _END)) if parts else _END


def number(value: float) -> bytes:
    return _double(value + 0.0)  # Minus zero equals zero, so it must be the same bytes.


def opening() -> bytes:
    """What each record begins with. How this process frames its records is settled by then."""
    return encode(Samples({}, 0, ()))[:-3]


def samples(begin: bytes, labels: bytes, at_ms: int, of: Mapping[bytes, bytes]) -> bytes:
    """`begin` is what `opening` gave; `of`: numbers, by the name and the labels of the sample."""
    count = _long(len(of)) if of else b""  # An empty array has no block.
    return b"".join((begin, labels, _long(at_ms), count, *chain.from_iterable(of.items()), _END))


def _long(value: int) -> bytes:
    if 0 <= value < len(_SMALL):
        return _SMALL[value]
    left = value << 1 if value >= 0 else ~(value << 1)
    out = bytearray()
    while left >= 0x80:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out.append(left)
    return bytes(out)
