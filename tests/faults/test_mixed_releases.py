"""Two releases over one tape: what a worker does not know it refuses; what was decided replays."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import Child
from schemas.codec import SINGLE_OBJECT, decode
from schemas.controls import ALL_CLUSTERS, ControlKind
from schemas.incidents import Decision
from schemas.rejects import Reject
from schemas.topics import ALERTS, COMMANDS, DECISIONS, REJECTS, TAPE, journal
from streams.controls import new_control, publish
from streams.host.exits import EXIT_REFUSED
from streams.host.inputs import inputs_of
from streams.replay import verify
from tests.e2e.platform import PARTITIONS, Platform, platform_on
from tests.faults.next_release import NEXT
from tests.faults.waits import ended, said, timed
from tests.schemas import goldens

pytestmark = [pytest.mark.broker, pytest.mark.slow]

AGENTS = "observe,relay,decide"
JOURNALS = {ALERTS: journal("observe", "alerts"), TAPE: journal("decide", "tape")}
OLD_FACTS = ("Detection", "Observation", "Outcome", "Control", "Tick")
OF_NO_RELEASE = SINGLE_OBJECT + b"\xff" * 8 + b"whatever this means"


@pytest.fixture
def platform(kafka: Kafka, tmp_path: Path) -> Iterator[Platform]:
    with platform_on(kafka, tmp_path) as made:
        yield made


async def test_a_logic_is_activated_while_an_old_release_and_a_new_one_run(
    platform: Platform,
) -> None:
    """The old one ends and says which release to run; the new one goes on with its partitions."""
    await asyncio.to_thread(platform.prepare)
    old = await asyncio.to_thread(platform.start, "processor", AGENTS=AGENTS)
    await platform.write(ALERTS, *(firing(n) for n in range(10)))
    await platform.until(COMMANDS, 10)
    new = start_next(platform, old)
    await said(new, '"event": "open"', times=len(inputs_of(AGENTS)))
    await publish(
        platform.bootstrap,
        platform.prefix,
        new_control(ControlKind.LOGIC, ALL_CLUSTERS, "next", {"version": str(NEXT)}, "test"),
    )
    await ended(old)
    assert old.exit_code == EXIT_REFUSED
    assert "run the release that introduced it" in old.log_file.read_text()

    with timed("from the old release's end to commands under the new logic"):
        await platform.write(ALERTS, *(firing(n) for n in range(10, 20)), partition=1)
        await platform.until(COMMANDS, 20)
    assert new.alive
    await caught_up(platform)
    logics = [d.logic for d in await decisions(platform)]
    assert {1, NEXT} == set(logics)
    verified = await asyncio.to_thread(replayed_by_next, platform)
    assert verified["differ"] == 0
    assert verified["recorded"] > 0


async def test_records_of_every_released_schema_side_by_side(platform: Platform) -> None:
    """What no release of ours wrote is kept as it came, with the reason, and nothing is guessed."""
    await asyncio.to_thread(platform.prepare)
    for _ in range(2):
        await asyncio.to_thread(platform.start, "processor", AGENTS=AGENTS)
    of_releases = list(released_facts())
    for n, value in enumerate(of_releases):
        await platform.write(TAPE, value, OF_NO_RELEASE, partition=n % PARTITIONS)
        await platform.write(ALERTS, firing(n))
    await caught_up(platform)
    rejects = [decode(r.value, Reject) for r in await platform.read(REJECTS)]
    assert [r.body for r in rejects if isinstance(r, Reject)] == [OF_NO_RELEASE] * len(of_releases)
    assert all(child.alive for child in platform.children)
    result = await verify(platform.bootstrap, platform.prefix, PARTITIONS)
    assert (result.differ, result.pending) == (0, 0)
    assert result.recorded > 0


async def caught_up(platform: Platform) -> None:
    for source, its in JOURNALS.items():
        await platform.caught_up(its, source)


def released_facts() -> Iterator[bytes]:
    """As old workers wrote them to a tape, each kind of fact in each version of its schema."""
    for file in sorted(goldens.FOLDER.glob("TapeRecord.v*.json")):
        for case in json.loads(file.read_text()):
            if case["case"].removeprefix("fact: ") in OLD_FACTS:
                yield bytes.fromhex(case["bytes"])


def firing(number: int) -> bytes:
    labels = {"alertname": "HighErrors", "namespace": "shop", "deployment": f"d{number}"}
    return json.dumps([{"labels": labels}]).encode()


async def decisions(platform: Platform) -> list[Decision]:
    read = [decode(r.value, Decision) for r in await platform.read(DECISIONS)]
    return [d for d in read if isinstance(d, Decision)]


def start_next(platform: Platform, old: Child) -> Child:
    """Beside the old one: the same settings, another folder."""
    folder = platform.folder / "next"
    assert old.env is not None
    env = {**old.env, "MENDLOG_DATA_DIR": str(folder), "MENDLOG_WEB_PORT": "0"}
    argv = (sys.executable, "-m", "tests.faults.next_release", "processor")
    child = Child("next release", argv, log_file=platform.folder / "next.log", env=env)
    child.start()
    platform.children.append(child)
    return child


def replayed_by_next(platform: Platform) -> dict[str, int]:
    argv = [sys.executable, "-m", "tests.faults.next_release", "replay", "--verify", "--json"]
    where = ["--bootstrap", platform.bootstrap, "--prefix", platform.prefix]
    done = subprocess.run(
        [*argv, *where, "--partitions", str(PARTITIONS)],
        capture_output=True,
        text=True,
        env=os.environ,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout)
