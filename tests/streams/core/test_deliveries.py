"""How alerts are packed says nothing: their order in a delivery, its repeats, where it is cut.

"Nothing" is: the same outputs for another order and for repeats, but for the hash of the fact's
bytes. Cut in two, a delivery has two origins, and ids are made of origins; so there it is: the same
incidents of the same alerts in the same phases, and the same commands for the same targets. And the
parts come in the order in which the core hears the news of one: who comes first is who is joined.
"""

import random
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alerts import AlertStatus, Sighting
from schemas.remediation import Command
from streams.core.decide import Out
from streams.core.entries import AlertState, IncidentState
from streams.policy.book import PolicyBook
from tests.builders import START_MS, World, alert
from tests.examples import examples
from tests.policies import CATALOGUE, CORRELATED, quick

INHIBITING = """
inhibit_rules:
  - source_matchers: ['alertname="Down"']
    target_matchers: ['alertname="Slow"']
    equal: [node]
"""
AT_ONCE = quick(CATALOGUE, CORRELATED, INHIBITING, storm_incidents="4")
WAITING = AT_ONCE.replace("group_wait: 0s", "group_wait: 30s").replace(
    "storm_incidents: 4", "storm_incidents: 90"
)
BOOK = PolicyBook()


@st.composite
def sightings(draw: st.DrawFn, status: st.SearchStrategy[AlertStatus]) -> Sighting:
    return alert(
        draw(st.sampled_from(["HighErrors", "Slow", "Down", "NodeDown"])),
        draw(status),
        starts_at_ms=START_MS - draw(st.integers(0, 2)),
        ends_at_ms=draw(st.sampled_from([0, START_MS + 240_000])),
        deployment=draw(st.sampled_from(["cart", "checkout", "db", "web"])),
        node=draw(st.sampled_from(["", "n1", "n2"])),
        correlation_id=draw(st.sampled_from(["", "", "c1"])),
        pod=draw(st.sampled_from(["a", "b", "c"])),
    )


ANY = sightings(st.sampled_from(AlertStatus))
BEGINNING = sightings(st.just(AlertStatus.FIRING))
DELIVERIES = st.lists(st.lists(ANY, min_size=1, max_size=8), min_size=1, max_size=4)


def world_of(policy: str) -> World:
    world = World(policy=None)
    world.policies = BOOK
    world.publishes(policy)
    return world


def played(policy: str, deliveries: Sequence[Sequence[Sighting]]) -> World:
    world = world_of(policy)
    for n, seen in enumerate(deliveries):
        world.at(f"{n}s").sees(*seen)
    world.at("31s").ticks()
    return world


def but_for_the_bytes_of_facts(outs: Sequence[Out]) -> list[Any]:
    """The chain covers the facts' bytes, which differ."""
    return [out if isinstance(out, Command) else _plain(out) for out in outs]


def _plain(out: Out) -> Any:
    fields = {name: getattr(out, name) for name in out.__dataclass_fields__}
    return {name: value for name, value in fields.items() if name not in ("facts_hash", "previous")}


@settings(max_examples=examples(150), deadline=None)
@given(DELIVERIES, st.randoms(use_true_random=False))
def test_the_order_within_a_delivery_changes_nothing(
    deliveries: list[list[Sighting]], whim: random.Random
) -> None:
    turned = [whim.sample(seen, len(seen)) for seen in deliveries]
    first, second = played(AT_ONCE, deliveries), played(AT_ONCE, turned)
    assert but_for_the_bytes_of_facts(first.all) == but_for_the_bytes_of_facts(second.all)


@settings(max_examples=examples(100), deadline=None)
@given(DELIVERIES, st.data())
def test_a_repeat_within_a_delivery_changes_nothing(
    deliveries: list[list[Sighting]], data: st.DataObject
) -> None:
    again = [[*seen, *data.draw(st.lists(st.sampled_from(seen)))] for seen in deliveries]
    first, second = played(AT_ONCE, deliveries), played(AT_ONCE, again)
    assert but_for_the_bytes_of_facts(first.all) == but_for_the_bytes_of_facts(second.all)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(BEGINNING, min_size=1, max_size=10), st.data())
def test_where_a_delivery_is_cut_changes_nothing(seen: list[Sighting], data: st.DataObject) -> None:
    """As long as nothing was done in between: that is what a group waits for."""
    seen.sort(key=lambda s: (s.source, s.fingerprint, s.starts_at_ms))
    cut = data.draw(st.integers(0, len(seen)))
    whole, parts = world_of(WAITING), world_of(WAITING)
    whole.at("0s").sees(*seen)
    parts.at("0s")
    for part in (seen[:cut], seen[cut:]):
        parts.sees(*part)
    for world in (whole, parts):
        world.at("30s").ticks()
    assert incidents(whole) == incidents(parts)
    assert asked_for(whole) == asked_for(parts)


def incidents(world: World) -> set[frozenset[str]]:
    """The alerts of each incident, and its phase."""
    members: dict[str, set[str]] = {}
    for key, entry in world.state.items():
        if isinstance(entry, AlertState) and entry.status is AlertStatus.FIRING:
            members.setdefault(entry.incident_id, set()).add(key)
        elif isinstance(entry, IncidentState):
            members.setdefault(entry.incident_id, set()).add(entry.phase)
    return {frozenset(found) for found in members.values()}


def asked_for(world: World) -> set[tuple[str, str, str]]:
    return {(c.kind.value, c.action, str(c.target)) for c in world.every(Command)}
