"""The file of repositories: which owner reads which path of which branch, and what may be done."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator

from remediators.addresses import address
from remediators.core.repository import Repository
from remediators.reading import read_as

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
Branch = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][-A-Za-z0-9_./]{0,200}$")]
Owner = Annotated[str, StringConstraints(pattern=r"^(ArgoCD|Flux)/[^\s,]{1,253}$")]
Inside = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_][-A-Za-z0-9_.]*(/[A-Za-z0-9_][-A-Za-z0-9_.]*)*$")
]


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("https", "file") or parts.username or not (parts.netloc or parts.path):
        raise ValueError("expected an address that begins with https://, without credentials")
    return value


def _api(value: str) -> str:
    """The one host that is asked; no policy and no alert can name another."""
    parts = urlsplit(address(value))
    if parts.query or parts.fragment:
        raise ValueError("expected the address of the API alone")
    return value


class RegisteredForge(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Literal["github", "gitlab"]
    url: Annotated[str, AfterValidator(_api)]
    """Of its API: `https://api.github.com`, `https://git.example/api/v4`."""
    repository: Inside
    """As the forge calls it: `owner/name`, at GitLab with all its groups."""
    token_file: Path | None = None
    token_env: Annotated[str, StringConstraints(pattern=r"^[A-Z_][A-Z0-9_]*$")] = ""
    """A variable of the executor's environment. Either is read each time."""

    @model_validator(mode="after")
    def _whole(self) -> "RegisteredForge":
        if bool(self.token_file) == bool(self.token_env):
            raise ValueError("a forge needs exactly one of token_file and token_env")
        parts = self.repository.count("/") + 1
        if parts < 2 or (self.kind == "github" and parts > 2):
            raise ValueError("expected a repository as owner/name, at GitLab with all its groups")
        return self


class RegisteredRepository(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(_address)]
    branch: Branch
    path: Inside
    """What is put back: a folder or a file, as the owner reads it."""
    owner: Owner
    mode: Literal["push", "branch", "pull_request"]
    """`push`: to the branch itself. `branch`: only under a name of the command's own, for people to
    merge. `pull_request`: as that, and opened for them at its forge."""
    cluster: str = ""
    token_file: Path | None = None
    """As the password of `x-access-token`; read each time."""
    forge: RegisteredForge | None = None

    @model_validator(mode="after")
    def _forge_where_asked(self) -> "RegisteredRepository":
        if (self.mode == "pull_request") != (self.forge is not None):
            raise ValueError("`mode: pull_request` goes with a `forge`, and a `forge` with it")
        return self

    def plain(self, name: str) -> Repository:
        return Repository(name, self.owner, self.cluster, self.path, self.into)

    @property
    def into(self) -> str:
        return self.branch if self.mode == "pull_request" else ""


class _RepositoriesFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    repositories: dict[Name, RegisteredRepository]


def read_repositories(path: Path) -> Mapping[str, RegisteredRepository]:
    """Raises BadFile with all that is wrong, each with its place."""
    return read_as(_RepositoriesFile, path).repositories
