"""Protobuf's outermost layer cut by hand, where its library would read too much at once."""

from collections.abc import Iterator

FIELDS_MAX = 200_000
"""Of the outermost message, whatever they hold: two bytes can be one."""
_VARINT, _FIXED64, _DELIMITED, _FIXED32 = 0, 1, 2, 5


class Unreadable(ValueError):
    """Not a message in protobuf."""


def parts(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of the outermost message that hold others, each as (number, bytes). Raises
    Unreadable.

    The library reads all of them at once, and makes 1.1 GB of 32 MiB of tiny series.
    """
    at, end, left = 0, len(body), FIELDS_MAX
    while at < end:
        if not left:
            raise Unreadable(f"more than {FIELDS_MAX} fields")
        left -= 1
        tag, at = varint(body, at)
        kind = tag & 7
        if kind == _DELIMITED:
            size, at = varint(body, at)
            if at + size > end:
                raise Unreadable("a field is longer than the message")
            yield tag >> 3, body[at : at + size]
            at += size
        elif kind == _VARINT:
            _, at = varint(body, at)
        elif kind in (_FIXED32, _FIXED64):
            at += 8 if kind == _FIXED64 else 4
        else:
            raise Unreadable(f"a field of the unknown kind {kind}")
    if at > end:
        raise Unreadable("a field is longer than the message")


def varint(body: bytes, at: int) -> tuple[int, int]:
    """(the number, where what follows it begins)"""
    try:
        byte = body[at]
        if byte < 0x80:
            return byte, at + 1
        value = byte & 0x7F
        for nth in range(1, 10):
            byte = body[at + nth]
            value |= (byte & 0x7F) << 7 * nth
            if byte < 0x80:
                return value, at + nth + 1
    except IndexError:
        raise Unreadable("the message stops short") from None
    raise Unreadable("a number of more than ten bytes")
