"""Recorded tapes are decided today as they were when they were recorded."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from streams.core.lifecycle import TRANSITIONS, Event, Phase
from streams.core.reasons import Reason
from tests.golden.files import decided, names, read_decisions
from tests.golden.histories import HISTORIES


@pytest.mark.parametrize("name", names())
def test_the_decisions_are_those_on_file(name: str) -> None:
    assert decided(name) == read_decisions(name), "review the diff of `python -m tests.golden`"


def test_every_history_is_on_file() -> None:
    assert set(names()) == set(HISTORIES)


WITHOUT_A_GOLDEN = {
    Reason.CANDIDATE_WOULD: "only a candidate's own run says it: test_candidate.py",
    Reason.TOO_MANY_ALERTS: "takes 250,000 alerts: test_crowded.py",
    (Phase.AWAITING_APPROVAL, Event.HELD): "only a release that cannot read the policy in force",
}


def test_every_reason_has_a_golden() -> None:
    told = {v["reason"] for name in names() for v in verdicts(name)}
    assert {r for r in Reason if r.value not in told} == set(WITHOUT_A_GOLDEN) & set(Reason)


def test_every_row_of_the_lifecycle_has_a_golden() -> None:
    gone = {row for name in names() for row in rows(name)}
    assert set(TRANSITIONS) - gone == set(WITHOUT_A_GOLDEN) & set(TRANSITIONS)


def verdicts(name: str) -> Iterator[dict[str, Any]]:
    for line in read_decisions(name):
        yield from json.loads(line).get("Decision", {}).get("verdicts", ())


def rows(name: str) -> Iterator[tuple[Phase, Event]]:
    """Each phase that an incident was in, with the event that it met there."""
    phases: dict[str, Phase] = {}
    for verdict in verdicts(name):
        phase, what = phases.get(verdict["incident_id"]), verdict["what"]
        if phase and what in set(Event):
            yield phase, Event(what)
        if verdict["state"]:
            phases[verdict["incident_id"]] = Phase(verdict["state"])


@pytest.mark.parametrize("seed", ["0", "4242"])
def test_the_order_of_hashing_does_not_matter(seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.golden", "--check"],
        env={**os.environ, "PYTHONHASHSEED": seed},
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
