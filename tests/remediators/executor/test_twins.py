"""Two executors have one command in hand, since one was taken for gone: what is on record first is
what counts, and what the other's effect looks like is never refused."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from remediators.core.protocol import End
from remediators.core.refusal import Refusal
from remediators.executor.desk import Desk
from remediators.executor.work import Work
from remediators.ports import BrokerLost, Recorded
from schemas.actions import DELETE_POD, DRAIN, EVICT_POD, RUN_JOB, SCALE
from schemas.kinds import NODE, POD
from schemas.remediation import (
    Command,
    CommandKind,
    Observation,
    Outcome,
    OutcomeReason,
    OutcomeStatus,
    Target,
)
from tests.remediators.actions.samples import READY, SAMPLES, kept
from tests.remediators.builders import command
from tests.remediators.executor.bench import PARTITION, Bench, Died, words

NODE_1, NODE_2 = (Target("eu-1", "", NODE, name) for name in ("n1", "n2"))
POD_1, POD_2 = (Target("eu-1", "shop", POD, name) for name in ("p1", "p2"))


class Twins(Bench):
    """`first` is a process, and so is `second`; each has read the ledger and nothing since."""

    def __init__(self) -> None:
        self.at: dict[str, Callable[[], None]] = {}
        """What happens at a point."""
        super().__init__()

    async def split(self) -> None:
        self.first = self.desk, self.work
        await self.desk.open()
        self.restart()
        self.second = self.desk, self.work
        await self.desk.open()

    async def does(self, twin: tuple[Desk, Work], order: Command) -> list[Recorded]:
        self.desk, self.work = twin
        return await self.do(order)

    def _reached(self, point: str) -> None:
        super()._reached(point)
        self.at.get(point, lambda: None)()

    def before_the_next_append(self, happens: Callable[[], Awaitable[Any]]) -> None:
        append = self.ledger.append

        async def later(partition: int, record: Recorded) -> int:
            self.ledger.append = append  # type: ignore[method-assign]
            await happens()
            return await append(partition, record)

        self.ledger.append = later  # type: ignore[method-assign]


@pytest.fixture
def here() -> Twins:
    return Twins()


async def bound(here: Twins, action: str) -> Command:
    sample = SAMPLES[action]
    here.kit = sample.kit
    here.restart()
    here.cluster.objects.clear()
    sample.build(here.cluster)
    return await order(here, sample.target, action, **sample.parameters)


async def order(here: Twins, target: Target, action: str, **parameters: str) -> Command:
    look = command(CommandKind.LOOK, command_id="look", target=target, action=action)
    (seen,) = await here.do(look)
    assert isinstance(seen, Observation)
    more = {"uid": seen.uid, "generation": seen.generation, "marker": seen.marker}
    return command(target=target, action=action, parameters=parameters, **more)


def ends(here: Twins) -> list[OutcomeStatus]:
    found = [r for r in here.records if isinstance(r, Outcome)]
    return [o.status for o in found if o.status.terminal]


def a_node_with_two_pods(here: Twins) -> None:
    here.cluster.objects.clear()
    here.cluster.put(NODE_1, {"spec": {"unschedulable": True}})
    here.cluster.put(NODE_2, {"status": {"conditions": [READY]}})
    for pod in (POD_1, POD_2):
        here.cluster.put(pod, kept("Keeper", nodeName="n1"))


async def test_a_drain_never_takes_two_pods_by_one_command(here: Twins):
    """One that was frozen wakes up to a node without the first pod, and would take the next. The
    other has announced the first before that, and has died."""
    a_node_with_two_pods(here)
    act = await order(here, NODE_1, DRAIN)
    await here.split()
    taken = here.cluster.objects.pop(POD_1)

    async def other() -> None:
        here.cluster.objects[POD_1] = taken
        here.die_at = "executor.response_read"
        with pytest.raises(Died):
            await here.does(here.second, act)
        here.die_at = ""

    here.before_the_next_append(other)
    await here.does(here.first, act)
    assert [r.target for r in here.cluster.changes] == [POD_1]
    assert ends(here) == [OutcomeStatus.APPLIED]


@pytest.mark.parametrize("action", [EVICT_POD, SCALE])
async def test_of_two_announcements_the_first_is_what_both_carry_out(here: Twins, action: str):
    act = await bound(here, action)
    await here.split()

    async def other() -> None:
        here.die_at = "executor.intent_acked"
        with pytest.raises(Died):
            await here.does(here.second, act)
        here.die_at = ""

    here.before_the_next_append(other)
    found = await here.does(here.first, act)
    assert words(found) == ["intent", "intent", "applied"]
    assert len(here.cluster.changes) == 1


@pytest.mark.parametrize("action", [EVICT_POD, SCALE, RUN_JOB])
async def test_an_announcement_that_comes_too_late_looks_for_the_effect_of_the_first(
    here: Twins, action: str
):
    act = await bound(here, action)
    await here.split()

    async def other() -> None:
        here.clock.at_ms += 1
        await dies_having_sent(here, here.second, act)
        here.clock.at_ms = act.expires_at_ms + 1

    here.before_the_next_append(other)
    await here.does(here.first, act)
    assert ends(here) == [OutcomeStatus.APPLIED]


@pytest.mark.parametrize("action", [DELETE_POD, EVICT_POD, RUN_JOB, SCALE])
async def test_what_the_other_has_done_is_not_refused(here: Twins, action: str):
    """Dead before it could say so; its INTENT came after our reading of the topic."""
    act = await bound(here, action)
    await here.split()
    here.die_at = "executor.response_read"
    with pytest.raises(Died):
        await here.does(here.first, act)
    here.die_at = ""
    assert words(await here.does(here.second, act)) == ["applied"]
    assert len(here.cluster.changes) == 1


@pytest.mark.parametrize("action", [DELETE_POD, EVICT_POD, RUN_JOB, SCALE])
async def test_what_the_other_has_done_since_our_look_is_not_stale(here: Twins, action: str):
    act = await bound(here, action)
    await here.split()

    def meanwhile(request):
        intent = here.desk.pen.intent(act, request, {})
        here.ledger.records[PARTITION].append((here.clock.at_ms, intent))
        here.cluster.take_effect(request)
        return here.cluster.take_effect(request, rehearsal=True)

    here.cluster.rehearsals.append(meanwhile)
    await here.does(here.second, act)
    assert ends(here) == [OutcomeStatus.APPLIED]
    assert len(here.cluster.changes) == 1


async def test_what_the_other_has_concluded_is_not_concluded_again(here: Twins):
    act = await bound(here, EVICT_POD)
    await here.split()
    await here.does(here.first, act)
    assert words(await here.does(here.second, act)) == []


@pytest.mark.parametrize("action", [SCALE, EVICT_POD, RUN_JOB])
async def test_an_end_that_the_other_has_told_is_not_told_otherwise(here: Twins, action: str):
    """Frozen in the middle of sending; meanwhile it has expired, and was called unknown."""
    act = await bound(here, action)
    await here.split()

    def sleeps(request):
        here.clock.at_ms = act.expires_at_ms + 1
        intent = here.records[-1]
        assert isinstance(intent, Outcome)
        unknown = here.desk.pen.ended(act, intent, End(OutcomeStatus.UNKNOWN))
        here.ledger.records[PARTITION].append((here.clock.at_ms, unknown))
        return here.cluster.take_effect(request)

    here.cluster.replies.append(sleeps)
    await here.does(here.first, act)
    assert ends(here) == [OutcomeStatus.UNKNOWN]


@pytest.mark.parametrize("action", [SCALE, EVICT_POD, RUN_JOB])
async def test_what_we_have_announced_the_other_may_have_sent(here: Twins, action: str):
    """Frozen between the two; awake it is too late, and no effect of ours."""
    act = await bound(here, action)

    def frozen() -> None:
        intent = here.records[-1]
        assert isinstance(intent, Outcome)
        assert intent.request is not None
        here.cluster.take_effect(intent.request)
        here.clock.at_ms = act.expires_at_ms + 1

    here.at["executor.intent_acked"] = frozen
    await here.do(act)
    assert ends(here) == [OutcomeStatus.APPLIED]
    assert len(here.cluster.changes) == 1


@pytest.mark.parametrize("action", [SCALE, EVICT_POD, RUN_JOB])
async def test_what_the_other_has_refused_is_not_done(here: Twins, action: str):
    """It was the kill switch that the other heard, and it is off again by now."""
    act = await bound(here, action)
    await here.split()
    here.clock.refusals["eu-1"] = Refusal(OutcomeReason.KILLED, "a drill")
    assert words(await here.does(here.second, act)) == ["rejected killed"]
    here.clock.refusals.clear()
    await here.does(here.first, act)
    assert ends(here) == [OutcomeStatus.REJECTED]
    assert here.cluster.sent == []


async def dies_having_sent(here: Twins, twin: tuple[Desk, Work], act: Command) -> None:
    here.die_at = "executor.response_read"
    with pytest.raises(Died):
        await here.does(twin, act)
    here.die_at = ""


@pytest.mark.parametrize("action", [SCALE, EVICT_POD, RUN_JOB])
async def test_what_the_other_has_begun_has_not_simply_expired(here: Twins, action: str):
    """We were frozen with it in hand; the other took over, sent it, and died."""
    act = await bound(here, action)
    await here.split()
    await dies_having_sent(here, here.second, act)
    here.clock.at_ms = act.expires_at_ms + 1
    assert words(await here.does(here.first, act)) == ["applied"]


async def test_what_the_other_has_begun_is_not_refused_for_a_kill_switch(here: Twins):
    act = await bound(here, SCALE)
    await here.split()
    await dies_having_sent(here, here.second, act)
    here.clock.at_ms += 10_000
    here.clock.refusals["eu-1"] = Refusal(OutcomeReason.KILLED, "a drill")
    assert words(await here.does(here.first, act)) == ["applied"]


async def test_a_topic_that_has_lost_our_intent_ends_the_process(here: Twins):
    act = await bound(here, EVICT_POD)
    await here.split()

    async def nowhere(partition: int, record: Recorded) -> int:
        return here.clock.at_ms

    here.ledger.append = nowhere  # type: ignore[method-assign]
    with pytest.raises(BrokerLost):
        await here.does(here.first, act)
    assert here.cluster.sent == []
