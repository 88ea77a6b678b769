"""The tree of routes is read as it is written, with what each route inherits."""

import pytest
from yaml.nodes import Node

from streams.core.routing import Route, group_labels, names, routes_for, walk
from streams.policy.routes import read_route
from streams.reading.nodes import Reading
from tests.streams.policy.sections import faults, read

RECEIVERS = ("ops", "db", "web", "night")
INTERVALS = ("weekends", "office")

TREE = """
receiver: ops
group_by: [alertname, cluster]
group_wait: 10s
routes:
  - matchers: [team="db"]
    receiver: db
    group_by: [instance]
    continue: true
    mute_time_intervals: [weekends]
    routes:
      - matchers: ['severity=~"critical|page"']
        receiver: night
        repeat_interval: 1h
  - match: {team: db}
    match_re: {env: "prod.*"}
    receiver: web
    group_by: ["..."]
    active_time_intervals: [office]
    routes:
      - {matchers: ["{a=b, c=d}"], group_by: []}
"""


def tree(reading: Reading, node: Node) -> Route:
    return read_route(reading, node, RECEIVERS, INTERVALS)


def told(labels: dict[str, str]) -> list[tuple[str, str]]:
    return [(r.receiver, r.path) for r in routes_for(read(tree, TREE), labels)]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, [("ops", "route")]),
        ({"team": "db"}, [("db", "route/0")]),
        ({"team": "db", "severity": "page"}, [("night", "route/0/0")]),
        ({"team": "db", "env": "prod-1"}, [("db", "route/0"), ("web", "route/1")]),
        ({"team": "db", "env": "prod", "a": "b"}, [("db", "route/0"), ("web", "route/1")]),
        (
            {"team": "db", "env": "prod", "a": "b", "c": "d", "severity": "critical"},
            [("night", "route/0/0"), ("web", "route/1/0")],
        ),
    ],
    ids=range(6),
)
def test_depth_first_and_the_node_itself_where_no_child_matched(labels, expected) -> None:
    assert told(labels) == expected


def test_what_a_route_inherits_and_what_it_does_not() -> None:
    root, db, night, web, plain = walk(read(tree, TREE))
    assert (root.group_wait_ms, root.group_interval_ms, root.repeat_interval_ms) == (
        10_000,
        300_000,
        14_400_000,
    )
    assert (night.group_by, night.group_wait_ms, night.repeat_interval_ms) == (
        ("instance",),
        10_000,
        3_600_000,
    )
    assert (db.mute, night.mute) == (("weekends",), ())
    assert (web.group_by_all, web.active) == (True, ("office",))
    assert (plain.receiver, plain.group_by_all, plain.group_by, plain.active) == (
        "web",
        False,
        (),
        (),
    )


def test_a_group_has_only_the_labels_that_the_alert_has() -> None:
    root, _, _, web, plain = walk(read(tree, TREE))
    labels = {"cluster": "c", "b": "1", "a": "2", "alertname": ""}
    assert group_labels(root, labels) == {"cluster": "c"}
    assert list(group_labels(web, labels).items()) == [("a", "2"), ("b", "1"), ("cluster", "c")]
    assert group_labels(plain, labels) == {}


def test_the_labels_that_decide() -> None:
    assert names(read(tree, TREE)) == {"team", "severity", "env", "a", "c"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("receiver: db", "receiver: dba", "7:15: no receiver is named 'dba'"),
        ("[weekends]", "[weekend]", "10:27: no time interval is named 'weekend'"),
        ("receiver: ops\n", "", "the root route needs a receiver"),
        ("group_wait: 10s", "group_wait: 10", "expected a duration"),
        ("group_wait: 10s", "group_interval: 0s", "expected at least 1 ms"),
        ("group_wait: 10s", "repeat_interval: 0s", "expected at least 1 ms"),
        ("group_wait: 10s", "matchers: [a=b]", "it can have no matchers"),
        ("group_wait: 10s", "mute_time_intervals: [office]", "neither muted nor active"),
        ("group_wait: 10s", "continue: true", "the root route cannot continue"),
        ("group_wait: 10s", "continue: yes", "expected true or false"),
        ("group_wait: 10s", "groupwait: 10s", "unknown key 'groupwait' in a route"),
        ("[instance]", "[instance, instance]", "the label 'instance' is here twice"),
        ('["..."]', '["...", a]', "no other goes with it"),
        ("[instance]", '[""]', "cannot be empty"),
        ("{team: db}", "{te.am: db}", "not the name of a label: 'te.am'"),
        ('"prod.*"', '"("', "not a regular expression"),
        ('team="db"', 'team==db', "needs quotes"),
        ('team="db"', "team", "expected a matcher"),
        ("- {matchers: [\"{a=b, c=d}\"], group_by: []}", "- 1", "expected the keys of a route"),
        ("[instance]", "[no]", "write 'no' in quotes"),
    ],
    ids=lambda value: value[:30],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, expected: str) -> None:
    assert old in TREE
    found = faults(tree, TREE.replace(old, new, 1))
    assert any(expected in fault for fault in found), found


def test_bounds() -> None:
    many = "receiver: ops\nroutes:\n" + "- {}\n" * 2_000
    assert faults(tree, many) == ["p.yaml:2002:3: more than 2000 routes"]
