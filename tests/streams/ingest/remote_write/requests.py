"""Requests of remote-write 1.0, as Prometheus would build them, or wrong in one thing."""

import math
import struct
import time

from cramjam import snappy

from streams.ingest.remote_write.message import Label, TimeSeries

STALE = struct.unpack(">d", bytes.fromhex("7ff0000000000002"))[0]
HEADERS = {
    "Content_Type": "application/x-protobuf",
    "Content_Encoding": "snappy",
    "X_Prometheus_Remote_Write_Version": "0.1.0",
}
POD = {"namespace": "shop", "service": "checkout", "pod": "checkout-1"}
NO_VALUES = (math.nan, math.inf, -math.inf)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def series(
    name: str = "requests_total", *samples: tuple[float, int], sort: bool = True, **labels: str
) -> bytes:
    """Without samples: the value 1, now."""
    pairs = [("__name__", name), *labels.items()]
    return series_of(sorted(pairs) if sort else pairs, *samples)


def series_of(pairs: list[tuple[str, str]], *samples: tuple[float, int]) -> bytes:
    message = TimeSeries()
    message.labels.extend(
        Label(name=name, value=value).SerializeToString() for name, value in pairs
    )
    for value, at_ms in samples or ((1.0, now_ms()),):
        message.samples.add(value=value, timestamp=at_ms)
    return message.SerializeToString()


def request(*all_series: bytes, metadata: bytes | None = None) -> bytes:
    """Not yet packed."""
    fields = [(1, one) for one in all_series] + ([(3, metadata)] if metadata else [])
    return b"".join(bytes([number << 3 | 2]) + varint(len(one)) + one for number, one in fields)


def block(*all_series: bytes) -> bytes:
    return pack(request(*all_series))


def pack(message: bytes) -> bytes:
    return bytes(snappy.compress_raw(message))


def varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
