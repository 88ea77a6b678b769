"""A gateway as a process of its own, which can be told where to die.

`DIE_AT=gateway.body_read:20` kills it the 20th time that it gets there.
"""

import os
import signal
import sys
from collections import Counter

from streams.ingest.gateway.process import Reached, run_gateway
from streams.settings import GatewaySettings


def deadly(where: str, count: int) -> Reached:
    seen: Counter[str] = Counter()

    def reached(name: str) -> None:
        seen[name] += 1
        if seen[where] == count:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def main() -> int:
    where, _, count = os.environ.get("DIE_AT", "nowhere:1").rpartition(":")
    return run_gateway(GatewaySettings(), deadly(where, int(count)))


if __name__ == "__main__":
    sys.exit(main())
