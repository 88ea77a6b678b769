"""Points at which a process can be made to die, for tests that kill it exactly there.

Off unless `MENDLOG_FAILPOINT` names one. The process dies as by `kill -9` when it gets there while
the file named by `MENDLOG_FAILPOINT_ARMED` exists; it takes the file along, so its successor lives.
"""

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

POINT = "MENDLOG_FAILPOINT"
ARMED = "MENDLOG_FAILPOINT_ARMED"

Reached = Callable[[str], None]


def failpoint(environment: Mapping[str, str] = os.environ) -> Reached:
    """What to call at every point; it returns from all but the one that was named."""
    wanted, armed = environment.get(POINT), environment.get(ARMED)
    if not wanted:
        return lambda _point: None
    if not armed:
        raise ValueError(f"{POINT} is set without {ARMED}")
    return lambda point: _die_at(point, wanted, Path(armed))


def _die_at(point: str, wanted: str, armed: Path) -> None:
    if point != wanted or not armed.exists():
        return
    armed.unlink()
    os.kill(os.getpid(), signal.SIGKILL)
