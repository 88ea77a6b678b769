"""How the notifier starts, and how it says that it cannot."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from remediators.notifier_bootstrap import run_notifier
from remediators.settings import NotifierSettings
from tests.remediators.notify.builders import FILE


def settings(path: Path) -> NotifierSettings:
    return NotifierSettings(notifier_file=path, bootstrap="127.0.0.1:1", produce_timeout_s=0.5)


def test_a_file_or_a_secret_that_is_not_there_is_a_matter_of_configuration(tmp_path: Path):
    assert run_notifier(settings(tmp_path / "none.yaml"), lambda _: None) == os.EX_CONFIG
    path = tmp_path / "notifier.yaml"
    path.write_text(FILE)
    assert run_notifier(settings(path), lambda _: None) == os.EX_CONFIG, "no SLACK_URL"


def test_a_broker_that_is_not_there_is_worth_another_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "notifier.yaml"
    path.write_text(FILE)
    monkeypatch.setenv("SLACK_URL", "https://hooks.example/x")
    monkeypatch.setenv("PAGERDUTY_KEY", "k")
    assert run_notifier(settings(path), lambda _: None) == os.EX_SOFTWARE


def test_settings(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ValidationError):
        NotifierSettings()
    monkeypatch.setenv("MENDLOG_NOTIFIER_FILE", "x.yaml")
    assert NotifierSettings(topic_prefix="x").group_id == "x-notifier"
    assert NotifierSettings(topic_prefix="x", group="y").group_id == "y"
    with pytest.raises(ValidationError):
        NotifierSettings(retry_first_s=0)
