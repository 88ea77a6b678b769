"""An alert that Mendlog holds as firing, and whether anything keeps it quiet."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from streams.core.entries import AlertState


@dataclass(frozen=True, slots=True)
class HeldAlert:
    cluster: str
    """Whose tape tells of it; its labels need not."""
    state: AlertState
    receivers: tuple[str, ...] = ()
    """Whom its incident tells."""
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()
    muted_by: tuple[str, ...] = ()

    @property
    def is_quiet(self) -> bool:
        return bool(self.silenced_by or self.inhibited_by or self.muted_by)


class NotCaughtUp(Exception):
    """What is held is not known, or not all of it: a list of it would be wrong."""

    def __init__(self, why: str, retry_after_s: int) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


class Holdings(Protocol):
    async def __call__(self, now_ms: int) -> Iterable[HeldAlert]:
        """Every alert that fires, in the order of their fingerprints; to be gone through once.
        Raises NotCaughtUp."""

    async def close(self) -> None: ...

    @property
    def is_caught_up(self) -> bool: ...

    @property
    def bytes(self) -> int:
        """Of memory."""
