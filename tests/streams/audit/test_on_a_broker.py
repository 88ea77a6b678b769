"""The whole audit on a real broker: it reads topics as they are, and writes nothing."""

import asyncio
from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from streams.audit.run import Scope, audit
from streams.audit.verdict import INVARIANTS
from streams.read import TopicMissing
from tests.streams.audit.recording import Verdicts, two_cures
from tests.streams.audit.seeds import SEEDS, outside_of
from tests.streams.audit.topics import Topics

pytestmark = pytest.mark.broker

OF_DECISIONS = {"I10": {"I10"}, "I12": {"I10", "I12"}}
"""What is wrong with a decision the replay sees; a chain it sees too. What it does not read, the
seeds without a broker show: `test_seeded.py`."""


@pytest.fixture
def topics(kafka: Kafka) -> Topics:
    return Topics(kafka.bootstrap)


def red(verdicts: Verdicts) -> set[str]:
    return {name for name, verdict in verdicts.items() if verdict.violations}


async def test_a_clean_recording_is_green_in_everything(topics: Topics, tmp_path: Path) -> None:
    made = two_cures()
    await topics.hold(made)
    found = await topics.audited(outside_of(made).write(tmp_path))
    assert red(found) == set()
    assert set(found) == set(INVARIANTS)
    assert {name for name, verdict in found.items() if not verdict.checked} == set()


@pytest.mark.parametrize("name", [n for n, (i, _) in SEEDS.items() if i in OF_DECISIONS])
async def test_a_decision_that_was_tampered_with_is_found(topics: Topics, name: str) -> None:
    invariant, seed = SEEDS[name]
    made = two_cures()
    seed(made, outside_of(made))
    await topics.hold(made)
    assert red(await topics.audited()) == OF_DECISIONS[invariant]


async def test_what_retention_took_is_said_to_be_unverified(topics: Topics) -> None:
    made = two_cures()
    await topics.hold(made)
    await topics.forget_before(20)
    found = await topics.audited()
    assert red(found) == set()
    assert "cannot be verified" in found["I10"].unverified[0]
    assert "no longer on the tape" in found["I6"].unverified[0]
    assert "older than what tape" in found["I2"].unverified[0]


async def test_topics_that_are_not_there_are_named(kafka: Kafka) -> None:
    with pytest.raises(TopicMissing, match="mendlog topics create"):
        await asyncio.wait_for(audit(Scope(kafka.bootstrap, "nobody")), 30)
