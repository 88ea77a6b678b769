"""Whoever opts out or pauses is heard by the API itself, whatever was announced before."""

from typing import Any

import pytest

from remediators.core import protocol
from remediators.core.seen import ENABLED, PAUSED_UNTIL
from schemas.actions import CORDON, EXPAND_VOLUME, RAISE_MAX, RAISE_MEMORY, SET_FLAG, SHIFT_TRAFFIC
from tests.fakes import Object
from tests.remediators.actions.test_every_action import begun
from tests.remediators.executor.bench import Died, words

LATER = "2999-01-01T00:00:00Z"


def opts_out(found: Object) -> None:
    del found["metadata"]["annotations"][ENABLED]


def pauses(found: Object) -> None:
    found["metadata"]["annotations"][PAUSED_UNTIL] = LATER


PATCHED = (CORDON, EXPAND_VOLUME, RAISE_MAX, RAISE_MEMORY, SET_FLAG, SHIFT_TRAFFIC)
"""Changes of objects of which annotations move no generation."""


@pytest.mark.parametrize("edit", [opts_out, pauses])
@pytest.mark.parametrize("action", PATCHED)
async def test_what_was_announced_has_no_effect_any_more(action: str, edit: Any, monkeypatch):
    monkeypatch.setattr(protocol, "LAST_READS_MS", 0)
    here, act = await begun(action)
    here.die_at = "executor.intent_acked"
    with pytest.raises(Died):
        await here.do(act)
    here.cluster.change(act.target, edit)
    here.restart()
    (ended,) = await here.do(act)
    assert words([ended]) == ["unknown no_answer"]
    assert here.cluster.changes == []


@pytest.mark.parametrize("action", PATCHED)
async def test_a_pause_that_is_over_is_none(action: str):
    here, act = await begun(action)
    found = here.cluster.objects[act.target]
    found["metadata"]["annotations"][PAUSED_UNTIL] = "2001-01-01T00:00:00Z"
    assert words(await here.do(act))[-1] == "applied"
