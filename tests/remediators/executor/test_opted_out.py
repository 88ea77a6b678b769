"""Whoever opts out or pauses is heard by the API itself, whatever was announced before."""

from typing import Any

import pytest

from remediators.core.seen import ENABLED, PAUSED_UNTIL
from schemas.kinds import DEPLOYMENT, POD
from schemas.remediation import Outcome
from tests.fakes import Object
from tests.remediators.actions.samples import SAMPLES
from tests.remediators.actions.test_every_action import begun
from tests.remediators.executor.bench import Died, words

LATER = "2999-01-01T00:00:00Z"


def opts_out(found: Object) -> None:
    del found["metadata"]["annotations"][ENABLED]


def pauses(found: Object) -> None:
    found["metadata"]["annotations"][PAUSED_UNTIL] = LATER


PATCHED = sorted(
    name
    for name, sample in SAMPLES.items()
    if sample.target.kind not in (DEPLOYMENT, POD)
    and name in ("cordon", "drain", "raise_max", "raise_memory", "expand_volume", "set_flag")
)
"""Changes of objects of which annotations move no generation."""


@pytest.mark.parametrize("edit", [opts_out, pauses])
@pytest.mark.parametrize("action", PATCHED)
async def test_after_it_was_announced_nothing_is_sent_again(action: str, edit: Any):
    here, act = await begun(action)
    here.die_at = "executor.intent_acked"
    with pytest.raises(Died):
        await here.do(act)
    here.cluster.change(act.target, edit)
    here.restart()
    (ended,) = await here.do(act)
    assert isinstance(ended, Outcome)
    assert ended.status in ("rejected", "unknown"), words([ended])
    assert here.cluster.changes == []


@pytest.mark.parametrize("action", PATCHED)
async def test_a_pause_that_is_over_is_none(action: str):
    here, act = await begun(action)
    found = here.cluster.objects[act.target]
    found["metadata"]["annotations"][PAUSED_UNTIL] = "2001-01-01T00:00:00Z"
    assert words(await here.do(act))[-1] == "applied"
