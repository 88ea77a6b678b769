"""An end that carries only its sender's key reaches the cluster in which it began."""

import json

from schemas import sightings
from schemas.codec import decode
from schemas.rejects import Reject
from schemas.tape import Sightings, TapeRecord
from schemas.topics import ALERTS
from streams.steps.effects import InputRecord
from streams.steps.observe import ObserveStep


def observed(status: str, cluster: str = "", of: str = "", **headers: str) -> list[object]:
    """The clusters that are told, or why none is."""
    labels = {"alertname": "X", "cluster": cluster} if cluster else {}
    alert = {"event_action": status, "dedup_key": "k", "routing_key": "r"}
    if status == "trigger":
        details = {"summary": "s", "source": "x", "severity": "error", "custom_details": labels}
        alert["payload"] = details  # type: ignore[assignment]
    told = {"source": "pd", "format": "pagerduty", **headers}
    pairs = tuple((name, text.encode()) for name, text in told.items())
    record = InputRecord(ALERTS, 0, 7, 1_000, None, json.dumps(alert).encode(), pairs)
    found: list[object] = []
    for output in ObserveStep("born", of).apply(record).outputs:
        value = decode(output.value, TapeRecord, Reject)
        if isinstance(value, TapeRecord):
            assert isinstance(value.fact, Sightings)
            assert sightings.unpack(value.fact)
            found.append(value.cluster)
        elif isinstance(value, Reject):
            found.append(value.reason)
    return found


def test_of_a_source_of_several_clusters_all_are_told_of_the_end() -> None:
    assert observed("trigger", "eu", clusters="eu,us") == ["eu"]
    assert observed("resolve", clusters="eu,us") == ["eu", "us"]


def test_a_begin_is_told_to_one() -> None:
    assert observed("trigger", clusters="eu,us")[0] == "no_cluster"
    assert observed("trigger", "eu", clusters="eu,us") == ["eu"]


def test_without_any_cluster_it_goes_to_the_only_one_or_is_rejected() -> None:
    assert observed("resolve", of="us") == ["us"]
    assert observed("resolve") == ["no_cluster"]
