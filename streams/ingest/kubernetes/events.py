"""Events: words beside an alert, and the one thing that no status says, why a pod's containers are
not made.

They are best effort, and their reasons are no contract, so nothing else is decided by them.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from streams.ingest.kubernetes.shapes import Event
from streams.ingest.kubernetes.trouble import Trouble, at_ms, shortened

OURS = "mendlog.io/"
"""What our own processes report as."""
STUCK = frozenset(
    {
        "FailedMount",
        "FailedAttachVolume",
        "FailedMapVolume",
        "FailedCreatePodSandBox",
        "NetworkNotReady",
    }
)
STUCK_MS = 300_000
"""The kubelet tries a mount for two minutes, and says again that it failed: twice that and more."""
KEPT_MAX = 5_000
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Note:
    """The newest warning about an object."""

    about: str
    """A uid."""
    reason: str
    text: str
    times: tuple[str, int]
    """The event, and how often it was: what tells a repeat from the same once more."""
    at_ms: int
    """When it was last; 0 where the event has no time of it."""

    @property
    def is_stuck(self) -> bool:
        return self.reason in STUCK

    def trouble(self, labels: Mapping[str, str]) -> Trouble:
        """What a pod of these labels has while the event is said again and again."""
        return Trouble(
            labels,
            f"{labels['namespace']}/{labels['pod']}: its containers cannot be made ({self.reason})",
            self.text,
            until_ms=self.at_ms + STUCK_MS,
        )


def note_of(event: Event) -> Note | None:
    """Nothing of what is no warning, and of what we say ourselves."""
    about = event.involved_object.uid
    if event.type != "Warning" or not about or event.reporting_component.startswith(OURS):
        return None
    count = event.series.count if event.series else event.count or 1
    text = shortened(f"{event.reason}: {event.message}")
    return Note(about, event.reason, text, (event.metadata.uid, count), _last_ms(event))


def _last_ms(event: Event) -> int:
    observed = event.series.last_observed_time if event.series else None
    times = (at_ms(one) for one in (observed, event.last_timestamp, event.event_time))
    return max((at for at in times if at is not None), default=0)


class Notes:
    """The newest of each object, of the last thousands that there were warnings about."""

    def __init__(self) -> None:
        self._by_object: OrderedDict[str, Note] = OrderedDict()
        self._stuck: OrderedDict[str, Note] = OrderedDict()
        self._counted: OrderedDict[str, int] = OrderedDict()

    def add(self, note: Note) -> bool:
        """False for one that is known: a list tells all of the last hour once more."""
        uid, count = note.times
        if self._counted.get(uid, 0) >= count:
            return False
        _keep(self._counted, uid, count)
        _keep_newest(self._by_object, note)
        if note.is_stuck:
            _keep_newest(self._stuck, note)
        return True

    def stuck(self, uid: str) -> Note | None:
        """The newest that says why its containers are not made, whatever else was said since."""
        return self._stuck.get(uid)

    def about(self, uid: str) -> str:
        note = self._by_object.get(uid)
        return note.text if note else ""


def _keep_newest(kept: OrderedDict[str, Note], note: Note) -> None:
    """A list tells them by name, and not by time."""
    before = kept.get(note.about)
    _keep(kept, note.about, note if before is None or before.at_ms <= note.at_ms else before)


def _keep(kept: OrderedDict[K, V], key: K, value: V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > KEPT_MAX:
        kept.popitem(last=False)
