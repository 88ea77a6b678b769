"""Policies by digest, compiled once."""

from streams.core.policy import Policy
from streams.policy.load import compile_policy
from streams.reading.faults import FileError


class PolicyBook:
    """The core's `Policies`: what a text means does not change, so it is remembered."""

    def __init__(self) -> None:
        self._known: dict[str, Policy | None] = {}

    def compile(self, digest: str, source: str) -> Policy | None:
        if digest not in self._known:
            self._known[digest] = _compiled(source)
        return self._known[digest]


def _compiled(source: str) -> Policy | None:
    try:
        return compile_policy(source)
    except FileError:
        return None
