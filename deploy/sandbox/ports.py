"""Free ports on the loopback interface, which stay usable over a restart."""

import random
import socket
from pathlib import Path

HOST = "127.0.0.1"
LOWEST, HIGHEST = 15_000, 32_000
ATTEMPTS_MAX = 200


def choose(count: int) -> list[int]:
    """Distinct free ports below the range from which the kernel numbers outgoing connections.

    Inside that range, a client that retries while the broker is down can be given the very port
    it is trying to reach, connect to itself, and keep the broker from coming back.
    """
    candidates = random.SystemRandom().sample(
        range(LOWEST, min(HIGHEST, _ephemeral())), ATTEMPTS_MAX
    )
    free = [port for port in candidates if is_free(port)]
    assert len(free) >= count, "hardly a free port on this machine"
    return free[:count]


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the broker will: a port whose old connections linger in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _ephemeral() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError):
        return HIGHEST
