"""Asks a broker the one thing that shows it is at work.

Raw sockets, so that it can be asked from plain and from asynchronous code alike.
"""

import socket
import struct

TIMEOUT_S = 2.0
METADATA, VERSION = 3, 4
CLIENT = b"mendlog"


def knows_itself(host: str, port: int, timeout_s: float = TIMEOUT_S) -> bool:
    """It answers a metadata request and counts at least itself among the living brokers.

    An open port says less: it opens before the controller has let the broker in.
    """
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as connection:
            connection.sendall(REQUEST)
            answer = connection.recv(ANSWER.size, socket.MSG_WAITALL)
    except OSError:
        return False
    if len(answer) < ANSWER.size:
        return False
    _, _, _, brokers = ANSWER.unpack(answer)
    return int(brokers) > 0


def _request() -> bytes:
    """A metadata request about no topic at all."""
    header = struct.pack(">hhih", METADATA, VERSION, 1, len(CLIENT)) + CLIENT
    body = struct.pack(">i?", 0, False)
    return struct.pack(">i", len(header + body)) + header + body


REQUEST = _request()
ANSWER = struct.Struct(">iiii")
"""Its beginning: size, correlation id, throttle time, number of brokers."""
