"""What a VERIFY asks for: kinds between commas, or objects with names of their own."""

import json

import pytest

from remediators.probes.asked import Asked, Unreadable, asked, filled_in
from schemas.probes import PROBES_MAX
from tests.remediators.builders import TARGET


def test_kinds_between_commas():
    assert asked("rollout, latency,,rollout") == (
        Asked("rollout", "rollout"),
        Asked("latency", "latency"),
    )
    assert asked("") == ()


def test_objects_with_names():
    text = json.dumps(
        [
            {"probe": "http", "name": "front", "url": "http://a"},
            {"probe": "http", "name": "back", "url": "http://b"},
        ]
    )
    assert asked(text) == (
        Asked("front", "http", {"url": "http://a"}),
        Asked("back", "http", {"url": "http://b"}),
    )


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "[" * 100_000,
        "[1]",
        "[{}]",
        '[{"probe": "http"}]',
        '[{"name": "a"}]',
        '[{"probe": "http", "name": "a", "status": 200}]',
        '[{"probe": "http", "name": "a"}, {"probe": "rollout", "name": "a"}]',
        json.dumps([{"probe": "rollout", "name": str(n)} for n in range(PROBES_MAX + 1)]),
    ],
    ids=lambda text: text[:40],
)
def test_what_nobody_can_read(text):
    with pytest.raises(Unreadable):
        asked(text)


def test_only_the_targets_names_are_filled_in_and_only_where_the_contract_says():
    probe = Asked("a", "promql", {"query": 'up{{ns="{namespace}",{other}}} {name}', "above": "1"})
    assert filled_in(probe, TARGET) == {
        "query": 'up{{ns="shop",{other}}} checkout',
        "above": "1",
    }
    probe = Asked("a", "http", {"url": "http://{name}.{namespace}.svc/", "contains": "{name}"})
    assert filled_in(probe, TARGET) == {"url": "http://checkout.shop.svc/", "contains": "{name}"}
