"""The run of a candidate policy beside the one in force: its state, in the same journal.

Its entries are led by the run's name, so that those of a run that was dropped are known for what
they are. They go a few with every record, since all at once may be more than a batch holds.
"""

from collections import deque
from collections.abc import Mapping

from streams.core.beside import begin, decide_beside, run_of
from streams.core.decide import Step
from streams.core.draft import Placed
from streams.core.entries import Entry
from streams.core.policy import Policies
from streams.core.state import State
from streams.steps.state_codec import decode_state

PREFIX = "beside/"
REMOVED_AT_ONCE = 256
NOTHING = Step({}, ())


def is_of_candidate(key: bytes) -> bool:
    return key.startswith(PREFIX.encode())


class Candidate:
    """`entries`: all of the journal's. `live`: the state of the policy in force."""

    def __init__(self, policies: Policies, entries: Mapping[bytes, bytes], live: State) -> None:
        self._policies = policies
        self._run = run_of(live)
        self._left: deque[str] = deque()
        """Keys of runs that have ended."""
        mine: dict[bytes, bytes] = {}
        prefix = self._key("").encode()
        for key, value in entries.items():
            if self._run and key.startswith(prefix):
                mine[key.removeprefix(prefix)] = value
            elif is_of_candidate(key):
                self._left.append(key.decode())
        self._state = decode_state(mine) if self._run else None

    @property
    def next_due_ms(self) -> int | None:
        return self._state.next_due_ms() if self._state else None

    def apply(self, live: State, fact: Placed) -> Step:
        """After the live run has decided the fact. A run begins after the fact that asks for it."""
        run = run_of(live)
        if run != self._run:
            self._leave()
            step = self._enter(run, live) if run else NOTHING
        elif self._state is not None:
            step = decide_beside(self._policies, self._state, fact)
            self._state.apply(step.changes)
        else:
            step = NOTHING
        changes = {self._key(key): entry for key, entry in step.changes.items()}
        return Step({**changes, **self._some_of_the_left()}, step.outputs)

    def _key(self, key: str) -> str:
        return f"{PREFIX}{self._run}/{key}"

    def _enter(self, run: str, live: State) -> Step:
        entries = begin(live)
        self._run, self._state = run, State(entries)
        return Step(entries, ())

    def _leave(self) -> None:
        if self._state is not None:
            self._left.extend(self._key(key) for key, _ in self._state.items())
        self._run, self._state = "", None

    def _some_of_the_left(self) -> dict[str, Entry | None]:
        some = min(REMOVED_AT_ONCE, len(self._left))
        return {self._left.popleft(): None for _ in range(some)}
