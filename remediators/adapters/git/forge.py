"""Where pull requests are opened: what we need of a forge, whatever a pull request is called there.

One is known by the branch that it is from, so it has a name before it is opened: a forge has one
open pull request at most from one branch into another, and tells of those that are closed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from remediators.core.reply import Reply

PULLS_MAX = 20
"""From one branch; we open one."""
URL_FORM = r"^https?://[!-~]{1,300}$"


@dataclass(frozen=True, slots=True)
class Proposal:
    """As it was announced."""

    branch: str
    into: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    url: str
    state: Literal["open", "closed", "merged"]
    text: str

    def __str__(self) -> str:
        return self.url if self.state == "open" else f"{self.url} ({self.state})"


class Forge(Protocol):
    """One repository there, and its pull requests into one branch."""

    async def find(self, branch: str) -> PullRequest | Reply | None:
        """From that branch of the same repository, in whatever state: the newest, or none. Never
        NOT_FOUND: a forge says that of what it hides, too."""
        ...

    async def open(
        self, proposal: Proposal, in_time: Callable[[], bool], sent: Callable[[], None]
    ) -> PullRequest | Reply:
        """One call. `sent` is called once it has gone out."""
        ...
