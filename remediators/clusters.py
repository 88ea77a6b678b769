"""The clusters that commands may name: how each one's API is reached, and how much it is asked."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from remediators.reading import read_as

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(gt=0)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _https(value: str) -> str:
    """Every request carries a token."""
    parts = urlsplit(value)
    if not parts.hostname or parts.scheme not in ("https", "http"):
        raise ValueError("expected an address that begins with https://")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("http only to this machine: every request carries a token")
    return value


def _region(value: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}(-[a-z]+)+-[0-9]{1,2}", value):
        raise ValueError("expected a region such as eu-central-1")
    return value


class EksAddress(_Part):
    """As `aws eks describe-cluster` tells it. The credentials are those of the process."""

    name: Text
    """Of the cluster at AWS, which the token is for. Here it may have another."""
    region: Annotated[str, BeforeValidator(_region)]
    endpoint: Annotated[str, BeforeValidator(_https)]
    ca: str = ""
    """`certificateAuthority.data`: a PEM in base64."""
    ca_file: str = ""
    """Or the PEM in a file. Without either, what the system trusts."""
    role_arn: str = ""
    """A role to take on first, with the process's credentials: one for each cluster, or one in
    another account."""

    @model_validator(mode="after")
    def _one_ca(self) -> "EksAddress":
        if self.ca and self.ca_file:
            raise ValueError("ca and ca_file exclude each other")
        return self


class ApiLimits(_Part):
    """What one API server is asked at most, by this process."""

    requests_per_s: Positive = 100.0
    burst: Count = 200


class CircuitLimits(_Part):
    """When one API server that does not answer is left alone, and for how long."""

    failures_max: Count = 5
    """In a row, over all its requests."""
    open_first_s: Positive = 1.0
    open_most_s: Positive = 10.0
    """Each time that it does not answer again, twice as long, up to this."""

    @model_validator(mode="after")
    def _in_order(self) -> "CircuitLimits":
        if self.open_most_s < self.open_first_s:
            raise ValueError("open_most_s is less than open_first_s")
        return self


class ClusterAddress(_Part):
    """Where one cluster's API is: exactly one of `url`, `context`, `in_cluster` and `eks`."""

    url: str = ""
    """Without credentials: the sandbox, or a proxy beside the executor."""
    context: str = ""
    """Of the kubeconfig."""
    kubeconfig: str = ""
    """Another file than the default."""
    in_cluster: bool = False
    eks: EksAddress | None = None
    limits: ApiLimits = ApiLimits()
    circuit: CircuitLimits = CircuitLimits()

    @model_validator(mode="after")
    def _one_way(self) -> "ClusterAddress":
        ways = [bool(self.url), bool(self.context), self.in_cluster, self.eks is not None]
        if ways.count(True) != 1:
            raise ValueError("a cluster needs exactly one of url, context, in_cluster and eks")
        if self.kubeconfig and not self.context:
            raise ValueError("kubeconfig goes with a context")
        return self

    def __str__(self) -> str:
        if self.eks is not None:
            return f"eks {self.eks.name} in {self.eks.region}"
        if self.context:
            return f"context {self.context}"
        return self.url or "in the cluster itself"


class _ClustersFile(_Part):
    clusters: dict[Text, ClusterAddress]


def read_clusters(path: Path) -> Mapping[str, ClusterAddress]:
    """Raises BadFile with all that is wrong, each with its place."""
    return read_as(_ClustersFile, path).clusters
