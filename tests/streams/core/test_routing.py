"""What holds for every tree of routes."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from streams.core.matching import Matcher, Matchers
from streams.core.routing import Route, group_labels, names, routes_for, walk

NAMES = st.sampled_from("abc")
VALUES = st.sampled_from(["", "x", "y"])
LABELS = st.dictionaries(NAMES, VALUES)


def equal(name: str, value: str) -> Matcher:
    return Matcher(name, "=", value, lambda seen: seen == value)


MATCHERS = st.lists(st.builds(equal, NAMES, VALUES), max_size=2).map(
    lambda found: Matchers(tuple(found))
)
ROUTES = st.recursive(
    st.builds(
        Route,
        receiver=st.just("r"),
        matches=MATCHERS,
        continues=st.booleans(),
        group_by=st.lists(NAMES, unique=True).map(tuple),
        group_by_all=st.booleans(),
        group_wait_ms=st.just(0),
        group_interval_ms=st.just(1),
        repeat_interval_ms=st.just(1),
        mute=st.just(()),
        active=st.just(()),
        routes=st.just(()),
        path=st.just(""),
    ),
    lambda below: st.builds(
        lambda route, routes: replace(route, routes=tuple(routes)),
        below,
        st.lists(below, max_size=4),
    ),
    max_leaves=12,
)
TREES = ROUTES.map(lambda route: placed(replace(route, matches=Matchers(), continues=False)))


def placed(route: Route, path: str = "route") -> Route:
    below = tuple(placed(child, f"{path}/{i}") for i, child in enumerate(route.routes))
    return replace(route, routes=below, path=path)


def chain(root: Route, path: str) -> list[Route]:
    return [r for r in walk(root) if path == r.path or path.startswith(r.path + "/")]


@given(TREES, LABELS)
def test_somebody_is_told_of_every_alert_and_each_only_once(root: Route, labels) -> None:
    paths = [route.path for route in routes_for(root, labels)]
    assert paths
    assert len(set(paths)) == len(paths)


@given(TREES, LABELS)
def test_every_route_above_matches_and_none_below_does(root: Route, labels) -> None:
    for route in routes_for(root, labels):
        assert all(above.matches(labels) for above in chain(root, route.path))
        assert not any(child.matches(labels) for child in route.routes)


@given(TREES, LABELS)
def test_the_order_is_that_of_the_text(root: Route, labels) -> None:
    order = [route.path for route in walk(root)]
    paths = [route.path for route in routes_for(root, labels)]
    assert paths == sorted(paths, key=order.index)


@given(TREES, LABELS)
def test_a_route_that_does_not_continue_is_the_last_of_its_siblings(root: Route, labels) -> None:
    told = {above.path for r in routes_for(root, labels) for above in chain(root, r.path)}
    for parent in walk(root):
        asked = [child for child in parent.routes if child.path in told]
        assert all(child.continues for child in asked[:-1])


@given(TREES, LABELS)
def test_only_the_named_labels_decide(root: Route, labels) -> None:
    projected = {name: value for name, value in labels.items() if name in names(root)}
    assert routes_for(root, projected) == routes_for(root, labels)


@given(TREES, LABELS)
def test_an_empty_label_is_no_label(root: Route, labels) -> None:
    without = {name: value for name, value in labels.items() if value}
    assert routes_for(root, without) == routes_for(root, labels)
    for route in walk(root):
        assert group_labels(route, without) == group_labels(route, labels)


@given(TREES, LABELS)
def test_the_order_in_which_labels_are_named_does_not_matter(root: Route, labels) -> None:
    turned = dict(reversed(labels.items()))
    for route in walk(root):
        other = replace(route, group_by=tuple(reversed(route.group_by)))
        assert list(group_labels(route, labels).items()) == list(
            group_labels(other, turned).items()
        )
