"""docs/policy-tools.md says what is so."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.cli.main import main
from streams.desk.changes import changes
from streams.desk.explain import Explained
from streams.desk.steps import Step
from streams.policy.load import compile_policy
from tests.test_docs import EXAMPLE, blocks

PAGE = Path("docs/policy-tools.md")
ALERT = {
    "alertname": "ErrorRatioHigh",
    "namespace": "shop",
    "deployment": "checkout",
    "severity": "critical",
}

DETECTIONS = """\
version: 1
detections:
  - kind: threshold
    name: QueueDeep
    of: {metric: queue_depth}
    by: [cluster, queue]
    above: 100
    for: 1m
"""


def samples() -> Iterator[str]:
    """The page's line is one of them."""
    (block,) = blocks(str(PAGE), "json")
    line = json.loads(block)
    for minute, depth in enumerate([5, 500, 500, 500, 5], -1):
        (sample,) = line["samples"]
        at_ms = line["at_ms"] + minute * 60_000
        yield json.dumps({**line, "at_ms": at_ms, "samples": [{**sample, "value": depth}]}) + "\n"


def shown() -> Iterator[tuple[str, str]]:
    for block in blocks(str(PAGE), "console"):
        command, _, output = block.partition("\n")
        yield command.removeprefix("$ mendlog "), output


@pytest.mark.parametrize(("command", "output"), list(shown()))
def test_what_is_shown_is_what_is_said(
    command: str,
    output: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "policy.yaml").write_text(EXAMPLE)
    (tmp_path / "alert.json").write_text(json.dumps(ALERT))
    (tmp_path / "detections.yaml").write_text(DETECTIONS)
    (tmp_path / "samples.jsonl").write_text("".join(samples()))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(command.split())
    assert not ended.value.code
    assert re.sub("[0-9a-f]{32}", "DIGEST", capsys.readouterr().out) == output


def test_what_changes_is_said_so() -> None:
    later = (
        EXAMPLE.replace("dwell: 2m", "dwell: 5m")
        .replace("preset: production-1", "preset: production-1\n  cooldown: 30m")
        .replace("namespaces: [shop]", "namespaces: [shop, payments]")
    )
    (block,) = blocks(str(PAGE), "changes")
    assert list(changes(compile_policy(EXAMPLE), compile_policy(later))) == block.splitlines()


def test_every_key_of_an_answer_is_explained() -> None:
    page = PAGE.read_text()
    keys = [*Explained.__dataclass_fields__, *Step.__dataclass_fields__]
    assert [key for key in keys if f"`{key}`" not in page] == []
