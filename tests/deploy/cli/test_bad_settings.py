"""Settings and options that are none: one line that names what is wrong, and the exit code."""

from typing import Any

import pytest

from deploy.cli.faults import BAD_CONFIGURATION, USAGE, Known, explain
from remediators.settings import ExecutorSettings, NotifierSettings
from streams.settings import GatewaySettings, ProcessorSettings, ScraperSettings, WatcherSettings
from tests.deploy.cli.conftest import Mendlog

NO_ADDRESS = "'foo:bar': expected host:port, or several with commas"
PROCESSES = (
    GatewaySettings,
    ScraperSettings,
    WatcherSettings,
    ProcessorSettings,
    ExecutorSettings,
    NotifierSettings,
)


@pytest.mark.parametrize("of", PROCESSES)
def test_no_process_starts_towards_what_is_no_broker(
    monkeypatch: pytest.MonkeyPatch, of: Any
) -> None:
    monkeypatch.setenv("MENDLOG_NOTIFIER_FILE", "notifier.yaml")
    monkeypatch.setenv("MENDLOG_BOOTSTRAP", "foo:bar")
    assert told(of) == f"MENDLOG_BOOTSTRAP={NO_ADDRESS}"


@pytest.mark.parametrize("command", ["replay", "incidents list"])
def test_an_option_is_told_as_one(mendlog: Mendlog, command: str) -> None:
    done = mendlog(*command.split(), "--bootstrap", "foo:bar")
    assert done.exit_code == USAGE
    assert f"Invalid value for '--bootstrap': {NO_ADDRESS}" in done.err


@pytest.mark.parametrize(
    ("of", "name", "text", "why"),
    [
        (GatewaySettings, "MENDLOG_PORT", "99999", "input should be less than 65536"),
        (
            ExecutorSettings,
            "DEGRADED_PARAM",
            "A B",
            "string should match pattern '^[A-Za-z_][A-Za-z0-9_]{0,127}$'",
        ),
        (ScraperSettings, "MENDLOG_INTERVAL_S", "0", "input should be greater than 0"),
        (
            ExecutorSettings,
            "MENDLOG_CLUSTERS",
            "notjson",
            "expected JSON: Expecting value: line 1 column 1 (char 0)",
        ),
    ],
)
def test_a_bad_setting(
    monkeypatch: pytest.MonkeyPatch, of: Any, name: str, text: str, why: str
) -> None:
    monkeypatch.setenv(name, text)
    assert told(of) == f"{name}={text!r}: {why}"


def test_what_settings_are_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET_DEPLOYMENT", "checkout")
    assert told(ExecutorSettings) == "TARGET_DEPLOYMENT needs TARGET_NAMESPACE"


def told(of: Any) -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of several kinds
        of()
    known = explain(caught.value)
    assert known == Known(BAD_CONFIGURATION, known.text if known else "")
    return known.text
