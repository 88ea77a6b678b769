"""Kill a process at every point of an incident: it still ends resolved, with one effect.

One stack for all points, to save its start; each point has an incident of its own.
"""

import asyncio
import json
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from deploy.failpoints import ARMED, POINT
from deploy.sandbox.stack import Stack
from schemas.remediation import Command, CommandKind, Outcome, OutcomeStatus
from schemas.signing import COMMAND, read_public_keys, signature_of
from schemas.topics import COMMANDS, OUTCOMES
from tests.audited import audited
from tests.e2e.incidents import as_received, break_and_wait, contents, quick_stack, records

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

POINTS = (
    ("processor", "detect.announced"),
    ("processor", "detect.outputs_acked"),
    ("processor", "decide.consumed"),
    ("processor", "decide.outputs_acked"),
    ("processor", "decide.journal_written"),
    ("processor", "relay.outputs_acked"),
    ("processor", "relay.journal_written"),
    ("executor", "executor.intent_acked"),
    ("executor", "executor.response_read"),
)
ELSEWHERE_TOO = (
    ("executor", "executor.claimed"),
    ("executor", "executor.request_sent"),
    ("executor", "executor.result_acked"),
)
"""Each time by `test_executor_kills` without the rest of a stack; here by `make soak`."""

ONLY_IN_AN_INCIDENT = ("relay.", "executor.")
"""Armed before the fault; the others, which are reached all the time, once the fault shows."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with quick_stack(tmp_path_factory.mktemp("stack")) as made:
        yield made


@pytest.mark.parametrize(
    ("process", "point"),
    [*POINTS, *(pytest.param(*at, marks=pytest.mark.soak) for at in ELSEWHERE_TOO)],
    ids=lambda v: v,
)
def test_the_incident_still_ends_resolved_with_one_effect(
    stack: Stack, tmp_path: Path, process: str, point: str
) -> None:
    armed = tmp_path / "armed"
    before = revision(stack)
    stack.restart(process, {POINT: point, ARMED: str(armed)})
    if point.startswith(ONLY_IN_AN_INCIDENT):
        armed.touch()
        story = asyncio.run(break_and_wait(stack))
    else:
        story = asyncio.run(break_and_wait(stack, armed.touch))
    assert not armed.exists(), f"{point} was never reached"
    assert story.end == "verified"
    assert revision(stack) == before + 1, "one incident, one restart"
    asyncio.run(check_the_record(stack))


def revision(stack: Stack) -> int:
    """Grows by one with every change of the pods' template."""
    url = f"{stack.cluster.url}/apis/apps/v1/namespaces/shop/deployments/checkout"
    with urllib.request.urlopen(url, timeout=30) as answer:
        annotations: Mapping[str, str] = json.load(answer)["metadata"]["annotations"]
    return int(annotations["deployment.kubernetes.io/revision"])


async def check_the_record(stack: Stack) -> None:
    """The audit finds nothing, and every ACT was applied and came to no other end."""
    found = await audited(stack.kafka.bootstrap, stack.options.prefix)
    assert {name for name, verdict in found.items() if not verdict.checked} == set()
    commands = await contents(stack, COMMANDS, Command, lambda c: c.command_id)
    outcomes = await records(stack, OUTCOMES, Outcome)
    for command in (v for v in commands.values() if v.kind is CommandKind.ACT):
        mine = [o for o in outcomes if o.command_id == command.command_id]
        statuses = [o.status for o in mine]
        assert statuses[0] is OutcomeStatus.INTENT
        assert {s for s in statuses if s.terminal} == {OutcomeStatus.APPLIED}
    await check_signatures(stack)


async def check_signatures(stack: Stack) -> None:
    """Every command has the processor's; one that was appended again has the same."""
    (key,) = read_public_keys(stack.command_keys.public)
    commands = await as_received(stack, COMMANDS)
    signed = {(record.value, signature_of(record.headers)) for record in commands}
    assert all(key.has_signed(COMMAND, value, signature) for value, signature in signed)
    assert len(signed) == len({value for value, _ in signed})
