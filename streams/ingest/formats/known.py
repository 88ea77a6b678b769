"""Answers remembered by the bytes that they are about.

An alert that fires is sent again every minute, with the same labels. What those come to, their
fingerprint above all, costs more than everything else in reading it.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

KNOWN_MAX = 1 << 16
BYTES_MAX = 1024
"""Longer texts are read again each time: they are rare, and would fill the memory."""

T = TypeVar("T")


class Known(Generic[T]):
    """A function of bytes. What raises is not remembered."""

    def __init__(self, read: Callable[[bytes], T]) -> None:
        self._read = read
        self._answers: dict[bytes, T] = {}

    def __len__(self) -> int:
        return len(self._answers)

    def __call__(self, raw: bytes) -> T:
        try:
            return self._answers[raw]
        except KeyError:
            answer = self._read(raw)
        if len(raw) <= BYTES_MAX:
            if len(self._answers) >= KNOWN_MAX:
                self._answers.clear()
            self._answers[raw] = answer
        return answer
