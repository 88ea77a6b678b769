"""Pull requests at GitHub, or at an Enterprise Server."""

from collections.abc import Callable
from functools import partial
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from remediators.adapters.git.file import RegisteredForge
from remediators.adapters.git.forge import URL_FORM, Proposal, PullRequest
from remediators.adapters.git.pulls import Pulls
from remediators.adapters.git.rest import Rest
from remediators.core.reply import Reply

API_VERSION = "2022-11-28"


class _Repo(BaseModel):
    full_name: str


class _End(BaseModel):
    ref: str
    repo: _Repo | None = None
    """None where a fork is gone."""


class _Pull(BaseModel):
    html_url: Annotated[str, StringConstraints(pattern=URL_FORM)]
    state: str
    merged_at: str | None = None
    body: str | None = None
    head: _End
    base: _End

    def plain(self) -> PullRequest:
        closed = "merged" if self.merged_at else "closed"
        return PullRequest(
            self.html_url, "open" if self.state == "open" else closed, self.body or ""
        )


class GitHub:
    def __init__(self, forge: RegisteredForge, into: str, timeout_s: float) -> None:
        self._name, self._into = forge.repository, into
        rest = Rest(forge, timeout_s, _headers)
        path = f"/repos/{forge.repository}/pulls"
        self._pulls = Pulls(rest, path, _Pull, "pull request")

    async def find(self, branch: str) -> PullRequest | Reply | None:
        owner = self._name.partition("/")[0]
        # Without the owner before it, the filter is passed over in silence.
        query = {"head": f"{owner}:{branch}", "base": self._into, "state": "all"}
        return await self._pulls.first(query, partial(self._is_from, branch))

    async def open(
        self, proposal: Proposal, in_time: Callable[[], bool], sent: Callable[[], None]
    ) -> PullRequest | Reply:
        wanted = {
            "title": proposal.title,
            "body": proposal.text,
            "head": proposal.branch,
            "base": proposal.into,
        }
        return await self._pulls.open(wanted, in_time, sent)

    def _is_from(self, branch: str, pull: _Pull) -> bool:
        """Not of a fork, where anybody may name a branch as he likes."""
        name = pull.head.repo.full_name.lower() if pull.head.repo else ""
        ends = (pull.head.ref, pull.base.ref, name)
        return ends == (branch, self._into, self._name.lower())


def _headers(token: str) -> dict[str, str]:
    return {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "X-GitHub-Api-Version": API_VERSION,
    }
