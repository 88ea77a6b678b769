"""Why the worker before this one ended itself: told to the next, who has a /metrics to say it."""

from pathlib import Path

NAME = "last-exit"


class LastExit:
    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / NAME
        self.reason = ""
        """Of the worker before us; empty if that was told to stop."""

    def write(self, reason: str) -> None:
        try:
            self._file.write_text(reason)
        except OSError:
            pass  # the end must not fail for want of a note about it

    def take(self) -> None:
        """Reads the reason and removes it, so that it is told once."""
        try:
            self.reason = self._file.read_text()
            self._file.unlink()
        except OSError:
            pass
