"""Deliveries a hundred times, in any order, resolved before they fire, a day late: one incident
each, each of its steps once, and the same again on replay."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from deploy.sandbox.stack import Stack
from deploy.sandbox.workloads import deploy_idle
from schemas.incidents import Incident
from schemas.remediation import Command, CommandKind
from schemas.topics import COMMANDS, INCIDENTS
from tests.audited import audited
from tests.e2e.incidents import contents, quick_stack, records

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(240)]

COPIES = 100
ALERTS_EACH = 5
AT_ONCE_MAX = 40
WITHIN_S = 120.0
PAUSE_S = 0.2
Alert = dict[str, object]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with quick_stack(tmp_path_factory.mktemp("stack")) as made:
        yield made


async def test_a_hundred_copies_in_any_order_are_one_incident_each(stack: Stack, seed: int) -> None:
    """Of alerts that fire; that fire and end; that end first, and are heard of again; and that
    fired and ended a day ago."""
    now = datetime.now(UTC).replace(microsecond=0)
    hour, day = timedelta(hours=1), timedelta(days=1)
    names = {kind: f"{kind}-{seed}" for kind in ("fires", "ends", "ended", "late")}
    for name in names.values():
        await asyncio.to_thread(deploy_idle, stack.cluster.url, name)
    fires = alerts(names["fires"], now - hour)
    both = alerts(names["ends"], now - hour) + alerts(names["ends"], now - hour, now)
    ended = alerts(names["ended"], now - hour, now)
    late = alerts(names["late"], now - day, now - day + hour)
    whim = random.Random(seed)
    await post(stack, ended, whim)
    await post(stack, (fires + both + ended + late) * COPIES, whim)
    await post(stack, alerts(names["ended"], now - hour) * COPIES, whim)
    incidents = await heard_to_the_end(stack, seed, whim)

    opened = {kind: of(name, incidents) for kind, name in names.items()}
    print(f"seed {seed}: { ({kind: len(found) for kind, found in opened.items()}) } incidents")
    assert len(opened["fires"]) == 1
    assert len(opened["ends"]) <= 1
    assert not opened["ended"]
    assert not opened["late"]
    ordered = await contents(stack, COMMANDS, Command, lambda c: c.command_id)
    acts = [c for c in ordered.values() if c.kind is CommandKind.ACT]
    steps = [(c.incident_id, c.step, c.attempt) for c in acts]
    assert len(steps) == len(set(steps))
    assert not {names["ended"], names["late"]} & {c.target.name for c in acts}
    await audited(stack.kafka.bootstrap, stack.options.prefix)


def alerts(deployment: str, starts: datetime, ends: datetime | None = None) -> list[Alert]:
    """One for each of some pods."""
    return [
        {
            "labels": {
                "alertname": "ErrorRatioHigh",
                "cluster": "demo",
                "namespace": "shop",
                "deployment": deployment,
                "severity": "critical",
                "pod": f"{deployment}-{number}",
            },
            "startsAt": starts.isoformat(),
            **({"endsAt": ends.isoformat()} if ends else {}),
        }
        for number in range(ALERTS_EACH)
    ]


async def post(stack: Stack, sent: Sequence[Alert], whim: random.Random) -> None:
    """Shuffled, and in deliveries of any size."""
    left = whim.sample(list(sent), len(sent))
    url = f"{stack.url('gateway')}/api/v2/alerts"
    async with aiohttp.ClientSession() as http:
        while left:
            size = whim.randint(1, AT_ONCE_MAX)
            part, left = left[:size], left[size:]
            while (status := await _status(http, url, part)) == 503:  # noqa: ASYNC110
                await asyncio.sleep(PAUSE_S)
            assert status == 200


async def _status(http: aiohttp.ClientSession, url: str, part: Sequence[Alert]) -> int:
    """503 where the broker is slow: then it is sent again, as one more copy."""
    async with http.post(url, json=part) as answer:
        return answer.status


def of(deployment: str, incidents: Sequence[Incident]) -> set[str]:
    return {i.incident_id for i in incidents if i.group.get("deployment") == deployment}


async def heard_to_the_end(stack: Stack, seed: int, whim: random.Random) -> list[Incident]:
    """All incidents, once the one of a last alert is among them: there is one partition."""
    await post(stack, alerts(f"last-{seed}", datetime.now(UTC)), whim)
    async with asyncio.timeout(WITHIN_S):
        while not of(f"last-{seed}", found := await records(stack, INCIDENTS, Incident)):
            pass
    return found
