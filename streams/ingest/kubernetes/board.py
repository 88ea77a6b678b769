"""Which alerts fire, by the troubles of each object; and what of that is still to be told.

Time comes in as an argument, so the same facts at the same moments give the same alerts.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from streams.ingest.kubernetes.trouble import Trouble

ENDS_KEPT_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Alert:
    key: str
    kind: str
    uid: str
    """The object that it is about. One of the same name may take its place, as with a
    StatefulSet's pods, and the alert fires on."""
    trouble: Trouble
    starts_at_ms: int
    ended_at_ms: int | None = None


@dataclass(slots=True)
class Board:
    firing: dict[str, Alert] = field(default_factory=dict)
    _objects: dict[str, dict[str, tuple[Trouble, ...]]] = field(default_factory=dict)
    """By kind and uid: those with troubles only."""
    _fresh: dict[str, Alert] = field(default_factory=dict)
    _ended: list[Alert] = field(default_factory=list)
    _ended_ms: OrderedDict[str, int] = field(default_factory=OrderedDict)
    """When the last alerts ended, by key."""

    def put(self, kind: str, uid: str, troubles: Sequence[Trouble], now_ms: int) -> None:
        """All that is wrong with the object now."""
        known = self._objects.setdefault(kind, {})
        before = known.pop(uid, ())
        holding = {one.key: one for one in troubles if self._holds(one, now_ms)}
        if kept := tuple(one for one in troubles if not one.is_over(now_ms)):
            known[uid] = kept
        for one in holding.values():
            self._fire(kind, uid, one, now_ms)
        for one in before:
            alert = self.firing.get(one.key)
            if alert and alert.uid == uid and one.key not in holding:
                self._end(alert, now_ms)

    def put_all(self, kind: str, found: Mapping[str, Sequence[Trouble]], now_ms: int) -> None:
        """All objects of the kind that there are: what fired of any other has ended meanwhile."""
        for uid, troubles in found.items():
            self.put(kind, uid, troubles, now_ms)
        for uid in [uid for uid in self._objects.get(kind, ()) if uid not in found]:
            self.put(kind, uid, (), now_ms)

    def tick(self, now_ms: int, blind: Collection[str] = ()) -> None:
        """Some troubles begin or end by the clock alone. Not those of a kind that nobody sees: a
        container that has run for long enough may have ended since."""
        for kind, known in self._objects.items():
            if kind in blind:
                continue
            for uid, troubles in list(known.items()):
                self.put(kind, uid, troubles, now_ms)

    def news(self) -> tuple[Alert, ...]:
        """What began or ended and was not told yet."""
        return (*self._ended, *self._fresh.values())

    def told(self, alerts: Iterable[Alert]) -> None:
        for alert in alerts:
            if alert.ended_at_ms is not None:
                if alert in self._ended:
                    self._ended.remove(alert)
            elif self._fresh.get(alert.key) is alert:
                del self._fresh[alert.key]

    def _holds(self, one: Trouble, now_ms: int) -> bool:
        return one.holds(now_ms) and (not one.lingers or one.key in self.firing)

    def _fire(self, kind: str, uid: str, trouble: Trouble, now_ms: int) -> None:
        alert = self.firing.get(trouble.key)
        if alert is None:
            alert = Alert(trouble.key, kind, uid, trouble, self._starts_at_ms(trouble, now_ms))
            self._fresh[trouble.key] = alert
        elif alert.uid != uid or alert.trouble != trouble:
            was_fresh = self._fresh.get(trouble.key) is alert
            alert = replace(alert, kind=kind, uid=uid, trouble=trouble)
            if was_fresh:
                self._fresh[trouble.key] = alert
        self.firing[trouble.key] = alert

    def _starts_at_ms(self, trouble: Trouble, now_ms: int) -> int:
        """What begins again begins after its end, whatever the status says: as a firing from before
        it would be taken for a late copy of what is over, and not be heard."""
        starts_at_ms = now_ms if trouble.since_ms is None else min(trouble.since_ms, now_ms)
        ended_at_ms = self._ended_ms.get(trouble.key)
        if ended_at_ms is None or ended_at_ms < starts_at_ms:
            return starts_at_ms
        return max(now_ms, ended_at_ms + 1)

    def _end(self, alert: Alert, now_ms: int) -> None:
        """By its own clock, where it has one: a watcher that is late says the same."""
        del self.firing[alert.key]
        self._fresh.pop(alert.key, None)
        until_ms = alert.trouble.until_ms
        ended_at_ms = now_ms if until_ms is None else min(now_ms, until_ms)
        ended_at_ms = max(ended_at_ms, alert.starts_at_ms)
        self._ended.append(replace(alert, ended_at_ms=ended_at_ms))
        self._ended_ms[alert.key] = ended_at_ms
        self._ended_ms.move_to_end(alert.key)
        if len(self._ended_ms) > ENDS_KEPT_MAX:
            self._ended_ms.popitem(last=False)
