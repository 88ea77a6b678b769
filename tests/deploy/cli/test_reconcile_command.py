"""`mendlog reconcile` where a name or a value is not what was meant; both sides as they are:
tests/e2e/test_reconcile.py."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import typer

from deploy.cli.faults import USAGE
from deploy.cli.reconcile import _check_names
from deploy.sandbox.kafka import Kafka
from tests.deploy.cli.conftest import Mendlog

AWAY = ("--alertmanager", "http://127.0.0.1:1", "--bootstrap", "127.0.0.1:1")
SOURCES = "version: 1\nsources:\n  - {name: am, token_env: A}\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--receiver", "["], "--receiver '[': not a regular expression"),
        (["--port", "99999"], "'--port'"),
        (["--sources", "not-there"], "'--sources'"),
        (["--authorization-file", "not-there"], "'--authorization-file'"),
    ],
)
def test_what_cannot_be_meant_is_told_before_anybody_is_asked(
    mendlog: Mendlog, options: list[str], said: str
) -> None:
    done = mendlog("reconcile", *AWAY, *options)
    assert (done.exit_code, done.out) == (USAGE, "")
    assert said in done.err


def test_a_file_without_this_alertmanager_is_not_passed_over(
    mendlog: Mendlog, tmp_path: Path
) -> None:
    (tmp_path / "sources.yaml").write_text(SOURCES)
    options = (*AWAY, "--sources", str(tmp_path / "sources.yaml"))
    said = "sources.yaml has `alertmanager_url: http://127.0.0.1:1`: say --source"
    assert said in mendlog("reconcile", *options).err
    assert said not in mendlog("reconcile", *options, "--source", "am").err


def test_a_source_by_whose_name_nothing_came_is_told_with_those_that_sent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _check_names(["am"], set(), frozenset({"am"}))
    _check_names(["am"], {"am"}, frozenset({"shell"}))
    assert capsys.readouterr().err == ""
    with pytest.raises(typer.Exit) as caught:
        _check_names(["am", "nobody"], set(), frozenset({"shell", "am"}))
    assert caught.value.exit_code == USAGE
    assert "--source 'nobody': no alert here came by that name, but by am, shell" in (
        capsys.readouterr().err
    )


def test_where_nothing_is_held_no_source_can_be_called_unknown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _check_names(["nobody"], {"am"}, frozenset())
    assert "a source 'nobody' may be there or not" in capsys.readouterr().err


class Alertmanager(BaseHTTPRequestHandler):
    """It holds nothing, for one receiver."""

    def do_GET(self) -> None:
        body = [{"name": "mendlog"}] if self.path == "/api/v2/receivers" else []
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def alertmanager() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Alertmanager) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.broker
def test_a_receiver_that_is_misspelt_is_no_clean_result(
    mendlog: Mendlog, kafka: Kafka, alertmanager: str
) -> None:
    options = ("--alertmanager", alertmanager, "--bootstrap", kafka.bootstrap)
    done = mendlog("reconcile", *options, "--receiver", "nosuch")
    assert (done.exit_code, done.out) == (USAGE, "")
    assert done.err == (
        f"mendlog: --receiver: {alertmanager} has no receiver 'nosuch'; it has mendlog\n"
    )
