"""The parts of the embedded stack that a measurement needs."""

from pathlib import Path

from deploy.sandbox.stack import ACCEPT_FIRST, Options, Stack

POLICY = Path(__file__).parent / "policy.yaml"


def bench_stack(folder: Path) -> Stack:
    return Stack(folder, Options(tape_partitions=1, policy=POLICY, nice=ACCEPT_FIRST))
