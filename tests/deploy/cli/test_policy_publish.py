"""Putting a policy in force, and running one beside it, on a real broker with a real processor."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import stop_all
from tests.deploy.cli.conftest import Mendlog
from tests.deploy.cli.shop import POLICY, WAIT_S, Shop
from tests.e2e.platform import PARTITIONS

pytestmark = pytest.mark.timeout(300)
LATER = POLICY.replace("  cooldown: 15m", "  cooldown: 30m", 1)
CANDIDATE = POLICY.replace('alertname="HighErrors"', 'alertname="Nothing"', 1)
WHY = ("--reason", "a drill")


@pytest.fixture(scope="module")
def shop(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Of its own: its policy changes."""
    made = Shop(kafka, tmp_path_factory.mktemp("publishing"))
    try:
        made.open()
        yield made
    finally:
        stop_all(made.platform.children)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "policy.yaml"


def test_what_is_in_force_already_is_not_published_again(
    mendlog: Mendlog, shop: Shop, file: Path
) -> None:
    file.write_text(POLICY)
    publish = ("policy", "publish", str(file), *WHY)
    assert shop.by(mendlog, "ann")(*publish).exit_code == 0
    done = shop.by(mendlog, "ann")(*publish)
    assert (done.exit_code, done.err) == (0, "")
    assert "is in force already" in done.out


def test_what_changes_and_that_every_partition_has_adopted_it(
    mendlog: Mendlog, shop: Shop, file: Path
) -> None:
    ann = shop.by(mendlog, "ann")
    file.write_text(LATER)
    done = ann("policy", "publish", str(file), *WHY)
    assert done.exit_code == 0, done.err
    assert "this changes:\n  ~ limit cooldown 15m → 30m\n" in done.out
    assert f"  in force on {PARTITIONS} of {PARTITIONS} partitions" in done.out
    file.write_text(POLICY)
    back = json.loads(ann("policy", "publish", str(file), *WHY, "--json").out)
    assert back["done"]
    assert back["changes"] == ["~ limit cooldown 30m → 15m"]
    (order,) = back["orders"]
    assert {v["author"] for v in order["verdicts"]} == {"ann"}


def test_what_check_refuses_is_refused(mendlog: Mendlog, shop: Shop, file: Path) -> None:
    ann = shop.by(mendlog, "ann")
    file.write_text(POLICY.replace("mode: approve", "mode: always", 1))
    refused = ann("policy", "publish", str(file), *WHY)
    assert refused.exit_code == 78
    assert f"{file}:" in refused.err
    file.write_text(POLICY.replace("[ops]", "[ops, nobody]"))
    strict = ann("policy", "publish", str(file), *WHY, "--strict")
    assert strict.exit_code == 1
    assert "nobody is told through 'nobody' (warning)" in strict.err


def test_there_is_nothing_to_promote_drop_or_compare(mendlog: Mendlog, shop: Shop) -> None:
    ann = shop.by(mendlog, "ann")
    for command in (("promote", *WHY), ("drop",), ("compare",)):
        done = ann("policy", *command)
        assert done.exit_code == 1
        assert "there is no candidate" in done.err


def test_a_candidate_decides_beside_the_one_in_force(
    mendlog: Mendlog, shop: Shop, file: Path
) -> None:
    ann = shop.by(mendlog, "ann")
    file.write_text(CANDIDATE)
    begun = ann("policy", "publish", str(file), "--shadow", *WHY)
    assert begun.exit_code == 0, begun.err
    assert '~ playbook errors: match {alertname="HighErrors"} → {alertname="Nothing"}' in begun.out
    assert f"runs beside the one in force on {PARTITIONS} of {PARTITIONS}" in begun.out
    differs = shop.until(shop.fires("HighErrors"), "looking")
    same = shop.until(shop.fires("Watched"), "looking")
    told = once_compared(lambda: json.loads(ann("policy", "compare", "--json").out))
    assert (told["same"], told["differ"]) == (1, 1)
    by_id = {row["incident_id"]: (row["in_force"], row["candidate"]) for row in told["incidents"]}
    deployment = differs.labels["deployment"]
    assert by_id[differs.incident_id] == (
        f"restart deployment/{deployment} in shop of eu-1",
        "escalated: no_playbook",
    )
    assert by_id[same.incident_id][0] == by_id[same.incident_id][1]
    shown = ann("policy", "compare").out
    assert differs.incident_id[:8] in shown
    assert same.incident_id[:8] not in shown
    assert shown.endswith("1 the same, 1 differ\n")


def once_compared(compare: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the candidate makes of them is written beside what is made of them, and read when it is
    there."""
    deadline = time.monotonic() + WAIT_S
    while True:
        told = compare()
        if (told["same"], told["differ"]) == (1, 1) or time.monotonic() >= deadline:
            return told


def test_a_candidate_is_dropped_or_promoted(mendlog: Mendlog, shop: Shop, file: Path) -> None:
    ann = shop.by(mendlog, "ann")
    file.write_text(LATER)
    assert ann("policy", "publish", str(file), "--shadow", *WHY).exit_code == 0
    dropped = ann("policy", "drop")
    assert dropped.exit_code == 0, dropped.err
    assert "the candidate's run has ended on" in dropped.out
    assert ann("policy", "publish", str(file), "--shadow", *WHY).exit_code == 0
    promoted = ann("policy", "promote", *WHY)
    assert promoted.exit_code == 0, promoted.err
    assert "~ limit cooldown 15m → 30m" in promoted.out
    assert "is in force already" in ann("policy", "publish", str(file), *WHY).out
