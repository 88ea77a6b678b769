"""What is said and done where nobody answers, or the options cannot be meant so."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.cli import people
from deploy.cli.faults import USAGE
from tests.deploy.cli.conftest import Mendlog, process
from tests.source import ROOT

DETECTIONS = str(ROOT / "deploy" / "policies" / "detections.yaml")
STORIES = str(ROOT / "deploy" / "policies" / "detections-tests.yaml")
DETECT = ("policy", "detect", "--detections", DETECTIONS, "--from", "2026-11-01T10:00:00Z")
RECONCILE = ("reconcile", "--alertmanager", "http://127.0.0.1:1")
TAKES_A_BROKER = (
    ("audit",),
    DETECT,
    RECONCILE,
    ("replay",),
    ("incidents", "list"),
    ("topics", "check"),
    ("send", "--label", "alertname=A", "--cluster", "eu"),
    ("deployed", "shop/checkout", "--cluster", "eu"),
)


@pytest.fixture
def silent() -> Iterator[str]:
    """It takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as taking:
        yield f"127.0.0.1:{taking.getsockname()[1]}"


@pytest.mark.parametrize(
    ("command", "exit_code"),
    [(("audit",), 2), (DETECT, 1), (("replay",), 1), (("incidents", "list"), 1)],
)
def test_who_never_answers_is_named_and_given_up(
    mendlog: Mendlog,
    monkeypatch: pytest.MonkeyPatch,
    silent: str,
    command: tuple[str, ...],
    exit_code: int,
) -> None:
    monkeypatch.setattr(people, "SLOW_S", 0.05)
    monkeypatch.setattr(people, "KNOCK_S", 0.5)
    done = mendlog(*command, BOOTSTRAP=silent)
    asking, failed = done.err.splitlines()
    assert (done.exit_code, done.out, asking) == (exit_code, "", f"asking {silent} …")
    assert failed == f"mendlog: no Kafka broker answers at {silent}"


async def test_who_answers_in_time_is_not_named(capsys: pytest.CaptureFixture[str]) -> None:
    async with people.told_when_slow("nobody"):
        await asyncio.sleep(0)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("command", TAKES_A_BROKER)
def test_an_address_that_is_none_is_wrong_use(mendlog: Mendlog, command: tuple[str, ...]) -> None:
    done = mendlog(*command, "--bootstrap", "foo:bar")
    assert (done.exit_code, done.out) == (USAGE, "")
    assert "'foo:bar': expected host:port" in done.err


@pytest.mark.parametrize(
    ("command", "option"),
    [(("policy", "test", STORIES), "--junit"), (DETECT, "--keep")],
)
def test_a_file_that_cannot_be_written_is_told_before_anything_is_asked(
    mendlog: Mendlog, tmp_path: Path, command: tuple[str, ...], option: str
) -> None:
    for path in (tmp_path / "none" / "x", tmp_path):
        done = mendlog(*command, option, str(path), BOOTSTRAP="127.0.0.1:1")
        assert (done.exit_code, done.out) == (USAGE, "")
        assert option in done.err
        assert str(path) in done.err


def test_the_prometheus_rules_of_no_file() -> None:
    module = [sys.executable, "-m", "streams.detect.prometheus_rules"]
    for arguments, exit_code, said in (
        ([], 2, "usage: python -m streams.detect.prometheus_rules DETECTIONS.yaml\n"),
        (["not-there"], 78, "not-there: No such file or directory\n"),
    ):
        done = subprocess.run([*module, *arguments], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (exit_code, said)


def test_a_dead_broker_is_one_line_for_replay_too() -> None:
    done = process("replay", "--bootstrap", "127.0.0.1:1")
    assert (done.exit_code, done.err) == (1, "mendlog: no Kafka broker answers at 127.0.0.1:1\n")
