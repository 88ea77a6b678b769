"""Repositories that others keep a cluster in step with, as the executor's own settings have
registered them."""

from dataclasses import dataclass

TRAILER = "Mendlog-Command"
"""The last line of what is ours there, before the command's id."""


@dataclass(frozen=True, slots=True)
class Repository:
    name: str
    owner: str
    """Who carries its path into the cluster, as an observation has it: `ArgoCD/shop`."""
    cluster: str = ""
    """Empty for all."""
    path: str = ""
    into: str = ""
    """The branch that a pull request is opened for. Empty: none is opened."""
