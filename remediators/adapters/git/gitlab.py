"""Merge requests at GitLab: pull requests by another name."""

from collections.abc import Callable
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import BaseModel, StringConstraints, TypeAdapter, ValidationError

from remediators.adapters.git.file import RegisteredForge
from remediators.adapters.git.forge import PULLS_MAX, URL_FORM, Proposal, PullRequest
from remediators.adapters.git.rest import Call, Rest
from remediators.core.reply import Answer, Reply


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


_MERGES = TypeAdapter(list[_Merge])


class GitLab:
    def __init__(self, forge: RegisteredForge, into: str, timeout_s: float) -> None:
        self._into = into
        self._path = f"/projects/{quote(forge.repository, safe='')}/merge_requests"
        self._rest = Rest(forge, timeout_s, _headers)

    async def find(self, branch: str) -> PullRequest | Reply | None:
        query = {"source_branch": branch, "target_branch": self._into, "state": "all"}
        body = await self._rest.read(Call(self._path, {**query, "per_page": str(PULLS_MAX)}))
        if isinstance(body, Reply):
            return body
        try:
            merges = _MERGES.validate_json(body)
        except ValidationError:
            return Reply(Answer.INVALID, "its answer is no list of merge requests")
        ours = (each.plain() for each in merges if self._is_from(branch, each))
        return next(ours, None)

    async def open(
        self, proposal: Proposal, in_time: Callable[[], bool], sent: Callable[[], None]
    ) -> PullRequest | Reply:
        wanted = {
            "title": proposal.title,
            "description": proposal.text,
            "source_branch": proposal.branch,
            "target_branch": proposal.into,
        }
        body = await self._rest.send(Call(self._path, {}, wanted), in_time, sent)
        if isinstance(body, Reply):
            return body
        try:
            return _Merge.model_validate_json(body).plain()
        except ValidationError:
            return Reply(Answer.UNSURE, "its answer is no merge request")

    def _is_from(self, branch: str, merge: _Merge) -> bool:
        """Not of a fork, which the list has too: there anybody may name a branch as he likes."""
        own = merge.source_project_id == merge.target_project_id
        return own and (merge.source_branch, merge.target_branch) == (branch, self._into)


def _headers(token: str) -> dict[str, str]:
    return {"Accept": "application/json", "PRIVATE-TOKEN": token}
