"""Each source's door: what its bodies are answered, and that the record is read as they are."""

import json
from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from streams.ingest.formats.catalog import FORMATS, read
from streams.ingest.formats.generic import generic
from tests.streams.ingest.corpus import cases, everything, recorded
from tests.streams.ingest.running import Running, Start
from tests.streams.ingest.topics import header

pytestmark = pytest.mark.broker
DOORS = [f for f in FORMATS.values() if f.path and f is not generic]
MAPPED = """\
version: 1
sources:
  - name: kuma
    format: generic
    mapping: {status: state, firing: [down], resolved: [up], labels: {alertname: name}}
  - {name: other}
"""


@pytest.fixture
async def gateway(kafka: Kafka, prefix: str, start: Start, tmp_path: Path) -> Running:
    (tmp_path / "sources.yaml").write_text(MAPPED)
    return await start(kafka.bootstrap, topic_prefix=prefix, sources_file=tmp_path / "sources.yaml")


@pytest.mark.parametrize("format", DOORS, ids=lambda format: format.name)
async def test_what_a_source_sends_is_kept_and_read(gateway: Running, format) -> None:
    (media_type, *_) = sorted(format.media_types, reverse=True)
    expected = []
    for case in cases(format.name):
        body, said = case.read_bytes(), recorded(case)
        sent_with = {format.sent_with: "x"} if format.sent_with else {}
        status, text = await gateway.post(body, format.path, Content_Type=media_type, **sent_with)
        assert status == (200 if _taken(format, said) else 400), (case.name, text)
        expected += [alert["fingerprint"] for alert in said["alerts"]]
    found = []
    for record in await gateway.records():
        assert header(record, "format") == format.name
        parsed = read(record.value, "sender", format.name, record.timestamp)
        assert not [f for f in parsed.faults if f.reason.value != "truncated"]
        found += [seen.fingerprint for seen in parsed.sightings]
    assert sorted(found) == sorted(expected)


def _taken(format, said: dict) -> bool:
    faults = [one for one in said["faults"] if one["reason"] != "truncated"]
    return not faults or bool(said["alerts"] and format.gives_up)


async def test_any_json_is_read_by_the_mapping_of_its_source(gateway: Running) -> None:
    body = json.dumps({"state": "down", "name": "shop", "mapping": {"status": "'up'"}}).encode()
    assert await gateway.post(body, "/webhook/generic/kuma") == (200, "")
    status, why = await gateway.post(body, "/webhook/generic/other")
    assert (status, "not registered with a mapping" in why) == (400, True)
    assert (await gateway.post(b"{", "/webhook/generic/kuma"))[0] == 400
    (record,) = await gateway.records()
    (seen,) = read(record.value, "kuma", header(record, "format"), record.timestamp).sightings
    assert (seen.status.value, dict(seen.labels)) == ("firing", {"alertname": "shop"})


async def test_a_page_in_a_browser_cannot_pass_for_sns(gateway: Running) -> None:
    body = next(cases("sns")).read_bytes()
    status, why = await gateway.post(body, "/webhook/sns", Content_Type="text/plain")
    assert (status, "x-amz-sns-message-type" in why) == (400, True)
    assert await gateway.records() == []


async def test_grafana_may_put(gateway: Running) -> None:
    body = next(cases("grafana")).read_bytes()
    url, typed = gateway.url + "/webhook/grafana", {"Content-Type": "application/json"}
    async with gateway.http.put(url, data=body, headers=typed) as answer:
        assert answer.status in (200, 400)
    async with gateway.http.put(gateway.url + "/webhook/datadog", data=b"{}", headers=typed) as no:
        assert no.status == 405


def test_every_source_has_bodies() -> None:
    assert {format for format, _ in everything()} >= {format.name for format in DOORS}
