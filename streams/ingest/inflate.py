"""Compressed bytes -> bytes, piece by piece and never beyond a limit: a bomb stops at the cap."""

import zlib
from collections.abc import Callable
from typing import Protocol

_GZIP = 16 + zlib.MAX_WBITS


class TooLarge(Exception):
    """More than the limit comes out."""


class Broken(Exception):
    """Not what its encoding says."""


class Decoder(Protocol):
    def feed(self, piece: bytes) -> bytes:
        """What this piece adds. Raises TooLarge or Broken."""

    def end(self) -> None:
        """Raises Broken where the data stopped short."""


class Plain:
    def __init__(self, bytes_max: int) -> None:
        self._left = bytes_max

    def feed(self, piece: bytes) -> bytes:
        self._left -= len(piece)
        if self._left < 0:
            raise TooLarge
        return piece

    def end(self) -> None:
        pass


class Inflate:
    """gzip, several members in a row included, and deflate with its zlib frame or without."""

    def __init__(self, bytes_max: int, is_gzip: bool) -> None:
        self._left = bytes_max
        self._is_gzip = is_gzip
        self._stream: zlib._Decompress | None = None

    def feed(self, piece: bytes) -> bytes:
        made = []
        while piece:
            stream = self._stream_for(piece)
            out = self._decompress(stream, piece)
            self._left -= len(out)
            if self._left < 0:
                raise TooLarge
            made.append(out)
            piece = stream.unused_data  # Never a rest that did not fit: that was too large.
        return b"".join(made)

    def _stream_for(self, piece: bytes) -> "zlib._Decompress":
        if self._stream is None or (self._stream.eof and self._is_gzip):
            self._stream = zlib.decompressobj(_GZIP if self._is_gzip else _deflate(piece))
        elif self._stream.eof:
            raise Broken("bytes after the end of the compressed data")
        return self._stream

    def end(self) -> None:
        if self._stream is None or not self._stream.eof:
            raise Broken("the compressed data stops short")

    def _decompress(self, stream: "zlib._Decompress", piece: bytes) -> bytes:
        try:
            return stream.decompress(piece, self._left + 1)
        except zlib.error as error:
            raise Broken(str(error)) from None


def _deflate(start: bytes) -> int:
    """Some senders leave the zlib frame out, whose first byte always ends in 8."""
    return zlib.MAX_WBITS if start[0] & 0x0F == 8 else -zlib.MAX_WBITS


ENCODINGS: dict[str, Callable[[int], Decoder]] = {
    "": Plain,
    "identity": Plain,
    "gzip": lambda bytes_max: Inflate(bytes_max, is_gzip=True),
    "x-gzip": lambda bytes_max: Inflate(bytes_max, is_gzip=True),
    "deflate": lambda bytes_max: Inflate(bytes_max, is_gzip=False),
}
