"""A worker of the real host with hash-chain steps, for tests to kill, stop and starve.

Settings come as for any processor, from `MENDLOG_*`. `CHAIN_FAULT=decide.outputs_acked:50:STOP`
sends itself that signal when it reaches the point for the 50th time; RAISE in the place of a signal
fails there.
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
from tests.faults.chain import OUTPUTS, SwarmStep
from tests.faults.late_seeks import make_seeks_late


class Fault:
    def __init__(self, spec: str) -> None:
        self.point, count, name = spec.split(":")
        self.at = int(count)
        self.signal = None if name == "RAISE" else signal.Signals[f"SIG{name}"]
        self.seen: Counter[str] = Counter()

    def reached(self, point: str) -> None:
        self.seen[point] += 1
        if point == self.point and self.seen[point] == self.at:
            print(f"fault: {point}", flush=True)
            if self.signal is None:
                raise RuntimeError("a fault of the step's")
            os.kill(os.getpid(), self.signal)


def main() -> int:
    make_seeks_late()
    spec = os.environ.get("CHAIN_FAULT")
    hooks = Hooks(reached=Fault(spec).reached) if spec else Hooks()
    pace_ms = int(os.environ.get("CHAIN_MS_PER_RECORD", "0"))
    steps = {s.name: partial(SwarmStep, OUTPUTS[s], ms_per_record=pace_ms) for s in INPUTS}
    return run_processor(ProcessorSettings(), steps, hooks=hooks)


if __name__ == "__main__":
    sys.exit(main())
