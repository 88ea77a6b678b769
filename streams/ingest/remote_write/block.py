"""Snappy's block format -> bytes. What the block announces is believed only to refuse it."""

from cramjam import DecompressionError, snappy

from schemas.topics import MIB
from streams.ingest.inflate import Broken, TooLarge

UNPACKED_BYTES_MAX = 32 * MIB
"""Prometheus sends 2,000 samples at a time, which is less than one MiB."""


def announced(block: bytes, bytes_max: int = UNPACKED_BYTES_MAX) -> int:
    """How many bytes it says it becomes, before any of them is made. Raises TooLarge or Broken."""
    try:
        size = int(snappy.decompress_raw_len(block))
    except DecompressionError as error:
        raise Broken(str(error)) from None
    if size > bytes_max:
        raise TooLarge
    return size


def unpack(block: bytes) -> bytes:
    """Of a block whose size is known: never more than that comes out. Raises Broken."""
    try:
        return bytes(snappy.decompress_raw(block))
    except DecompressionError as error:
        raise Broken(str(error)) from None
