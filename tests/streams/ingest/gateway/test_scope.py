"""A source speaks for its clusters and namespaces, and is refused what it says of others."""

import json
from typing import Any

import pytest

from streams.ingest.formats.catalog import FORMATS
from streams.ingest.formats.parsed import FaultReason
from streams.ingest.gateway.delivery import Delivery
from streams.ingest.gateway.scope import check_within
from streams.ingest.gateway.source import Source
from tests.streams.ingest.payloads import RECEIVED_MS, alert, body, hook

TEAM_A = Source("team-a", clusters=("prod-eu",), namespaces=("shop", "shop-*"))
MINE = {"alertname": "X", "cluster": "prod-eu", "namespace": "shop"}


def posted(source: Source, raw: bytes, format: str = "alertmanager-api-v2") -> Delivery:
    checked = check_within(source, FORMATS[format], raw, RECEIVED_MS)
    return Delivery(source, format, raw, checked, RECEIVED_MS, "")


@pytest.mark.parametrize(
    ("labels", "label"),
    [
        ({}, None),
        ({"namespace": "shop-7"}, None),
        ({"exported_namespace": "shop-7"}, None),
        ({"namespace": "billing"}, "namespace"),
        ({"namespace": "Shop"}, "namespace"),
        ({"namespace": ""}, "namespace"),
        ({"exported_namespace": "billing"}, "exported_namespace"),
        ({"cluster": "prod-us"}, "cluster"),
        ({"cluster": ""}, "cluster"),
    ],
)
def test_an_alert_about_others_is_refused(labels: dict[str, str], label: str | None) -> None:
    delivery = posted(TEAM_A, body(alert(labels={**MINE, **labels})))
    assert delivery.status == (403 if label else 200)
    assert [fault.where for fault in delivery.faults] == (
        [f"alerts[0].labels.{label}"] if label else []
    )


def test_what_it_may_say_is_kept_beside_what_it_may_not() -> None:
    others: dict[str, Any] = alert(labels={**MINE, "namespace": "billing"})
    raw = body(alert(labels=MINE), others, alert(labels={}), alert(labels={**MINE, "pod": "p"}))
    delivery = posted(TEAM_A, raw)
    assert (delivery.status, delivery.checked.count) == (400, 2)
    kept, refused = delivery.records("m")
    assert [one["labels"].get("pod") for one in json.loads(kept.value)] == [None, "p"]
    assert b"billing" in refused.value
    assert [fault.reason for fault in delivery.faults] == [
        FaultReason.NO_LABELS,
        FaultReason.NOT_ALLOWED,
    ]


def test_a_webhook_is_told_200_where_some_of_it_was_kept() -> None:
    good, bad = alert(labels=MINE, status="firing"), alert(status="firing")
    delivery = posted(TEAM_A, hook(bad, good), "alertmanager-webhook")
    assert (delivery.status, delivery.checked.count) == (200, 1)
    assert posted(TEAM_A, hook(bad), "alertmanager-webhook").status == 403


def test_of_one_alert_at_several_levels_nothing_is_kept() -> None:
    raw = (
        b'{"transition": "Triggered", "cycle_key": "1", "title": "x", "tags": "namespace:billing"}'
    )
    delivery = posted(Source("dd", namespaces=("shop",)), raw, "datadog")
    assert (delivery.status, delivery.checked.count, len(delivery.faults)) == (403, 0, 1)


def test_a_source_without_limits_says_what_it_likes() -> None:
    assert posted(Source("any"), body(alert())).status == 200


KEYED = b'{"event_action": "%s", "routing_key": "r", "dedup_key": "k"%s}'
BEGIN = KEYED % (
    b"trigger",
    b', "payload": {"summary": "s", "source": "x", "severity": "critical",'
    b' "custom_details": {"namespace": "shop", "cluster": "prod-eu"}}',
)
END = KEYED % (b"resolve", b"")


def test_an_end_that_carries_only_a_key_is_of_what_the_source_began() -> None:
    assert posted(TEAM_A, BEGIN, "pagerduty").status == 200
    assert posted(TEAM_A, END, "pagerduty").status == 200
    (record,) = posted(TEAM_A, END, "pagerduty").records("m")
    assert ("clusters", b"prod-eu") in record.headers
    named = END.replace(b"resolve", b"trigger")
    assert posted(TEAM_A, named, "pagerduty").status != 200


@pytest.mark.parametrize("label", ["k8s_namespace_name", "Namespace", "namespace_of"])
def test_whatever_calls_itself_a_namespace_counts(label: str) -> None:
    assert posted(TEAM_A, body(alert(labels={**MINE, label: "billing"}))).status == 403
    assert posted(TEAM_A, body(alert(labels={**MINE, "metric_namespace": "AWS/RDS"}))).status == 200
