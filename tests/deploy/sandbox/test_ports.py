"""Ports: free, distinct, and out of the way of outgoing connections."""

import socket

import pytest

from deploy.sandbox.errors import SandboxError
from deploy.sandbox.ports import CANDIDATES, HIGHEST, HOST, LOWEST, _hold, _range, choose, is_free


def test_chosen_ports_are_distinct_and_free() -> None:
    chosen = choose(5)
    assert len(set(chosen)) == 5
    assert all(map(is_free, chosen))


def test_what_one_has_chosen_no_other_chooses_and_its_server_can_have() -> None:
    (port,) = choose(1)
    assert _hold(port) is None
    for _ in range(2):
        with socket.create_server((HOST, port)) as server:
            socket.create_connection((HOST, port), timeout=30).close()
            server.accept()[0].close()
    assert _hold(port) is None


def test_a_port_in_use_is_not_free() -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
    assert is_free(port)


@pytest.mark.parametrize(
    ("outgoing_from", "highest"),
    [(32_768, HIGHEST), (20_000, 20_000), (LOWEST, HIGHEST), (1_024, HIGHEST)],
)
def test_ports_lie_below_outgoing_ones_where_there_is_room(outgoing_from, highest) -> None:
    assert _range(outgoing_from) == range(LOWEST, highest)


def test_too_many_are_refused() -> None:
    with pytest.raises(SandboxError, match=r"Not 201 free ports"):
        choose(CANDIDATES + 1)
