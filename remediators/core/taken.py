"""Pods that are being taken of each workload, and of which its own count may not tell yet.

Commands for several pods of one workload go side by side, and its controller counts a moment after
each: whoever asked only the count would let all of them go.
"""

from collections import defaultdict

LAG_MS = 10_000
"""More than a controller that works takes to count a pod that has gone."""


class Taken:
    """By this executor, in this life."""

    def __init__(self) -> None:
        self._until_ms: dict[str, dict[str, float]] = defaultdict(dict)
        """By uid of what keeps the pods, and by command."""

    def of(self, keeper: str, now_ms: int) -> int:
        counted = {
            c: until for c, until in self._until_ms.pop(keeper, {}).items() if until > now_ms
        }
        if counted:
            self._until_ms[keeper] = counted
        return len(counted)

    def take(self, keeper: str, command: str) -> None:
        self._until_ms[keeper][command] = float("inf")

    def left(self, command: str) -> None:
        """It was not taken."""
        for commands in self._until_ms.values():
            commands.pop(command, None)

    def gone(self, command: str, now_ms: int) -> None:
        for commands in self._until_ms.values():
            if command in commands:
                commands[command] = now_ms + LAG_MS
