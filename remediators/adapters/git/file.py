"""The file of repositories: which owner reads which path of which branch, and what may be done."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

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


class RegisteredRepository(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(_address)]
    branch: Branch
    path: Inside
    """What is put back: a folder or a file, as the owner reads it."""
    owner: Owner
    mode: Literal["push", "branch"]
    """`push`: to the branch itself. `branch`: only under a name of the command's own, for people to
    merge."""
    cluster: str = ""
    token_file: Path | None = None
    """As the password of `x-access-token`; read each time."""

    def plain(self, name: str) -> Repository:
        return Repository(name, self.owner, self.cluster)


class _RepositoriesFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    repositories: dict[Name, RegisteredRepository]


def read_repositories(path: Path) -> Mapping[str, RegisteredRepository]:
    """Raises BadFile with all that is wrong, each with its place."""
    return read_as(_RepositoriesFile, path).repositories
