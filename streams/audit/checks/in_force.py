"""Which policy was in force when, by the tape."""

from collections import defaultdict
from collections.abc import Iterable

from schemas.controls import Control, ControlKind
from schemas.tape import Fact, PolicyPublished
from streams.core.limits import Limits
from streams.policy.book import PolicyBook


class PoliciesInForce:
    """Of each partition of the tape; a text that cannot be read puts nothing in force."""

    def __init__(self) -> None:
        self._book = PolicyBook()
        self._limits: dict[int, list[tuple[int, Limits]]] = defaultdict(list)
        self._sources: dict[tuple[int, str], str] = {}

    def hear(self, partition: int, now_ms: int, fact: Fact) -> None:
        match fact:
            case PolicyPublished():
                self._adopt(partition, now_ms, fact.digest, fact.source)
            case Control(kind=ControlKind.CANDIDATE):
                given = fact.parameters
                key = (partition, given.get("digest", ""))
                self._sources.setdefault(key, given.get("source", ""))
            case Control(kind=ControlKind.PROMOTE):
                digest = fact.parameters.get("digest", "")
                if source := self._sources.get((partition, digest)):
                    self._adopt(partition, now_ms, digest, source)

    def _adopt(self, partition: int, now_ms: int, digest: str, source: str) -> None:
        policy = self._book.compile(digest, source) if digest else None
        if policy is not None and self._sources.setdefault((partition, digest), source) == source:
            self._limits[partition].append((now_ms, policy.limits))

    def at(self, partition: int, at_ms: int) -> Iterable[Limits]:
        """The one in force; more than one in a millisecond in which it was changed."""
        rows = self._limits[partition]
        before = [limits for since_ms, limits in rows if since_ms < at_ms][-1:]
        return [*before, *(limits for since_ms, limits in rows if since_ms == at_ms)]
