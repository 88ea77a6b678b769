"""Waits between restarts."""

import pytest

from deploy.sandbox.cluster.kubelet.environment import (
    BadContainer,
    command_of,
    port_number,
)
from deploy.sandbox.cluster.kubelet.pace import BackOff, Pace
from deploy.sandbox.cluster.kubelet.process import memory_limit_bytes


def test_the_first_restart_is_at_once_and_then_the_wait_doubles_up_to_five_minutes():
    back_off = BackOff(Pace(second_s=1))
    assert [back_off.after_run_of(0) for _ in range(8)] == [0, 10, 20, 40, 80, 160, 300, 300]


def test_a_long_good_run_is_rewarded():
    back_off = BackOff(Pace(second_s=1))
    for _ in range(4):
        back_off.after_run_of(0)
    assert back_off.after_run_of(601) == 0


def test_a_sandbox_second_is_shorter():
    back_off = BackOff(Pace(second_s=0.1))
    back_off.after_run_of(0)
    assert back_off.after_run_of(0) == 1


@pytest.mark.parametrize(
    ("text", "limit_bytes"),
    [("256Mi", 256 * 2**20), ("1G", 10**9), ("1.5Gi", 1536 * 2**20), ("123", 123)],
)
def test_memory_limits(text: str, limit_bytes: int):
    assert memory_limit_bytes({"resources": {"limits": {"memory": text}}}) == limit_bytes


def test_no_memory_limit():
    assert memory_limit_bytes({"resources": {}}) is None


def test_a_container_without_a_command_cannot_be_run():
    with pytest.raises(BadContainer):
        command_of({"args": ["-m", "checkout"]})


def test_ports_by_name_and_number():
    container = {"ports": [{"name": "http", "containerPort": 8080}]}
    assert port_number(container, "http") == 8080
    assert port_number(container, 9090) == 9090
    assert port_number(container, "other") is None
