"""`mendlog topics` and `mendlog schemas`, on a real broker where one is needed."""

import json
import uuid

import pytest

from deploy.sandbox.kafka import Kafka
from schemas.records import RECORDS
from schemas.topics import TOPICS
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
