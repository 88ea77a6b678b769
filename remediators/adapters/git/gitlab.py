"""Merge requests at GitLab: pull requests by another name."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import BaseModel, StringConstraints

from remediators.adapters.git.file import RegisteredForge
from remediators.adapters.git.forge import URL_FORM, Proposal, PullRequest
from remediators.adapters.git.pulls import Pulls
from remediators.adapters.git.rest import Rest
from remediators.core.reply import Reply


class _Merge(BaseModel):
    web_url: Annotated[str, StringConstraints(pattern=URL_FORM)]
    state: Literal["opened", "closed", "locked", "merged"]
    """`locked`: while it is merged."""
    source_branch: str
    target_branch: str
    source_project_id: int | None
    """None where a fork is gone."""
    target_project_id: int
    description: str | None = None

    def plain(self) -> PullRequest:
        text = self.description or ""
        if self.state in ("opened", "locked"):
            return PullRequest(self.web_url, "open", text)
        return PullRequest(self.web_url, "merged" if self.state == "merged" else "closed", text)


class GitLab:
    def __init__(self, forge: RegisteredForge, into: str, timeout_s: float) -> None:
        self._into = into
        rest = Rest(forge, timeout_s, _headers)
        path = f"/projects/{quote(forge.repository, safe='')}/merge_requests"
        self._pulls = Pulls(rest, path, _Merge, "merge request")

    async def find(self, branch: str) -> PullRequest | Reply | None:
        query = {"source_branch": branch, "target_branch": self._into, "state": "all"}
        return await self._pulls.first(query, partial(self._is_from, branch))

    async def open(
        self, proposal: Proposal, in_time: Callable[[], bool], sent: Callable[[], None]
    ) -> PullRequest | Reply:
        wanted = {
            "title": proposal.title,
            "description": proposal.text,
            "source_branch": proposal.branch,
            "target_branch": proposal.into,
        }
        return await self._pulls.open(wanted, in_time, sent)

    def _is_from(self, branch: str, merge: _Merge) -> bool:
        """Not of a fork, which the list has too: there anybody may name a branch as he likes."""
        own = merge.source_project_id == merge.target_project_id
        return own and (merge.source_branch, merge.target_branch) == (branch, self._into)


def _headers(token: str) -> dict[str, str]:
    return {"Accept": "application/json", "PRIVATE-TOKEN": token}
