"""All that a watcher knows of its cluster, and what it has to tell of it.

Nothing here waits or asks for the time. One thread at a time may use it.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from streams.ingest.kubernetes.board import Alert, Board
from streams.ingest.kubernetes.events import Note, Notes
from streams.ingest.kubernetes.facts import Fact
from streams.ingest.kubernetes.kinds import EVENTS, NODES, PODS, ROLLED_OUT
from streams.ingest.kubernetes.rollouts import Release, Rollouts

T = TypeVar("T")
STUCK = "stuck"
"""On the board: what events say of pods that wait."""


class Picture:
    def __init__(self) -> None:
        self.board = Board()
        self.notes = Notes()
        self.rollouts: list[Release] = []
        """To be told."""
        self._releases = {kind: Rollouts() for kind in ROLLED_OUT}
        self._waiting: dict[str, dict[str, str]] = {}
        """The labels of pods whose containers are still to be made."""

    def listed(self, kind: str, found: Sequence[object], now_ms: int) -> None:
        """All of that kind that there are, at one moment."""
        if kind == EVENTS:
            for note in found:
                self._note(note, now_ms)
        elif kind in ROLLED_OUT:
            self.rollouts += self._releases[kind].listed(_of(Release, found))
        else:
            facts = {fact.uid: fact for fact in _of(Fact, found)}
            self.board.put_all(kind, {uid: fact.troubles for uid, fact in facts.items()}, now_ms)
            if kind == PODS:
                for uid in set(self._waiting) - set(facts):
                    self._waits(uid, None, now_ms)
                for fact in facts.values():
                    self._waits(fact.uid, fact, now_ms)

    def changed(self, kind: str, found: object, now_ms: int) -> None:
        if isinstance(found, Fact):
            self.board.put(kind, found.uid, found.troubles, now_ms)
            if kind == PODS:
                self._waits(found.uid, found, now_ms)
        elif isinstance(found, Release):
            if rollout := self._releases[kind].seen(found):
                self.rollouts.append(rollout)
        else:
            self._note(found, now_ms)

    def gone(self, kind: str, uid: str, now_ms: int) -> None:
        if kind in ROLLED_OUT:
            self._releases[kind].gone(uid)
        elif kind in (PODS, NODES):
            self.board.put(kind, uid, (), now_ms)
            self._waits(uid, None, now_ms)

    def tick(self, now_ms: int, blind: Iterable[str] = ()) -> None:
        self.board.tick(now_ms, _hidden(blind))

    def firing(self, blind: Iterable[str]) -> list[Alert]:
        """Of what can be seen: nobody may go on to say what nobody knows any more."""
        hidden = _hidden(blind)
        return [alert for alert in self.board.firing.values() if alert.kind not in hidden]

    def _waits(self, uid: str, fact: Fact | None, now_ms: int) -> None:
        if fact is not None and fact.waits_as is not None:
            self._waiting[uid] = dict(fact.waits_as)
            self._judge_stuck(uid, now_ms)
        elif self._waiting.pop(uid, None) is not None:
            self.board.put(STUCK, uid, (), now_ms)

    def _note(self, found: object, now_ms: int) -> None:
        if isinstance(found, Note) and self.notes.add(found):
            self._judge_stuck(found.about, now_ms)

    def _judge_stuck(self, uid: str, now_ms: int) -> None:
        """Whichever is heard of first: the pod, or the event about it."""
        labels, note = self._waiting.get(uid), self.notes.stuck(uid)
        if labels and note:
            self.board.put(STUCK, uid, (note.trouble(labels),), now_ms)


def _hidden(blind: Iterable[str]) -> set[str]:
    """Of whom nothing is known while these are not seen."""
    hidden = set(blind)
    return hidden | {STUCK} if hidden & {PODS, EVENTS} else hidden


def _of(kind: type[T], found: Iterable[object]) -> list[T]:
    return [one for one in found if isinstance(one, kind)]
