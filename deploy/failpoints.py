"""Points at which a process can be made to die, for tests that kill it exactly there.

Off unless `MENDLOG_FAILPOINT` names one. The process dies as by `kill -9`, and only once: the
file in `MENDLOG_FAILPOINT_SPENT` marks it, so that its successor lives.
"""

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

POINT = "MENDLOG_FAILPOINT"
SPENT = "MENDLOG_FAILPOINT_SPENT"

Reached = Callable[[str], None]


def failpoint(environment: Mapping[str, str] = os.environ) -> Reached:
    """What to call at every point; it returns from all but the one that was named."""
    wanted, spent = environment.get(POINT), environment.get(SPENT)
    if not wanted:
        return lambda _point: None
    if not spent:
        raise ValueError(f"{POINT} is set without {SPENT}")
    return lambda point: _die_at(point, wanted, Path(spent))


def _die_at(point: str, wanted: str, spent: Path) -> None:
    if point != wanted or spent.exists():
        return
    spent.write_text(point)
    os.kill(os.getpid(), signal.SIGKILL)
