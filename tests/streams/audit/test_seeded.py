"""Each violation, seeded once into a clean recording, is found; and nothing else is."""

from pathlib import Path

import pytest

from schemas.topics import ALERTS, CONTROLS, DECISIONS, METRICS, OUTCOMES, REJECTS, TAPE
from streams.audit.verdict import INVARIANTS
from tests.streams.audit.recording import POLICY, Recording, Verdicts, two_cures
from tests.streams.audit.seeds import SEEDS, outside_of

BY_REPLAY = "I10"
"""Only a broker can be asked for it: `test_on_a_broker.py`."""


def red(verdicts: Verdicts) -> set[str]:
    return {name for name, verdict in verdicts.items() if verdict.violations}


def test_a_clean_recording_is_green_and_all_of_it_was_looked_at(tmp_path: Path) -> None:
    made = two_cures()
    found = made.audited(outside_of(made).write(tmp_path))
    assert red(found) == set()
    assert set(found) == set(INVARIANTS) - {BY_REPLAY}
    assert {name for name, verdict in found.items() if not verdict.checked} == set()
    assert [verdict.unverified for verdict in found.values() if verdict.unverified] == []
    assert len(made.logs[DECISIONS]) == found["I12"].checked


def test_every_invariant_has_a_seed() -> None:
    assert {invariant for invariant, _ in SEEDS.values()} == set(INVARIANTS)


@pytest.mark.parametrize("name", [n for n, (i, _) in SEEDS.items() if i != BY_REPLAY])
def test_a_seeded_violation_is_found_and_nothing_else(name: str, tmp_path: Path) -> None:
    invariant, seed = SEEDS[name]
    made = two_cures()
    outside = outside_of(made)
    seed(made, outside)
    found = made.audited(outside.write(tmp_path))
    assert red(found) == {invariant}
    first = found[invariant].first
    assert first is not None
    assert first.why


JUNK = (b"", b"\x00\x00\x00\x00\x07junk", b"\xc3\x01unknown!", b"\xff\xfe", b"{", None)


def test_what_nobody_can_read_is_in_rejects_and_so_no_violation() -> None:
    made = Recording()
    made.publishes(POLICY)
    for topic in (ALERTS, METRICS, OUTCOMES, CONTROLS, TAPE):
        for value in JUNK:
            made.append(topic, value)
    made.runs()
    found = made.audited()
    assert red(found) == set()
    assert found["I2"].checked > 5 * len(JUNK)
    made.logs[REJECTS].pop()
    assert red(made.audited()) == {"I2"}
