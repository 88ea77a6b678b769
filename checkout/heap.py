"""The memory that requests live in: bounded, and really occupied."""

from collections.abc import Iterator
from contextlib import contextmanager

FILL = b"\xa5"


class Heap:
    """A budget of bytes. What leaks is gone until the process is replaced."""

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self._borrowed_bytes = 0
        self._leaked_bytes = 0
        self._leaked: list[bytes] = []

    @property
    def used_bytes(self) -> int:
        return self._leaked_bytes + self._borrowed_bytes

    @property
    def leaked_bytes(self) -> int:
        return self._leaked_bytes

    @contextmanager
    def borrow(self, size_bytes: int) -> Iterator[bytes]:
        """Memory for as long as the block lasts, or MemoryError."""
        if self.used_bytes + size_bytes > self.budget_bytes:
            raise MemoryError(f"{self.used_bytes} of {self.budget_bytes} bytes are taken")
        self._borrowed_bytes += size_bytes
        try:
            yield FILL * size_bytes
        finally:
            self._borrowed_bytes -= size_bytes

    def leak(self, size_bytes: int) -> None:
        """Keep this much for good, or what is left of the budget.

        Borrowed memory does not count as taken here: it comes back, and a heap which the leak
        has filled must stay full when it does.
        """
        kept_bytes = min(size_bytes, self.budget_bytes - self._leaked_bytes)
        if kept_bytes:
            # Bytes with a value: zeroed memory would not be resident until it is written to.
            self._leaked.append(FILL * kept_bytes)
            self._leaked_bytes += kept_bytes
