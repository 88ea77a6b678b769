"""Policies by digest and matchers by text, compiled once."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Generic, TypeVar

from streams.core.matching import Matchers
from streams.core.policy import Policy
from streams.policy.load import compile_policy
from streams.policy.matchers import joined, parse_all
from streams.policy.selectors import matches_everything
from streams.reading.faults import FileError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
POLICIES_MAX = 256
SILENCES_MAX = 4_096
SILENCE_TEXTS_MAX = 64


class PolicyBook:
    """The core's `Policies`: what a text means does not change, so it is remembered."""

    def __init__(self) -> None:
        self._policies: _Remembered[tuple[str, str], Policy] = _Remembered(_compiled, POLICIES_MAX)
        self._silences: _Remembered[tuple[str, ...], Matchers] = _Remembered(
            _of_silence, SILENCES_MAX
        )

    def compile(self, digest: str, source: str) -> Policy | None:
        """The policy goes by the digest that it was published under, whoever computed that."""
        return self._policies((digest, source))

    def matchers(self, texts: tuple[str, ...]) -> Matchers | None:
        return self._silences(texts)


class _Remembered(Generic[K, V]):
    def __init__(self, make: Callable[[K], V | None], most: int) -> None:
        self._make, self._most = make, most
        self._known: dict[K, V | None] = {}

    def __call__(self, key: K) -> V | None:
        if key not in self._known:
            if len(self._known) >= self._most:
                self._known.clear()
            self._known[key] = self._make(key)
        return self._known[key]


def _compiled(known: tuple[str, str]) -> Policy | None:
    digest, source = known
    try:
        return replace(compile_policy(source), digest=digest)
    except FileError:
        return None


def _of_silence(texts: tuple[str, ...]) -> Matchers | None:
    if len(texts) > SILENCE_TEXTS_MAX:
        return None
    try:
        found = joined(parse_all(text) for text in texts)
    except ValueError:
        return None
    return None if matches_everything(found) else found
