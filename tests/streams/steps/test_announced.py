"""A worker killed between any two of its writes: what it told is ended, the rest is told."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.metrics import Sample
from streams.host.exits import Stale
from streams.steps.effects import ANNOUNCED, InputRecord
from tests.examples import examples
from tests.streams.steps.journal import depth
from tests.streams.steps.lives import Worker, record, rules_of, worker
from tests.streams.steps.test_detectors_kept import RATIO

OF = "of: {metric: queue_depth}, by: [queue]"
DEEP = f"  - {{kind: threshold, name: Deep, {OF}, above: %d, for: %s}}\n"
GROWS = f"  - {{kind: change, name: Grows, {OF}, above: 0.5, window: 5m, for: 0s}}\n"
GONE = f"  - {{kind: absence, name: Gone, {OF}, for: 4m}}\n"
RULES = rules_of(DEEP % (100, "1m") + GROWS + GONE + RATIO)
LAST = 40
"""Scrapes at the end, without a kill, in which every window is filled."""
LASTING = {5: set[str](), 900: {"Deep/mail"}}
"""What fires in the end, by what lasts."""


class Killed(Enum):
    """Before which write."""

    ANNOUNCES = 0
    TELLS = 1
    STORES = 2


async def killed(it: Worker, size: int, before: Killed) -> None:
    """While it is at a group of so many records; and another is opened."""
    group = it.takes(size)
    if before is not Killed.ANNOUNCES:
        await it.announces(group)
    if before is Killed.STORES:
        it.tells(group)
    await it.opens()


def scrapes(depths: Sequence[int | None], errors: Sequence[int] = ()) -> list[InputRecord]:
    """Twice a minute. A queue may be silent; another never is, so that this is noticed."""
    found, counted = [], 0
    for number, level in enumerate(depths):
        counted += errors[number] if errors else 0
        labels = {"service": "shop"}
        samples = [
            depth(1.0, "other"),
            Sample("requests_total", {**labels, "code": "200"}, 100.0 * number),
            Sample("requests_total", {**labels, "code": "500"}, float(counted)),
        ]
        samples += [depth(float(level))] if level is not None else []
        found.append(record(number, number * 30, *samples))
    return found


@st.composite
def days(draw: st.DrawFn) -> tuple[list[int | None], list[int]]:
    """Levels that last for some scrapes each, and at the end one that lasts."""
    depths: list[int | None] = [5]
    errors = [0]
    for _ in range(draw(st.integers(2, 6))):
        number = draw(st.integers(1, 14))
        depths += [draw(st.sampled_from([None, 5, 5, 150, 400, 900]))] * number
        errors += [draw(st.sampled_from([0, 0, 30]))] * number
    return [*depths, *[draw(st.sampled_from([*LASTING]))] * LAST], [*errors, *[0] * LAST]


GROUPS = st.lists(st.tuples(st.integers(1, 8), st.sampled_from([None, None, *Killed])), max_size=40)


@settings(max_examples=examples(100), deadline=None)
@given(days(), GROUPS)
def test_wherever_it_is_killed_what_lasts_is_told_and_all_else_is_ended(
    day: tuple[list[int | None], list[int]], groups: list[tuple[int, Killed | None]]
) -> None:
    async def firing() -> set[str]:
        it = await worker(scrapes(*day), RULES)
        for size, before in groups:
            if it.journal.cursor + size < len(it.world.records) - LAST:
                await (it.runs(size) if before is None else killed(it, size, before))
        await it.until(len(it.world.records))
        return it.world.core.firing

    assert asyncio.run(firing()) == LASTING[day[0][-1] or 0]


@pytest.mark.parametrize("before", Killed)
async def test_no_later_window_would_know_of_a_fault_that_is_over(before: Killed) -> None:
    it = await worker(scrapes([5] * 20 + [400, 5, 5] + [5] * LAST), RULES)
    await it.until(20)
    await killed(it, 1, before)
    told = [("Grows", "firing")] * (before is Killed.STORES)
    assert it.world.core.told == told
    await it.until(100)
    told += [("Grows", "firing"), ("Grows", "resolved")] * (before is not Killed.ANNOUNCES)
    assert (it.world.core.told, it.world.core.firing) == (told, set())


def two_queues(x_from: int, z_from: int) -> list[InputRecord]:
    return [
        record(
            n, n * 30, depth(500 if n >= x_from else 5, "x"), depth(60 if n >= z_from else 5, "z")
        )
        for n in range(60)
    ]


async def test_of_a_rule_that_is_taken_out_after_a_kill_the_alert_ends() -> None:
    it = await worker(two_queues(13, 99), rules_of(DEEP % (100, "0s")))
    await it.until(10)
    await killed(it, 5, Killed.STORES)
    assert it.world.core.firing == {"Deep/x"}
    await it.opens(rules_of(GONE))
    await it.until(60)
    assert it.world.core.firing == set()


@pytest.mark.parametrize("stored", [0, 1], ids=["at once", "after a short group"])
async def test_what_begins_before_what_was_told_already_is_heard_too(stored: int) -> None:
    """A limit is lowered, and the records are read again of which the core has heard."""
    it = await worker(two_queues(14, 12), rules_of(DEEP % (100, "0s")))
    await it.until(10)
    await killed(it, 6, Killed.STORES)
    await it.until(10 + stored)
    await it.opens(rules_of(DEEP % (50, "0s")))
    await it.until(60)
    assert it.world.core.firing == {"Deep/x", "Deep/z"}


async def test_a_record_that_cannot_be_read_takes_nothing_over_and_loses_nothing() -> None:
    records = scrapes([5] * 21 + [400, 400] + [5] * LAST)
    records[20] = replace(records[20], value=b"not samples")
    it = await worker(records, RULES)
    await it.until(20)
    await killed(it, 2, Killed.STORES)
    await it.runs()
    await it.opens()
    await it.until(100)
    assert it.world.core.told[-1] == ("Grows", "resolved")
    assert it.world.core.firing == set()


async def test_the_end_of_what_was_gone_for_a_day_is_no_end_for_ever() -> None:
    day = [record(n, n * 30, depth(500)) for n in range(6)]
    day += [record(6 + n, 300 + n * 600, depth(5, "other")) for n in range(160)]
    day += [record(166 + n, 98_000 + n * 30, depth(900)) for n in range(9)]
    it = await worker(day, rules_of(DEEP % (100, "0s")))
    while it.world.core.told[-1:] != [("Deep", "resolved")]:
        before = it.journal.cursor + 1
        group = it.takes()
        await it.announces(group)
        it.tells(group)
        if it.world.core.told[-1:] != [("Deep", "resolved")]:
            await it.stores(group)
    await it.opens()
    await it.until(before + 1)
    await it.opens()
    await it.until(len(day))
    assert it.world.core.firing == {"Deep/mail"}


async def test_whom_another_was_beside_ends_and_its_successor_takes_over_from_both() -> None:
    """Both were opened at one place. What the other has announced it may tell at any moment."""
    one = await worker(scrapes([5] * 20 + [5, 400, 5, 5] + [5] * LAST), RULES)
    await one.until(20)
    other = Worker(one.world, RULES)
    await other.opens()
    late = one.takes(2)
    await one.announces(late)  # and is paused
    with pytest.raises(Stale, match="another worker was at 19 too"):
        await other.runs()
    await other.opens()
    await other.until(24)
    one.tells(late)
    with pytest.raises(Stale):
        await one.stores(late)
    await other.until(100)
    assert one.world.core.firing == set()


async def test_who_comes_late_announces_nothing_to_anybody() -> None:
    late = await worker(scrapes([5] * 20 + [400, 5, 5] + [5] * LAST), RULES)
    await late.until(20)
    group = late.takes()
    other = Worker(late.world, RULES)
    await other.opens()
    await other.until(26)
    with pytest.raises(Stale):
        await late.announces(group)
    await other.opens()
    assert not [key for key in other.journal.live if key.startswith(ANNOUNCED)]
    await other.until(100)
    assert other.world.core.told == [], "its window began with the fault"


async def test_a_rule_may_be_called_as_announcements_are_kept() -> None:
    text = RATIO.replace("ErrorRatioHigh", "'!ErrorRatioHigh'")
    it = await worker(scrapes([5] * 30, [30] * 30), rules_of(text))
    await it.until(20)
    await it.opens()
    await it.until(30)
    assert it.world.core.firing == {"!ErrorRatioHigh"}
