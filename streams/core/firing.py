"""The alerts that fire, by what the policy's rules ask of them.

An inhibition, a brake and a watchdog each ask: does any alert fire that matches, with equal values
of these labels? Asking every alert would cost the square of a storm, so they are kept by rule and
values, and a question is a lookup.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from schemas.alerts import AlertStatus
from streams.core.entries import AlertState, Entry
from streams.core.keys import cluster_of
from streams.core.policy import Policy
from streams.core.seen import Seen

Asked = tuple[str, int, str, tuple[str, ...]]
"""What kind of rule, its number, the cluster, and the values of the labels that must be equal."""


Answers = Callable[[Asked], Iterable[tuple[str, bool]]]


class Firing:
    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._by: dict[Asked, dict[str, bool]] = {}

    def change(self, key: str, before: Entry | None, after: Entry | None) -> None:
        """An alert's labels never change: they are its key."""
        fired, fires = _fires(before), _fires(after)
        if fired and not fires:
            for asked, _ in self._answers(key, before):
                held = self._by[asked]
                del held[key]
                if not held:
                    del self._by[asked]
        elif fires and not fired:
            for asked, two_sided in self._answers(key, after):
                self._by.setdefault(asked, {})[key] = two_sided

    def _answers(self, key: str, entry: Entry | None) -> Iterable[tuple[Asked, bool]]:
        assert isinstance(entry, AlertState)
        seen = self.policy.sees(entry.labels)
        if not (seen.sources or seen.brakes or seen.watchdogs):
            return
        labels, cluster = {**entry.labels, **seen.added}, cluster_of(key)
        for n in seen.sources:
            values = values_of(labels, self.policy.inhibit[n].equal)
            yield ("inhibit", n, cluster, values), n in seen.targets
        for n in seen.brakes:
            yield ("brake", n, cluster, values_of(labels, self.policy.brakes[n].equal)), False
        for n in seen.watchdogs:
            yield ("watchdog", n, cluster, ()), False

    def at(self, asked: Asked) -> Mapping[str, bool]:
        """Keys of the alerts that answer, each with whether it is a target of that rule as well."""
        return self._by.get(asked, {})


def _fires(entry: Entry | None) -> bool:
    return isinstance(entry, AlertState) and entry.status is AlertStatus.FIRING


def inhibitors(
    policy: Policy, key: str, labels: Mapping[str, str], seen: Seen, answers: Answers
) -> Iterator[tuple[int, str]]:
    """The rules that inhibit an alert, each with the key of a source that fires. An alert that is
    on both sides of a rule is not inhibited by another that is, nor ever by itself."""
    for rule in seen.targets:
        two_sided = rule in seen.sources
        values = values_of(labels, policy.inhibit[rule].equal)
        for source, source_is_target in answers(("inhibit", rule, cluster_of(key), values)):
            if source != key and not (two_sided and source_is_target):
                yield rule, source


def values_of(labels: Mapping[str, str], names: Iterable[str]) -> tuple[str, ...]:
    return tuple([labels.get(name, "") for name in names])
