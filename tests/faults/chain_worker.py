"""A worker of the real host with hash-chain steps, for tests to kill, stop and starve.

Settings come as for any processor, from `MENDLOG_*`. `CHAIN_FAULT=decide.outputs_acked:50:STOP`
sends itself that signal when it reaches the point for the 50th time.
"""

import os
import signal
import sys
from collections import Counter
from functools import partial

from streams.host.exits import Hooks
from streams.host.inputs import INPUTS
from streams.host.processor import run_processor
from streams.settings import ProcessorSettings
from tests.faults.chain import OUTPUTS, ChainStep


class Fault:
    def __init__(self, spec: str) -> None:
        self.point, count, name = spec.split(":")
        self.at = int(count)
        self.signal = signal.Signals[f"SIG{name}"]
        self.seen: Counter[str] = Counter()

    def reached(self, point: str) -> None:
        self.seen[point] += 1
        if point == self.point and self.seen[point] == self.at:
            print(f"fault: {point}", flush=True)
            os.kill(os.getpid(), self.signal)


def main() -> int:
    spec = os.environ.get("CHAIN_FAULT")
    hooks = Hooks(reached=Fault(spec).reached) if spec else Hooks()
    steps = {source.name: partial(ChainStep, OUTPUTS[source]) for source in INPUTS}
    return run_processor(ProcessorSettings(), steps, hooks=hooks)


if __name__ == "__main__":
    sys.exit(main())
