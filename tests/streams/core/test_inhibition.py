"""Looked up by rule and values, an inhibition is what its rule says of every pair of alerts."""

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alerts import AlertStatus, Sighting
from schemas.ids import fingerprint
from streams.core.entries import IncidentState
from streams.core.inhibition import InhibitRule
from streams.policy.book import PolicyBook
from streams.policy.load import compile_policy
from tests.builders import START_MS, World
from tests.examples import examples
from tests.policies import quick

RULES = """
inhibit_rules:
  - {source_matchers: ['s="critical"'], target_matchers: ['s=~"warning|info"'], equal: [a]}
  - {source_matchers: ['a="x"'], target_matchers: ['b="y"'], equal: [c]}
  - {source_matchers: ['c="x"'], target_matchers: ['c="x"']}
  - {source_matchers: ['b="x"', 'c!="x"'], target_matchers: ['s="critical"'], equal: [a, c]}
"""
EACH_ALONE = quick(RULES).replace("group_by: [alertname, deployment]", "group_by: [...]")
KNOWN = compile_policy(EACH_ALONE).inhibit
BOOK = PolicyBook()
VALUES = st.sampled_from(["", "x", "y"])
LABELS = st.fixed_dictionaries(
    {"s": st.sampled_from(["critical", "warning", "info"]), "a": VALUES, "b": VALUES, "c": VALUES}
).map(lambda found: {name: value for name, value in found.items() if value})
SETS = st.lists(
    LABELS, min_size=1, max_size=10, unique_by=lambda found: tuple(sorted(found.items()))
)


def sighting(labels: dict[str, str], status: AlertStatus = AlertStatus.FIRING) -> Sighting:
    return Sighting("p", fingerprint(labels), status, START_MS, 0, labels, {})


def expected(firing: list[dict[str, str]], rules: tuple[InhibitRule, ...]) -> dict[str, bool]:
    return {
        fingerprint(target): any(
            rule.inhibits(source, target)
            for rule in rules
            for source in firing
            if source is not target
        )
        for target in firing
    }


def muted(world: World) -> dict[str, bool]:
    return {
        fingerprint(entry.labels): entry.phase.value == "suppressed"
        for _, entry in world.state.items()
        if isinstance(entry, IncidentState) and entry.phase.value != "resolved"
    }


@settings(max_examples=examples(150), deadline=None)
@given(SETS, st.data())
def test_what_is_inhibited_is_what_the_rules_say(
    firing: list[dict[str, str]], data: st.DataObject
) -> None:
    world = World(policy=None)
    world.policies = BOOK
    world.publishes(EACH_ALONE)
    first = data.draw(st.integers(0, len(firing)))
    for part in (firing[:first], firing[first:]):
        world.at("0s").sees(*map(sighting, part))
    ended = [labels for labels in firing[first:] if data.draw(st.booleans())]
    world.at("1s").sees(*(sighting(labels, AlertStatus.RESOLVED) for labels in ended))
    left = [labels for labels in firing if labels not in ended]
    told = {key for key, is_muted in muted(world).items() if not is_muted}
    world.at("31s").ticks()
    now = expected(left, KNOWN)
    for key, is_muted in muted(world).items():
        # Whom it had been told of keeps it: an inhibition that comes later takes nothing back.
        assert is_muted == now[key] or (key in told and now[key])
