"""Pull requests at GitHub, or at an Enterprise Server."""

from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, StringConstraints, TypeAdapter, ValidationError

from remediators.adapters.git.file import RegisteredForge
from remediators.adapters.git.forge import PULLS_MAX, URL_FORM, Proposal, PullRequest
from remediators.adapters.git.rest import Call, Rest
from remediators.core.reply import Answer, Reply

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


_PULLS = TypeAdapter(list[_Pull])


class GitHub:
    def __init__(self, forge: RegisteredForge, into: str, timeout_s: float) -> None:
        self._name, self._into = forge.repository, into
        self._path = f"/repos/{forge.repository}/pulls"
        self._rest = Rest(forge, timeout_s, _headers)

    async def find(self, branch: str) -> PullRequest | Reply | None:
        owner = self._name.partition("/")[0]
        # Without the owner before it, the filter is passed over in silence.
        query = {"head": f"{owner}:{branch}", "base": self._into, "state": "all"}
        body = await self._rest.read(Call(self._path, {**query, "per_page": str(PULLS_MAX)}))
        if isinstance(body, Reply):
            return body
        try:
            pulls = _PULLS.validate_json(body)
        except ValidationError:
            return Reply(Answer.INVALID, "its answer is no list of pull requests")
        ours = (each.plain() for each in pulls if self._is_from(branch, each))
        return next(ours, None)

    async def open(
        self, proposal: Proposal, in_time: Callable[[], bool], sent: Callable[[], None]
    ) -> PullRequest | Reply:
        wanted = {
            "title": proposal.title,
            "body": proposal.text,
            "head": proposal.branch,
            "base": proposal.into,
        }
        body = await self._rest.send(Call(self._path, {}, wanted), in_time, sent)
        if isinstance(body, Reply):
            return body
        try:
            return _Pull.model_validate_json(body).plain()
        except ValidationError:
            return Reply(Answer.UNSURE, "its answer is no pull request")

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
