"""The file of flags: where each is kept, and the values that it may have."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from remediators.addresses import address
from remediators.core.flag import ConfigMapKey, Flag
from remediators.reading import read_as
from schemas.parameters import LINE_FORM

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$")]
Value = Annotated[str, StringConstraints(pattern=f"^{LINE_FORM}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _ConfigMap(_Part):
    namespace: Name = ""
    name: Name
    key: Annotated[str, StringConstraints(pattern=r"^[-._a-zA-Z0-9]{1,253}$")]


class SsmParameter(_Part):
    parameter: Annotated[str, StringConstraints(pattern=r"^[-._/a-zA-Z0-9]{1,1011}$")]
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[a-z]+)+-[0-9]{1,2}$")]


class HttpFlag(_Part):
    url: Annotated[str, AfterValidator(address)]
    member: str = ""
    """GET answers, and PUT is given, a JSON object of this member alone. Empty: the value as plain
    text."""
    token_file: Path | None = None
    """Sent as `Authorization: Bearer`; read each time."""


class RegisteredFlag(_Part):
    values: Annotated[list[Value], Field(min_length=2, max_length=16)]
    cluster: str = ""
    configmap: _ConfigMap | None = None
    ssm: SsmParameter | None = None
    http: HttpFlag | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "RegisteredFlag":
        places = (self.configmap, self.ssm, self.http)
        if sum(place is not None for place in places) != 1:
            raise ValueError("a flag needs exactly one of configmap, ssm and http")
        if self.configmap is None and not self.cluster:
            raise ValueError(
                "a flag outside of a cluster needs the one `cluster` that it is a part of: "
                "locks and budgets are counted by cluster"
            )
        return self

    def plain(self, name: str) -> Flag:
        place = self.configmap
        kept = ConfigMapKey(place.namespace, place.name, place.key) if place else None
        return Flag(name, frozenset(self.values), self.cluster, kept)


class _FlagsFile(_Part):
    flags: dict[Name, RegisteredFlag]


def read_flags(path: Path) -> Mapping[str, RegisteredFlag]:
    """Raises BadFile with all that is wrong, each with its place."""
    return read_as(_FlagsFile, path).flags
