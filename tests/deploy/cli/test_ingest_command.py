"""`mendlog ingest parse` says what the gateway would make of a body, and if it would take it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.cli.ingest import app
from streams.ingest.formats.catalog import FORMATS
from tests.streams.ingest.corpus import everything, recorded
from tests.streams.ingest.payloads import FIXTURES

TRIGGERED = FIXTURES / "datadog" / "triggered.json"


def parse(source: str, file: Path, *options: str) -> Result:
    arguments = ["parse", "--source", source, "--at", "2026-11-01T10:01:00Z", *options, str(file)]
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize(
    ("format", "case"), [one for one in everything() if FORMATS[one[0]].path is not None]
)
def test_it_says_what_the_corpus_says(format: str, case: Path) -> None:
    found = parse(format, case, "--json")
    assert [{**alert, "source": ""} for alert in json.loads(found.stdout)] == [
        {**alert, "source": ""} for alert in recorded(case)["alerts"]
    ]
    assert bool(found.stderr) == bool(recorded(case)["faults"] or not recorded(case)["alerts"])


def test_where_the_gateway_would_refuse_the_reason_is_told_and_the_exit_code_is_1() -> None:
    found = parse("datadog", FIXTURES / "datadog" / "no-cycle-key.json", "--json")
    assert (found.exit_code, json.loads(found.stdout)) == (1, [])
    assert "cycle_key" in found.stderr


def test_for_a_person_it_prints_a_table() -> None:
    found = parse("datadog", TRIGGERED)
    assert found.exit_code == 0
    assert "namespace=shop" in found.stdout


def test_a_source_goes_by_its_path_too() -> None:
    (path,) = [format.path for format in FORMATS.values() if format.name == "alertmanager-webhook"]
    assert path
    file = FIXTURES / "alertmanager-webhook" / "alertmanager.json"
    assert parse("alertmanager", file).stdout == parse("alertmanager-webhook", file).stdout


def test_an_unknown_source_is_told_the_known_ones() -> None:
    found = parse("nagios", TRIGGERED)
    assert found.exit_code == 2
    assert "datadog" in found.stderr


SOURCES = """
version: 1
sources:
  - {name: grafana, format: grafana, token_env: A}
  - name: acme
    format: generic
    token_env: B
    mapping: {status: at, firing: [firing], resolved: [ok], labels: {a: b}}
"""
ORDINARY = b'{"at": "firing", "b": "c"}'


@pytest.mark.parametrize(
    ("source", "options", "exit_code", "said"),
    [
        ("generic", [], 1, "name the source whose mapping reads it: --source generic/NAME --so"),
        ("generic/", [], 2, "name the source and its file: --source generic/NAME --sources FILE"),
        ("generic/acme", [], 2, "--source generic/NAME --sources FILE"),
        ("generic/grafana", ["--sources"], 2, "the source 'grafana' of sources.yaml has no mapp"),
        ("generic/other", ["--sources"], 2, "has no source 'other'; it has grafana, acme"),
        ("otlp", [], 2, "'otlp' sends samples, and samples are not parsed here"),
        ("prometheus-remote-write", [], 2, "samples are not parsed here"),
        ("datadog", ["--header", "nonsense"], 2, "--header 'nonsense': expected name: value"),
        ("cloudevents", [], 1, "--header 'ce-specversion: 1.0'"),
    ],
)
def test_what_was_forgotten_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    options: list[str],
    exit_code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    Path("sources.yaml").write_text(SOURCES)
    Path("body").write_bytes(ORDINARY)
    file = ["sources.yaml"] if options == ["--sources"] else []
    found = parse(source, Path("body"), *options, *file)
    assert found.exit_code == exit_code
    assert said in found.stderr


def test_of_an_event_that_has_its_headers_none_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(ORDINARY)
    found = parse("cloudevents", tmp_path / "body", "--header", "ce-id: 1")
    assert "specversion: missing" in found.stderr
    assert "--header" not in found.stderr


def test_a_delivery_without_an_alert_says_so_and_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"[]")
    for options in ([], ["--json"]):
        found = parse("alertmanager-api-v2", tmp_path / "body", *options)
        assert (found.exit_code, found.stderr) == (0, "no alert in it: passed over\n")
    assert json.loads(found.stdout) == []
