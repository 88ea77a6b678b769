"""The notifier as it runs: real broker, real process, killed where it hurts."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from deploy.sandbox.kafka import Kafka
from tests.remediators.notify.builders import fresh
from tests.remediators.notify.world import WITHIN_S, World, eventually, statuses, world

pytestmark = pytest.mark.broker

SENT = 'mendlog_deliveries_total{channel="ops",status="sent"} 1.0'
NOT_PUT_OUT_S = "15"
"""A session that no pause of the machine's is longer than."""


@pytest_asyncio.fixture
async def here(kafka: Kafka, tmp_path: Path) -> AsyncIterator[World]:
    async with world(kafka.bootstrap, tmp_path) as made:
        yield made


async def test_notices_are_told_recorded_and_committed(here: World):
    notifier = here.start()
    await here.send(fresh(1), fresh(2, severity="critical"), fresh(3, receivers=("audit", "bots")))
    ended = await here.ended(4)
    assert statuses(ended) == ["sent"] * 4
    assert {(d.receiver, d.channel) for d in ended} == {
        ("team", "ops"),
        ("team", "pager"),
        ("audit", "hook"),
        ("bots", "bot"),
    }
    (event,) = here.vendors.pagerduty.seen
    assert event.body["dedup_key"] == "incident-1"
    assert await here.stopped(notifier) == 0

    again = here.start()
    await here.send(fresh(4))
    await here.ended(5)
    assert len(here.vendors.slack.seen) == 2, "what was committed is not told again"
    assert await here.stopped(again) == 0


async def test_what_is_no_notice_is_kept_and_the_others_are_told(here: World):
    here.start()
    await here.send_raw(b"\xff\x00", b"incident-1")
    await here.send(fresh(1))
    kept = await here.rejected()
    assert (kept.body, kept.reason, kept.source) == (b"\xff\x00", "unknown_framing", "notifier")
    assert statuses(await here.ended(1)) == ["sent"]


@pytest.mark.parametrize("die_at", ["notifier.announced", "notifier.sent", "notifier.recorded"])
async def test_killed_anywhere_everything_is_told_and_what_may_be_twice_says_so(
    here: World, die_at: str
):
    victim = here.start(die_at)
    notices = [
        fresh(1, incident="a"),
        fresh(2, incident="b", severity="critical"),
        fresh(3, incident="c", receivers=("audit",)),
    ]
    await here.send(*notices)
    await here.died(victim)
    here.start()
    assert statuses(await here.ended(3)) == ["sent"] * 3

    assert {seen.headers["Idempotency-Key"] for seen in here.vendors.webhook.seen} == {
        f"{notices[2].notice_id}:audit"
    }
    assert {seen.body["dedup_key"] for seen in here.vendors.pagerduty.seen} == {"b"}
    told = [seen.body["text"] for seen in here.vendors.slack.seen]
    assert 1 <= len(told) <= 2
    assert all("possibly repeated" in text for text in told[1:])
    if die_at == "notifier.recorded":
        assert len(told) + len(here.vendors.webhook.seen) + len(here.vendors.pagerduty.seen) <= 5


async def test_a_notice_whose_time_is_over_is_not_sent(here: World):
    await here.send(fresh(1, ttl_ms=0), fresh(2))
    here.start()
    assert sorted(statuses(await here.ended(2))) == ["expired", "sent"]
    assert len(here.vendors.slack.seen) == 1


async def test_the_second_channel_takes_over_while_the_first_is_down(here: World):
    here.vendors.slack.down()
    notifier = here.start()
    await here.send(*(fresh(n, incident=f"i{n}") for n in range(6)))
    ended = await here.ended(6)
    assert {d.channel for d in ended} == {"hook"}
    assert all(
        seen.body["possibly_repeated"] in (True, False) for seen in here.vendors.webhook.seen
    )
    assert await here.stopped(notifier) == 0


async def test_metrics_and_health(here: World):
    here.start()
    await here.send(fresh(1))
    await here.ended(1)
    await eventually(here.port_file(0).exists, "the port")
    url = f"http://127.0.0.1:{here.port_file(0).read_text().strip()}"
    async with ClientSession(url) as client:
        assert (await client.get("/-/healthy")).status == 200
        assert (await client.get("/-/ready")).status == 200
        async with asyncio.timeout(WITHIN_S):  # it counts what is on record, which is read sooner
            while SENT not in await (await client.get("/metrics")).text():
                pass


async def test_it_ends_at_once_when_told_to_although_a_channel_hangs(here: World):
    here.vendors.slack.well.how = "hang"
    notifier = here.start(request_timeout_s="60")
    await here.send(fresh(1))
    await here.vendors.slack.count(1)
    assert await here.stopped(notifier) == 0

    here.vendors.slack.well.how = "whole"
    here.start()
    assert statuses(await here.ended(1)) == ["sent"]
    assert "possibly repeated" in here.vendors.slack.seen[-1].body["text"]


async def test_two_share_the_work_and_nobody_is_told_twice_when_one_ends_in_order(here: World):
    first = here.start(session_timeout_s=NOT_PUT_OUT_S)
    await here.send(*(fresh(n, incident=f"i{n}") for n in range(20)))
    await here.vendors.slack.count(20)
    second = here.start(session_timeout_s=NOT_PUT_OUT_S)
    await eventually(lambda: '"assigned"' in second.log_file.read_text(), "the second to join")
    await here.send(*(fresh(n, incident=f"i{n}") for n in range(20, 40)))
    assert await here.stopped(first) == 0
    await here.send(*(fresh(n, incident=f"i{n}") for n in range(40, 60)))
    assert statuses(await here.ended(60)) == ["sent"] * 60
    assert len(here.vendors.slack.seen) == 60


@pytest.mark.slow
async def test_killed_again_and_again_every_notice_is_told_and_repeats_say_so(here: World):
    """Ten notices a kill, at each point in turn; the points are reached many times in each life."""
    for life, point in enumerate(["announced", "sent", "recorded", "sent", "announced"]):
        victim = here.start(f"notifier.{point}")
        await here.send(
            *(
                fresh(10 * life + n, incident=f"i{n}", receivers=("team", "audit"))
                for n in range(10)
            )
        )
        await here.died(victim)
    here.start()
    ended = await here.ended(100)
    assert {d.status.value for d in ended} == {"sent"}
    assert len({(d.notice_id, d.receiver) for d in ended}) == 100

    titles = [seen.body["text"].split("*")[1] for seen in here.vendors.slack.seen]
    assert {f"checkout fails {n}" for n in range(50)} <= set(titles)
    first_seen: set[str] = set()
    for title, seen in zip(titles, here.vendors.slack.seen, strict=True):
        assert title not in first_seen or "possibly repeated" in seen.body["text"]
        first_seen.add(title)
    keys = {seen.headers["Idempotency-Key"] for seen in here.vendors.webhook.seen}
    assert len(keys) == 50


async def test_one_that_was_frozen_in_a_message_is_stood_in_for_and_ends_well(here: World):
    here.vendors.slack.fail("hang")
    frozen = here.start(request_timeout_s="60")
    await here.send(fresh(1))
    await here.vendors.slack.count(1)
    frozen.pause()
    second = here.start()
    assert statuses(await here.ended(1)) == ["sent"]
    assert "possibly repeated" in here.vendors.slack.seen[-1].body["text"]

    frozen.resume()
    await here.send(fresh(2))
    assert statuses(await here.ended(2)) == ["sent"] * 2
    assert await here.stopped(frozen) == 0
    assert await here.stopped(second) == 0
    assert len(here.vendors.slack.seen) == 3
