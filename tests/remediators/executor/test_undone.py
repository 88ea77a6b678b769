"""What was done is undone, as it was, and only where nobody else has touched it."""

import copy

import pytest

from schemas.actions import DEGRADE, SCALE
from schemas.remediation import CommandKind, Outcome
from tests.remediators.builders import TARGET, command
from tests.remediators.executor.bench import Bench, words


@pytest.fixture
def here() -> Bench:
    return Bench()


async def test_scaled_and_undone(here: Bench):
    act = await here.act(action=SCALE, parameters={"replicas": "5", "max": "9"})
    _, applied = await here.do(act)
    assert isinstance(applied, Outcome)
    undo = command(
        CommandKind.ROLLBACK,
        command_id="c2",
        action=SCALE,
        parameters=applied.undo,
        undoes=act.command_id,
        uid=act.uid,
        generation=act.generation,
        marker=act.marker,
    )
    assert words(await here.do(undo)) == ["intent", "applied"]
    assert here.cluster.objects[TARGET]["spec"]["replicas"] == 3
    assert "executor.mid_rollback" in here.points


async def test_degraded_and_undone(here: Bench):
    before = copy.deepcopy(here.cluster.objects[TARGET]["spec"])
    act = await here.act(action=DEGRADE, parameters={"value": "on"})
    _, applied = await here.do(act)
    assert isinstance(applied, Outcome)
    assert applied.undo == {"variable": "DEGRADED_MODE", "value": "on"}
    (main,) = here.cluster.objects[TARGET]["spec"]["template"]["spec"]["containers"]
    assert main["env"] == [{"name": "DEGRADED_MODE", "value": "on"}]
    undo = command(
        CommandKind.ROLLBACK,
        command_id="c2",
        action=DEGRADE,
        parameters=applied.undo,
        undoes=act.command_id,
        uid=act.uid,
        generation=act.generation,
        marker=act.marker,
    )
    assert words(await here.do(undo)) == ["intent", "applied"]
    assert here.cluster.objects[TARGET]["spec"] == before


async def test_a_value_that_is_malformed_is_never_announced(here: Bench):
    act = await here.act(action=DEGRADE, parameters={"value": "x" * 129})
    assert words(await here.do(act)) == ["rejected bad_parameters"]
    assert here.cluster.sent == []


async def test_undone_only_while_nobody_else_has_touched_it(here: Bench):
    act = await here.act(action=SCALE, parameters={"replicas": "5", "max": "9"})
    await here.do(act)
    here.cluster.change(TARGET, lambda found: found["spec"].update(replicas=6))
    undo = command(
        CommandKind.ROLLBACK,
        command_id="c2",
        action=SCALE,
        parameters={"replicas": "3"},
        undoes=act.command_id,
        uid=act.uid,
        generation=act.generation,
    )
    assert words(await here.do(undo)) == ["rejected stale"]
