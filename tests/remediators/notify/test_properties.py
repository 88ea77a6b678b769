"""What holds whatever the channels answer and whenever the notifier is restarted."""

import asyncio
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from remediators.notifier_ports import HttpFault, HttpReply
from remediators.notify.letter import letter
from tests.examples import examples
from tests.remediators.notify.builders import HOUR_MS, NOW_MS, notice
from tests.remediators.notify.partition import Here

replies = st.sampled_from(
    [
        HttpReply(200, b"ok"),
        HttpReply(202),
        HttpReply(404, b"channel_not_found"),
        HttpReply(429, retry_after_ms=5_000),
        HttpReply(429, retry_after_ms=900_000),
        HttpReply(503),
        HttpReply(200, b"<html>"),
        HttpReply(fault=HttpFault.CUT, detail="cut"),
        HttpReply(fault=HttpFault.NOT_REACHED, detail="refused"),
    ]
)
notices = st.lists(
    st.builds(
        dict,
        incident=st.sampled_from(["a", "b", "c"]),
        severity=st.sampled_from(["critical", "low"]),
        kind=st.sampled_from(["acting", "escalated", "resolved"]),
        receivers=st.sampled_from([(), ("audit",), ("team", "audit")]),
    ),
    min_size=1,
    max_size=8,
)
answers = st.lists(replies, max_size=12)
pauses = st.lists(st.integers(0, 400_000), max_size=4)


@settings(max_examples=examples(150))
@given(notices, answers, answers, answers, st.sampled_from([1, 2, 1000]), pauses)
def test_each_receiver_ends_once_in_order_and_in_time(about, ops, pager, hook, per_minute, lives):
    asyncio.run(story(about, {"ops": ops, "pager": pager, "hook": hook}, per_minute, lives))


async def story(about, answers, per_minute, lives):
    given = [notice(n, **one) for n, one in enumerate(about)]
    async with asyncio.TaskGroup() as tasks:
        here = Here(tasks, per_minute)
        for name, next_answers in answers.items():
            here.posts[name].next.extend(next_answers)
        for pause_ms in lives:
            await here.give(*given)
            await here.clock.advance(pause_ms)
            here.claim.close()
            await here.clock.settle()
            here.claim = here.fresh_claim()
        await here.give(*given)
        await here.clock.advance(2 * HOUR_MS)
        here.end()

    assert here.done == len(given), "nothing waits for ever"
    ends = Counter((d.notice_id, d.receiver) for d in here.deliveries.ends)
    wanted = {(n.notice_id, r) for n in given for r in n.receivers or ("team",)}
    assert ends == Counter(wanted), "each once"
    for at_ms, delivery in here.deliveries.records[0]:
        if delivery.status.value in ("sent", "digested"):
            assert at_ms < NOW_MS + HOUR_MS, "never late"
    assert_in_order(here, given)


def assert_in_order(here, given) -> None:
    place = {letter(one, "x").notice_id: n for n, one in enumerate(given)}
    lanes: dict[tuple[str, str], list[int]] = {}
    for delivery in here.deliveries.ends:
        lane = lanes.setdefault((delivery.incident_id, delivery.receiver), [])
        lane.append(place[delivery.notice_id])
    assert all(lane == sorted(lane) for lane in lanes.values())
