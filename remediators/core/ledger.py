"""What `outcomes` already says about each command of one partition.

The first terminal of a command is the one that counts. An Observation is the terminal of a LOOK.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace

from schemas.remediation import CommandKind, Observation, Outcome, OutcomeStatus

COMMANDS_MAX = 100_000
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Known:
    intent: Outcome | None = None
    """Kept, with its exact request, until the command has ended."""
    ended: bool = False
    at_ms: int = 0


NOTHING = Known()


class LedgerView:
    """Filled from the topic when a partition is taken over, then by our own records.

    The same record may be noted twice, and an older one after a newer.
    """

    def __init__(self, read_from_ms: int) -> None:
        self.read_from_ms = read_from_ms
        """The topic has been read from there on."""
        self.forgotten_to_ms = 0
        """Of what was noted before this, some was dropped for want of room."""
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._acted_at_ms: dict[str, dict[str, int]] = {}
        """By cluster and command."""
        self._unread_at_ms: set[int] = set()
        self.unread_to_ms = 0
        """Some record up to then could not be read: it may be about any command issued before."""

    @property
    def covers_from_ms(self) -> int:
        """A command that was issued after this, and of which nothing is known, has no outcome."""
        return max(self.read_from_ms, self.forgotten_to_ms)

    def known(self, command_id: str) -> Known:
        return self._known.get(command_id, NOTHING)

    def note(self, record: Outcome | Observation | None, at_ms: int) -> None:
        if record is None:
            self._unread_at_ms.add(at_ms)
            self.unread_to_ms = max(self.unread_to_ms, at_ms)
            return
        known = self.known(record.command_id)
        if isinstance(record, Outcome) and record.status is OutcomeStatus.INTENT:
            self._note_intent(known, record, at_ms)
        elif not known.ended:
            self._put(record.command_id, Known(ended=True, at_ms=at_ms))

    def acted_last_hour(self, cluster: str, now_ms: int) -> int:
        """Commands of the last hour that got as far as an INTENT, each counted once; and what
        nobody can read, for that may be one."""
        self._unread_at_ms = {at_ms for at_ms in self._unread_at_ms if at_ms > now_ms - HOUR_MS}
        recent = {
            command_id: at_ms
            for command_id, at_ms in self._acted_at_ms.get(cluster, {}).items()
            if at_ms > now_ms - HOUR_MS
        }
        self._acted_at_ms[cluster] = recent
        return len(recent) + len(self._unread_at_ms)

    def spend(self, cluster: str, command_id: str, now_ms: int) -> None:
        """Before the INTENT is written: others ask while that is on its way."""
        self._acted_at_ms.setdefault(cluster, {})[command_id] = now_ms

    def _note_intent(self, known: Known, intent: Outcome, at_ms: int) -> None:
        """The first INTENT counts: it is the one whose request may be under way."""
        if known.ended or known.intent:
            return
        self._put(intent.command_id, replace(known, intent=intent, at_ms=at_ms))
        if intent.kind is CommandKind.ACT:
            self.spend(intent.cluster, intent.command_id, at_ms)

    def _put(self, command_id: str, known: Known) -> None:
        self._known[command_id] = known
        self._known.move_to_end(command_id)
        if len(self._known) > COMMANDS_MAX:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        """Whatever was issued before the forgotten record can no longer be vouched for."""
        command_id, known = self._known.popitem(last=False)
        if known.intent and not known.ended:
            self._known[command_id] = known
        else:
            self.forgotten_to_ms = max(self.forgotten_to_ms, known.at_ms)
