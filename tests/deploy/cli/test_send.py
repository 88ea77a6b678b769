"""`mendlog send`: alerts from the shell, on a real broker; read back as `observe` reads them."""

import asyncio
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from deploy.sandbox.kafka import Kafka
from schemas.alerts import Sighting
from schemas.topics import ALERTS, MIB
from streams.ingest.formats.catalog import read
from tests.deploy.cli.conftest import Mendlog, process
from tests.streams.ingest.topics import create_topics, header, records_of

NAMED = ("--label", "alertname=BackupFailed", "--label", "cluster=eu")
UNREACHABLE = ("--bootstrap", "127.0.0.1:1")
"""What is refused is refused before a broker is asked."""


@pytest.fixture
def topics(kafka: Kafka) -> tuple[str, ...]:
    """Options that name the broker, and topics that no other test writes to."""
    prefix = f"s{uuid.uuid4().hex[:12]}"
    asyncio.run(create_topics(kafka.bootstrap, prefix, ALERTS))
    return ("--bootstrap", kafka.bootstrap, "--prefix", prefix)


def records(topics: tuple[str, ...]) -> list[Any]:
    _, bootstrap, _, prefix = topics
    return list(asyncio.run(records_of(bootstrap, prefix, ALERTS)))


def sightings(record: Any) -> tuple[Sighting, ...]:
    parsed = read(record.value, "shell", header(record, "format"), record.timestamp)
    assert not parsed.faults
    return parsed.sightings


@pytest.mark.broker
def test_an_alert_is_in_kafka_when_the_command_ends(
    mendlog: Mendlog, topics: tuple[str, ...]
) -> None:
    done = mendlog("send", *NAMED, "--annotation", "a b=x=y", "--starts-at",
                   "2026-11-01T10:00:00Z", *topics)  # fmt: skip
    (record,) = records(topics)
    assert (done.exit_code, done.err) == (0, "")
    assert done.out == f"1 alert(s) at {topics[3]}.alerts/{record.partition}/{record.offset}\n"
    (seen,) = sightings(record)
    assert seen.labels == {"alertname": "BackupFailed", "cluster": "eu"}
    assert seen.annotations == {"a b": "x=y"}
    assert (seen.status, seen.starts_at_ms) == ("firing", 1_793_527_200_000)


@pytest.mark.broker
def test_the_record_has_the_headers_of_the_gateways(
    mendlog: Mendlog, topics: tuple[str, ...]
) -> None:
    done = mendlog("send", *NAMED, "--json", *topics)
    assert (done.exit_code, done.err) == (0, "")
    told = json.loads(done.out)
    mendlog("send", *NAMED, "--source", "cron", "--cluster", "us", "--correlation-id", "7", *topics)
    by_source = {header(record, "source"): record for record in records(topics)}
    plain, bound = by_source["shell"], by_source["cron"]
    assert [name for name, _ in plain.headers] == ["source", "format", "correlation-id"]
    assert header(plain, "correlation-id") == told["correlation_id"]
    assert (told["partition"], told["offset"]) == (plain.partition, plain.offset)
    assert told["alerts"][0]["labels"]["alertname"] == "BackupFailed"
    assert (header(bound, "cluster"), header(bound, "correlation-id")) == ("us", "7")


@pytest.mark.broker
def test_an_end_is_told_by_labels_or_by_a_key(mendlog: Mendlog, topics: tuple[str, ...]) -> None:
    ended = ("--status", "resolved")
    for options in (NAMED, (*NAMED, *ended), (*NAMED, "--key", "7"), ("--key", "7", *ended)):
        assert mendlog("send", *options, *topics, CLUSTER="eu").exit_code == 0
    found = [sightings(record)[0] for record in records(topics)]
    by_key = {one.fingerprint for one in found if "alert_key" in one.labels}
    by_labels = {one.fingerprint for one in found if "alert_key" not in one.labels}
    assert len(by_key) == len(by_labels) == 1
    assert by_key != by_labels
    assert sorted(one.status for one in found) == ["firing"] * 2 + ["resolved"] * 2


@pytest.mark.broker
def test_a_file_is_sent_as_it_is(mendlog: Mendlog, topics: tuple[str, ...], tmp_path: Path) -> None:
    body = b' [{"labels": {"alertname": "A"}}, {"labels": {"alertname": "B"}}]\n'
    file = tmp_path / "alerts.json"
    file.write_bytes(body)
    done = mendlog("send", "--file", str(file), *topics, CLUSTER="eu")
    (record,) = records(topics)
    assert done.out.startswith("2 alert(s) at ")
    assert record.value == body
    assert header(record, "format") == "alertmanager-api-v2"
    assert header(record, "cluster") == "eu"
    large = [{"labels": {"alertname": "A", "cluster": "eu", "n": str(n), "text": "x" * 1000}}
             for n in range(2 * MIB // 1000)]  # fmt: skip
    file.write_text(json.dumps(large))
    assert mendlog("send", "--file", str(file), *topics).exit_code == 0


@pytest.mark.broker
def test_there_must_be_such_a_topic(mendlog: Mendlog, kafka: Kafka) -> None:
    done = mendlog("send", *NAMED, "--bootstrap", kafka.bootstrap, "--prefix", "nowhere")
    assert done.exit_code == 1
    assert "there is no topic nowhere.alerts" in done.err


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--label", "alertname=A"), "1 alert(s) name no cluster: say --cluster, add the label"),
        ((*NAMED, "--cluster", "*"), "no cluster is called '*'"),
        ((*NAMED, "--label", "a-b=x"), "labels: 'a-b' is no name"),
        ((*NAMED, "--starts-at", "yesterday"), "starts_at: no time"),
        ((*NAMED, "--starts-at", "2026-11-01T10:00:00"), "starts_at: without a time zone"),
        ((*NAMED, "--annotation", "a=" + "x" * 70_000), "annotations.a: longer than"),
        (("--label", "cluster="), "labels: at least one label is needed"),
        ((*NAMED, "--key", ""), "key: missing"),
    ],
)
def test_what_would_be_rejected_is_not_sent(
    mendlog: Mendlog, options: tuple[str, ...], why: str
) -> None:
    done = mendlog("send", *options, *UNREACHABLE)
    assert done.exit_code == 1
    assert why in done.err
    told = mendlog("send", *options, "--json", *UNREACHABLE)
    assert why in json.loads(told.out)["faults"][0]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "body: "),
        (b'{"labels":{"alertname":"A"}}', "body: "),
        (b"[]", "there is no alert in it"),
        (b'[{"labels":{"alertname":"A","n":1}}]', "alerts[0].labels.n: a string is needed"),
        (b'[{"labels":{"a":"b","cluster":"eu"}},{"labels":{"a":"b"}}]', "1 alert(s) name no"),
        (b" " * (4 * MIB + 1), "longer than 4194304 bytes"),
    ],
)
def test_a_file_of_which_anything_would_be_rejected_is_not_sent(
    mendlog: Mendlog, tmp_path: Path, body: bytes, why: str
) -> None:
    (tmp_path / "alerts.json").write_bytes(body)
    done = mendlog("send", "--file", str(tmp_path / "alerts.json"), *UNREACHABLE)
    assert (done.exit_code, done.out) == (1, "")
    assert why in done.err


@pytest.mark.parametrize(
    "options",
    [
        (),
        (*NAMED, "--file", "-"),
        ("--label", "alertname"),
        (*NAMED, "--label", "cluster=us"),
        (*NAMED, "--status", "ended"),
    ],
)
def test_what_is_not_understood_ends_with_2(mendlog: Mendlog, options: tuple[str, ...]) -> None:
    assert mendlog("send", *options, *UNREACHABLE).exit_code == 2


def test_bytes_that_are_no_text_are_no_traceback(mendlog: Mendlog) -> None:
    for option in (("--label", "a=\udcff"), ("--label", "\udcff=a"), ("--source", "\udcff")):
        done = mendlog("send", *NAMED, *option, *UNREACHABLE)
        assert done.exit_code == 2
        assert "not valid Unicode" in done.err


def test_no_broker_is_one_line() -> None:
    done = process("send", *NAMED, *UNREACHABLE)
    assert (done.exit_code, done.out) == (1, "")
    assert done.err == "mendlog: no Kafka broker answers at 127.0.0.1:1\n"
