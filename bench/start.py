"""How long people wait for `mendlog --help`."""

import statistics
import subprocess
import sys
import time

TIMES = 7


def help_s() -> float:
    """The median of some runs, the interpreter's own start included."""
    return round(statistics.median(_once() for _ in range(TIMES)), 3)


def _once() -> float:
    began_s = time.perf_counter()
    command = [sys.executable, "-m", "deploy.cli.main", "--help"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began_s
