"""Objects are written by anybody. Whatever one of them holds ends its own commands, and nothing
else: not the process, which serves all other clusters too.
"""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from remediators.actions.catalog import CATALOG
from remediators.actions.roll_back import LEFT
from remediators.adapters.kubernetes.owners import ARGO_TRACKING
from remediators.core.marker import LAST_COMMAND
from remediators.core.seen import PAUSED_UNTIL
from remediators.core.workload import REVISION
from schemas.actions import ROLL_BACK
from schemas.codec import encode
from schemas.remediation import CommandKind, Observation, Outcome
from tests.fakes import Object
from tests.remediators.actions.samples import SAMPLES
from tests.remediators.actions.test_every_action import begun
from tests.remediators.builders import TARGET, command
from tests.remediators.executor.bench import Bench, words

NO_NUMBERS = ["²", "9" * 5_000, "-1", "1.5", ""]
ODD: tuple[Any, ...] = (None, "²", [None])


@pytest.mark.parametrize("note", [LEFT, REVISION])
@pytest.mark.parametrize("text", NO_NUMBERS, ids=lambda text: text[:4])
async def test_notes_that_are_no_numbers(note: str, text: str):
    here = Bench()
    here.cluster.change(TARGET, release)
    act = await here.act(action=ROLL_BACK)
    here.cluster.objects[TARGET]["metadata"]["annotations"][note] = text
    ended = (await here.do(act))[-1]
    assert isinstance(ended, Outcome)
    assert ended.status.terminal


def release(found: Object) -> None:
    found["spec"]["template"]["spec"]["containers"][0]["image"] = "example/main:2"


async def test_notes_of_any_length_make_no_long_record():
    """The API takes 256 KiB of them, and a record that is too long would end the process."""
    here = Bench()
    notes = dict.fromkeys((PAUSED_UNTIL, REVISION, ARGO_TRACKING), "9" * 80_000)
    meta = here.cluster.objects[TARGET]["metadata"]
    meta["annotations"] |= notes
    meta["managedFields"] = [{"manager": f"{number:0120d}"} for number in range(1_000)]
    (seen,) = await here.do(command(CommandKind.LOOK))
    assert isinstance(seen, Observation)
    assert len(encode(seen)) < 8_192


async def test_a_marker_that_is_not_ours_is_told_of():
    here = Bench()
    here.cluster.objects[TARGET]["metadata"]["annotations"][LAST_COMMAND] = "a," * 100_000
    (refused,) = await here.do(command(CommandKind.LOOK))
    assert words([refused]) == ["rejected invalid"]
    assert len(encode(refused)) < 8_192


@pytest.mark.parametrize("action", sorted(CATALOG))
async def test_a_member_that_is_not_what_the_api_has_there(action: str):
    """Of its target: each in turn is something else when it is read before the act."""
    target = SAMPLES[action].target
    here, act = await begun(action)
    for number, path in enumerate(paths(here.cluster.objects[target])):
        for odd in ODD:
            here, act = await begun(action)
            found = copy.deepcopy(here.cluster.objects[target])
            put(found, path, copy.deepcopy(odd))
            here.cluster.objects[target] = found
            records = await here.do(act)
            ends = [r for r in records if isinstance(r, Outcome) and r.status.terminal]
            assert len(ends) == 1, (number, path, odd, words(records))


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in items:
        yield (*at, key)
        if isinstance(each, dict | list):
            yield from paths(each, (*at, key))


def put(value: Any, path: tuple[Any, ...], odd: Any) -> None:
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = odd
