"""Label and field selectors."""

import pytest

from deploy.sandbox.cluster.api.selectors import BadSelector, by_fields, by_labels, selects

POD = {
    "metadata": {"name": "a", "labels": {"app": "web", "tier": "front"}},
    "spec": {"nodeName": "n1"},
    "status": {"phase": "Running"},
}
KNOWN = ("metadata.name", "spec.nodeName", "status.phase", "status.podIP")


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web,tier=front", True),
        ("app=web,tier=back", False),
        ("app!=db", True),
        ("color!=red", True),
        ("app in (db, web)", True),
        ("app notin (db,web)", False),
        ("color notin (red)", True),
        ("tier", True),
        ("!color", True),
        ("!tier", False),
        ("app in (web),tier,!color", True),
        ("color=", False),
    ],
)
def test_labels(selector: str, matches: bool):
    assert by_labels(selector)(POD) is matches


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ("metadata.name=a", True),
        ("status.phase!=Running", False),
        ("spec.nodeName=n1,status.phase=Running", True),
        ("status.podIP=", True),
    ],
)
def test_fields(selector: str, matches: bool):
    assert by_fields(selector, KNOWN)(POD) is matches


@pytest.mark.parametrize("selector", ["app in web", "a=b=c", "app in (a", "="])
def test_unreadable_labels(selector: str):
    with pytest.raises(BadSelector):
        by_labels(selector)


@pytest.mark.parametrize("selector", ["spec.color=red", "status.phase"])
def test_unknown_or_unreadable_fields(selector: str):
    with pytest.raises(BadSelector):
        by_fields(selector, KNOWN)


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "db"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, False),
    ],
)
def test_selectors_of_specs(selector, matches: bool):
    assert selects(selector, POD["metadata"]["labels"]) is matches
