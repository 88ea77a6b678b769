"""docs/people.md shows what the commands say: its transcript is run here, line by line."""

import re
import shlex
import time
from collections.abc import Callable

import pytest

from streams.authors import compile_authors
from tests.deploy.cli.conftest import Done, Mendlog
from tests.deploy.cli.shop import Shop
from tests.source import ROOT

pytestmark = pytest.mark.timeout(300)
PAGE = ROOT / "docs" / "people.md"
SAME_BUT_FOR: tuple[tuple[str, str], ...] = (
    (r"\b[0-9a-f]{8,32}\b", "ID"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "TIME"),
    (r"\S+\.(controls|switches)/\d+/\d+", r"mendlog.\1/P/O"),
    (r"\b\d+(?:s|m\d\ds|h\d\dm|d\d\dh)(?![\w-])", "SPAN"),
    (r" +", " "),
)
"""Each run has its own ids, times and places, and columns as wide as those."""


def transcript() -> list[tuple[str, str]]:
    """Each command with what it says."""
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text(), re.DOTALL)
    steps = [step for block in blocks for step in re.split(r"^\$ ", block, flags=re.MULTILINE)]
    return [(command, said) for command, _, said in (s.partition("\n") for s in steps if s)]


def alike(text: str) -> list[str]:
    for pattern, instead in SAME_BUT_FOR:
        text = re.sub(pattern, instead, text)
    return [line.strip() for line in text.strip().splitlines()]


def test_the_file_of_authors_can_be_used() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert [*compile_authors(example)] == ["ann"]


def test_the_transcript_is_what_is_said(mendlog: Mendlog, shop: Shop) -> None:
    shop.fires(deployment="checkout", cluster="eu-7")
    shop.looked_at("checkout")
    incident = shop.until("checkout", "awaiting_approval")
    ann, steps = shop.by(mendlog, "ann"), transcript()
    assert len(steps) > 8
    for command, said in steps:
        arguments = shlex.split(command)
        assert arguments.pop(0) == "mendlog"
        mine = [re.sub(r"^[0-9a-f]{8}$", incident.incident_id[:8], a) for a in arguments]
        heard = until_alike(lambda mine=mine: ann(*mine), said, patient="list" in mine)
        assert alike(heard) == alike(said), f"$ {command}\n{heard}"


def until_alike(run: Callable[[], Done], said: str, patient: bool) -> str:
    """What stands is stored just after it is decided, so a list may be asked again."""
    deadline = time.monotonic() + 60 * patient
    while True:
        done = run()
        heard = done.out + done.err
        if alike(heard) == alike(said) or time.monotonic() >= deadline:
            return heard
