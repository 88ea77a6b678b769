"""More to say than a channel may be sent, on virtual time: each test is a timeline."""

import json
from dataclasses import replace

from remediators.notify.health import FAILURES_MAX, failed
from tests.remediators.notify.builders import HOUR_MS, NOW_MS, notice
from tests.remediators.notify.partition import LOST, Here

MINUTE_MS = 60_000


async def test_over_the_limit_the_rest_is_one_message_that_names_every_critical(tight: Here):
    await tight.give(
        *(
            notice(n, incident=f"i{n}", severity="critical" if n == 5 else "low",
                   receivers=("audit",))
            for n in range(8)
        )
    )  # fmt: skip
    hook = tight.posts["hook"]
    assert len(hook.sent) == 2
    await tight.clock.advance(MINUTE_MS - 1)
    assert len(hook.sent) == 2
    await tight.clock.advance(1)
    body = json.loads(hook.sent[2].body)
    assert body["type"] == "digest"
    assert len(body["notices"]) == 6
    assert body["severity"] == "critical"
    assert [d.status.value for d in tight.deliveries.ends] == ["sent"] * 2 + ["digested"] * 6
    assert tight.done == 8


async def test_whoever_comes_while_a_digest_waits_joins_it(tight: Here):
    await tight.give(*(notice(n, incident=f"i{n}") for n in range(3)))
    await tight.clock.advance(30_000)
    await tight.give(notice(9, incident="late"), first=3)
    assert len(tight.texts()) == 2
    await tight.clock.advance(30_000)
    assert len(tight.texts()) == 3
    assert "checkout fails 2" in tight.texts()[2]
    assert "checkout fails 9" in tight.texts()[2]


async def test_one_alone_is_told_as_a_message(tight: Here):
    await tight.give(*(notice(n, incident=f"i{n}") for n in range(3)))
    await tight.clock.advance(MINUTE_MS)
    assert "*checkout fails 2*" in tight.texts()[2]


async def test_a_digest_that_fails_is_told_again(tight: Here):
    await tight.give(*(notice(n, incident=f"i{n}") for n in range(5)))
    tight.posts["ops"].next.append(LOST)
    await tight.clock.advance(MINUTE_MS)
    await tight.clock.advance(2 * MINUTE_MS)
    assert len(tight.deliveries.ends) == 5
    assert "possibly repeated" in tight.texts()[-1]


async def test_what_waits_for_a_digest_and_is_over_is_not_in_it(tight: Here):
    await tight.give(
        *(notice(n, incident=f"i{n}", ttl_ms=30_000 if n == 3 else HOUR_MS) for n in range(5))
    )
    await tight.clock.advance(MINUTE_MS)
    assert sorted(d.status.value for d in tight.deliveries.ends) == (
        ["digested"] * 2 + ["expired"] + ["sent"] * 2
    )
    assert "checkout fails 3" not in tight.texts()[-1]


async def test_what_waits_for_a_channel_that_goes_down_goes_to_the_next(tight: Here):
    await tight.give(*(notice(n, incident=f"i{n}") for n in range(4)))
    for _ in range(FAILURES_MAX):
        tight.outlets["ops"].health = failed(tight.outlets["ops"].health, NOW_MS + MINUTE_MS)
    await tight.clock.advance(MINUTE_MS + 2_000)
    assert len(tight.texts()) == 2
    assert {d.channel for d in tight.deliveries.ends} == {"ops", "hook"}
    assert len(tight.deliveries.ends) == 4


async def test_what_resolves_is_never_a_line_of_a_digest(tight: Here):
    pages = [notice(n, incident=f"i{n}", severity="critical") for n in range(4)]
    ends = [replace(page, notice_id=f"r{n}", kind="resolved") for n, page in enumerate(pages[:2])]
    await tight.give(*pages, *ends)
    sent = [json.loads(request.body) for request in tight.posts["pager"].sent]
    assert [event["event_action"] for event in sent] == ["trigger"] * 2 + ["resolve"] * 4
    await tight.clock.advance(MINUTE_MS)
    assert (
        "2 notices of 2 incidents"
        in json.loads(tight.posts["pager"].sent[-1].body)["payload"]["summary"]
    )


async def test_a_storm_is_bounded_in_messages(tight: Here):
    await tight.give(*(notice(n, incident=f"i{n}") for n in range(1_000)))
    await tight.clock.advance(10 * MINUTE_MS)
    assert len(tight.deliveries.ends) == 1_000
    assert len(tight.texts()) <= 6
