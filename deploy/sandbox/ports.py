"""Free ports on the loopback interface, which stay usable over a restart."""

import random
import socket
from collections import deque
from pathlib import Path

from deploy.sandbox.errors import SandboxError

HOST = "127.0.0.1"
LOWEST, HIGHEST = 15_000, 32_000
CANDIDATES = 200
_held: deque[socket.socket] = deque(maxlen=1_000)
"""Bound and never listening: nobody else chooses the port between now and its server's start."""


def choose(count: int) -> list[int]:
    """Distinct free ports, ours from now on, below the range of outgoing connections.

    Inside that range, a client that retries while the broker is down can be given the very port
    it is trying to reach, connect to itself, and keep the broker from coming back.
    """
    candidates = random.SystemRandom().sample(_range(_outgoing_from()), CANDIDATES)
    chosen: list[int] = []
    while candidates and len(chosen) < count:
        port = candidates.pop()
        if hold := _hold(port):
            _held.append(hold)
            chosen.append(port)
    if len(chosen) < count:
        raise SandboxError(f"Not {count} free ports on {HOST} among {CANDIDATES} tried.")
    return chosen


def _hold(port: int) -> socket.socket | None:
    """For ourselves alone. From then on a server that reuses addresses, as all of ours do, may
    have it too."""
    hold = socket.socket()
    try:
        hold.bind((HOST, port))
    except OSError:
        hold.close()
        return None
    hold.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return hold


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the broker will: a port whose old connections linger in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _range(outgoing_from: int) -> range:
    safe = range(LOWEST, min(HIGHEST, outgoing_from))
    # Where the kernel was told to use nearly everything, no port is safe and any will do.
    return safe if len(safe) >= CANDIDATES else range(LOWEST, HIGHEST)


def _outgoing_from() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError):
        return HIGHEST
