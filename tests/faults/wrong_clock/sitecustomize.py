"""A host whose clock is wrong. Python imports this by itself, where PYTHONPATH names its folder.

By how many seconds stands in the file that WRONG_CLOCK names, and is read again and again: a clock
may step. What counts the time that has passed is left alone, as it is by whoever sets a clock.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

LOOKED_S = 0.05


def wrong(file: Path) -> Callable[[], int]:
    true_ns, passed_s = time.time_ns, time.monotonic
    by_ns, looked_s = 0, -LOOKED_S

    def now_ns() -> int:
        nonlocal by_ns, looked_s
        if passed_s() - looked_s >= LOOKED_S:
            looked_s = passed_s()
            by_ns = int(float(file.read_text()) * 1e9)
        return true_ns() + by_ns

    return now_ns


if told := os.environ.get("WRONG_CLOCK"):
    time.time_ns = wrong(Path(told))
    time.time = lambda: time.time_ns() / 1e9
