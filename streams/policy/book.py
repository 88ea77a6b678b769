"""Policies by digest, compiled once."""

from dataclasses import replace

from streams.core.policy import Policy
from streams.policy.load import compile_policy
from streams.reading.faults import FileError

KNOWN_MAX = 256


class PolicyBook:
    """The core's `Policies`: what a text means does not change, so it is remembered."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Policy | None] = {}

    def compile(self, digest: str, source: str) -> Policy | None:
        """The policy goes by the digest that it was published under, whoever computed that."""
        known = (digest, source)
        if known not in self._known:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            policy = _compiled(source)
            self._known[known] = policy and replace(policy, digest=digest)
        return self._known[known]


def _compiled(source: str) -> Policy | None:
    try:
        return compile_policy(source)
    except FileError:
        return None
