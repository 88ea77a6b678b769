"""A request that is not served, as the sender is told; a start that fails, as the operator is."""

import os

RETRY_SOON_S = 1
RETRY_LATER_S = 5


class Refused(Exception):
    """`status` and a sentence for the sender. 503 says when to come again; 429 is never said,
    because Alertmanager does not retry it."""

    def __init__(
        self, status: int, why: str, retry_after_s: int | None = None, asks_for: str = "Bearer"
    ) -> None:
        """`asks_for`: what a 401 says that would do. Google shows its password only when asked."""
        super().__init__(why)
        self.status = status
        self.why = why
        self.retry_after_s = retry_after_s
        self.asks_for = asks_for


class BadConfiguration(Exception):
    """The process must not start like this: exit code 78."""


def why_of(error: OSError) -> str:
    """In the system's words alone: libraries put it into sentences of their own. A host's name that
    is none has no error number of the system's."""
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    return (error.strerror or str(error) or type(error).__name__).lower()
