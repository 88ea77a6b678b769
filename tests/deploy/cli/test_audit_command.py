"""`mendlog audit` as people call it, and as docs/audit.md shows it."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from deploy.cli.audit import CANNOT_READ, VIOLATED
from deploy.sandbox.kafka import Kafka
from streams.audit.verdict import INVARIANTS
from tests.deploy.cli.conftest import Mendlog
from tests.source import ROOT
from tests.streams.audit.recording import two_cures
from tests.streams.audit.seeds import SEEDS, outside_of
from tests.streams.audit.topics import Topics

PAGE = ROOT / "docs" / "audit.md"


@pytest.mark.broker
def test_the_page_shows_what_is_said_of_half_a_delivery(
    kafka: Kafka, mendlog: Mendlog, tmp_path: Path
) -> None:
    made = two_cures()
    outside = outside_of(made)
    SEEDS["half of a delivery"][1](made, outside)
    outside.write(tmp_path)
    topics = Topics(kafka.bootstrap)
    asyncio.run(topics.hold(made))
    (shown,) = re.findall(r"```console\n\$ mendlog audit (.*?)\n(.*?)```", PAGE.read_text(), re.S)
    options = shown[0].replace("ledger.jsonl", str(tmp_path / "ledger")).split()
    where = {"BOOTSTRAP": kafka.bootstrap, "TOPIC_PREFIX": topics.prefix}
    said = mendlog("audit", *options, **where)
    assert said.exit_code == VIOLATED
    assert said.out == shown[1], said.out
    as_json = json.loads(mendlog("audit", *options, "--json", **where).out)
    assert [v["invariant"] for v in as_json if v["violations"]] == ["I2"]
    assert as_json[1]["first"]["place"]["topic"] == "alerts"


def test_the_page_explains_every_invariant() -> None:
    page = PAGE.read_text()
    assert [name for name in INVARIANTS if f"| {name} |" not in page] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--bootstrap", "127.0.0.1:1"], "no Kafka broker answers at 127.0.0.1:1"),
        (["--bootstrap", "foo:bar"], "'foo:bar': expected host:port"),
        (["--canaries", "not-there"], "not-there: No such file or directory"),
        (["--canaries", "empty"], "--canaries empty: empty, so there is nothing to look for"),
        (["--canaries", "bytes"], "bytes: not UTF-8"),
    ],
)
def test_what_cannot_be_read_is_no_violation(
    mendlog: Mendlog,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").write_text("\n")
    Path("bytes").write_bytes(b"\xff")
    done = mendlog("audit", *arguments)
    assert (done.exit_code, done.out) == (CANNOT_READ, "")
    assert said in done.err


@pytest.mark.broker
@pytest.mark.parametrize("option", ["--ledger", "--calls"])
def test_a_file_that_is_none_is_named_with_its_line(
    kafka: Kafka, mendlog: Mendlog, tmp_path: Path, option: str
) -> None:
    topics = Topics(kafka.bootstrap)
    asyncio.run(topics.hold(two_cures()))
    (tmp_path / "lines").write_text("\nnonsense\n")
    where = {"BOOTSTRAP": kafka.bootstrap, "TOPIC_PREFIX": topics.prefix}
    done = mendlog("audit", option, str(tmp_path / "lines"), **where)
    assert done.exit_code == CANNOT_READ
    assert "lines:2: " in done.err


@pytest.mark.broker
def test_topics_that_are_not_there_are_named(kafka: Kafka, mendlog: Mendlog) -> None:
    done = mendlog("audit", BOOTSTRAP=kafka.bootstrap, TOPIC_PREFIX="nobody")
    assert done.exit_code == CANNOT_READ
    assert "run `mendlog topics create`, or set MENDLOG_TOPIC_PREFIX" in done.err
