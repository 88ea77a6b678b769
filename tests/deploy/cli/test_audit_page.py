"""docs/audit.md: each verdict, and what is said before anything has been decided."""

import json
import re

import pytest

from deploy.cli.audit import tell
from schemas.topics import ALERTS
from tests.source import ROOT
from tests.streams.audit.recording import Recording

PAGE = (ROOT / "docs" / "audit.md").read_text()


def test_a_gateway_without_a_processor(capsys: pytest.CaptureFixture[str]) -> None:
    made = Recording()
    body = [made.alert("cart"), made.alert("web")]
    made.append(ALERTS, json.dumps(body).encode(), source=b"prometheus")
    running = made.audited(ground=made.ground(settled=False))
    assert not any(verdict.violations for verdict in running.values())
    assert {name for name, verdict in running.items() if verdict.pending} == {"I2", "I11"}
    tell((*running.values(),))
    assert said(capsys)["I3"] == "nothing"

    tell((*made.audited(ground=made.ground()).values(),))
    text = capsys.readouterr().out
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert set(shown.splitlines()) <= set(text.splitlines())
    assert text.count("VIOLATED") == shown.count("VIOLATED")


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """The verdict, by invariant."""
    rows = re.findall(r"^(I\d+) +(\w+|not asked) ", capsys.readouterr().out, re.MULTILINE)
    return dict(rows)


@pytest.mark.parametrize("word", ["holds", "VIOLATED", "partly", "nothing", "not asked"])
def test_each_verdict_is_explained(word: str) -> None:
    assert f"| `{word}` | " in PAGE
