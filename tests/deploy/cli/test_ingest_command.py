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
    assert bool(found.stderr) == bool(recorded(case)["faults"])


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
