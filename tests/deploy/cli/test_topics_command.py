"""`mendlog topics` and `mendlog schemas`, on a real broker where one is needed."""

import json
import uuid

import pytest

from deploy.cli.topics import _advice
from deploy.drift import Drift
from deploy.sandbox.kafka import Kafka
from schemas.records import RECORDS
from schemas.topics import TOPICS
from streams.settings import ProcessorSettings
from tests.deploy.cli.conftest import Mendlog, process

UNREACHABLE = "127.0.0.1:1"


@pytest.fixture
def broker(kafka: Kafka, mendlog: Mendlog, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Options that name it; Faust's topics are told apart by the application's name."""
    prefix = f"c{uuid.uuid4().hex[:12]}"
    monkeypatch.setenv("MENDLOG_APP_ID", prefix)
    return ["--bootstrap", kafka.bootstrap, "--prefix", prefix, "--partitions", "2"]


def test_list_needs_no_broker(mendlog: Mendlog) -> None:
    done = mendlog("topics", "list", TOPIC_PREFIX="acme", TAPE_PARTITIONS="4")
    lines = done.out.splitlines()
    assert len(lines) == 1 + len(TOPICS)
    assert "acme.tape" in done.out
    assert next(line for line in lines if "acme.commands" in line).split()[1] == "4"


def test_list_as_json(mendlog: Mendlog) -> None:
    listed = json.loads(mendlog("topics", "list", "--json").out)
    tape = next(topic for topic in listed if topic["topic"] == "mendlog.tape")
    assert tape["config"]["message.timestamp.type"] == "LogAppendTime"
    assert tape["partitions"] == 32


def test_options_win_over_settings(mendlog: Mendlog) -> None:
    done = mendlog("topics", "list", "--prefix", "option", TOPIC_PREFIX="setting")
    assert "option.tape" in done.out


def test_create_then_check(mendlog: Mendlog, broker: list[str]) -> None:
    assert mendlog("topics", "check", *broker).exit_code == 1
    made = mendlog("topics", "create", *broker)
    assert made.exit_code == 0
    assert made.out == f"created {len(TOPICS) + 1}, already there 0\n"  # and Faust's changelog
    again = mendlog("topics", "create", *broker, "--json")
    assert json.loads(again.out)["created"] == []
    checked = mendlog("topics", "check", *broker)
    assert (checked.exit_code, checked.out) == (0, "all topics are as declared\n")


def test_check_tells_each_difference(mendlog: Mendlog, broker: list[str]) -> None:
    mendlog("topics", "create", *broker)
    done = mendlog("topics", "check", *broker[:-1], "3", "--json")
    assert done.exit_code == 1
    drifts = json.loads(done.out)
    assert {drift["setting"] for drift in drifts} == {"partitions"}
    assert {(drift["wanted"], drift["found"]) for drift in drifts} == {("3", "2")}
    table = mendlog("topics", "check", *broker[:-1], "3").out.splitlines()
    assert table[0].split() == ["topic", "setting", "declared", "found"]
    assert len(table) == 1 + len(drifts)


def test_check_says_what_to_do(mendlog: Mendlog, broker: list[str]) -> None:
    missing = mendlog("topics", "check", *broker)
    assert missing.err == "what is missing is made by: mendlog topics create\n"
    mendlog("topics", "create", *broker)
    other = mendlog("topics", "check", *broker[:-1], "3")
    assert "MENDLOG_TAPE_PARTITIONS=2" in other.err
    assert "MENDLOG" not in mendlog("topics", "check", *broker[:-1], "3", "--json").err


@pytest.mark.parametrize(
    ("drifts", "said"),
    [
        ([Drift("mendlog.alerts", "topic", "present", "missing")], ["topics create"]),
        ([Drift("mendlog.alerts", "incarnation", "written", "none")], ["topics create"]),
        ([Drift("mendlog.tape", "partitions", "32", "2")], ["MENDLOG_TAPE_PARTITIONS=2"]),
        ([Drift("mendlog.tape", "partitions", "1", "2"),
          Drift("mendlog.x", "partitions", "1", "3")], ["MENDLOG_TOPIC_PREFIX"]),
        ([Drift("mendlog.x", "partitions", "1", "3")], ["MENDLOG_TOPIC_PREFIX"]),
        ([Drift("mendlog.tape", "topic", "present", "missing"),
          Drift("mendlog.x", "retention.ms", "1", "2")], ["topics create", "kafka-configs.sh"]),
    ],
)  # fmt: skip
def test_each_kind_of_difference_has_its_advice(drifts: list[Drift], said: list[str]) -> None:
    advice = [*_advice(drifts, ProcessorSettings(topic_prefix="mendlog"))]
    assert len(advice) == len(said)
    assert all(words in line for words, line in zip(said, advice, strict=True))


def test_what_cannot_be_made_is_told_on_stderr(mendlog: Mendlog, broker: list[str]) -> None:
    done = mendlog("topics", "create", *broker, "--replication", "3")
    assert done.exit_code == 1
    assert "only 1 broker(s) are registered" in done.err


@pytest.mark.parametrize("command", ["create", "check"])
def test_no_broker_is_one_line(command: str) -> None:
    done = process("topics", command, "--bootstrap", UNREACHABLE)
    assert done.exit_code == 1
    assert done.err == f"mendlog: no Kafka broker answers at {UNREACHABLE}\n"
    assert done.out == ""


def test_schemas_lists_what_was_released(mendlog: Mendlog) -> None:
    rows = [line.split() for line in mendlog("schemas", "list").out.splitlines()[1:]]
    assert {name for name, _version, _fingerprint in rows} == {
        f"mendlog.{record.__name__}" for record in RECORDS
    }
    listed = json.loads(mendlog("schemas", "list", "--json").out)
    assert [list(entry.values()) for entry in listed] == rows
