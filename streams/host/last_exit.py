"""Why the worker before this one ended itself: told to the next, who has a /metrics to say it."""

from pathlib import Path

NAME = "last-exit"


class LastExit:
    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / NAME

    def write(self, reason: str) -> None:
        try:
            self._file.write_text(reason)
        except OSError:
            pass  # the end must not fail for want of a note about it

    def read(self) -> str:
        """The reason, once; empty if the last one was told to stop."""
        try:
            reason = self._file.read_text()
            self._file.unlink()
        except OSError:
            return ""
        return reason
