"""One notice, restarts and order, on virtual time: each test is a timeline."""

from remediators.notifier_ports import HttpFault, HttpReply
from remediators.notify.desk import SLACK_MS
from remediators.notify.health import FAILURES_MAX, failed
from remediators.notify.slack import Slack
from tests.remediators.notify.builders import HOUR_MS, NOW_MS, notice
from tests.remediators.notify.partition import BROKEN, GONE, LOST, OK, Here

# One notice.


async def test_an_attempt_is_announced_before_and_its_end_recorded_after(here: Here):
    await here.give(notice())
    assert here.deliveries.statuses == ["attempted", "sent"]
    assert here.points == ["notifier.announced", "notifier.sent", "notifier.recorded"]
    assert here.done == 1


async def test_a_failure_is_tried_again_after_a_pause(here: Here):
    here.posts["ops"].next.append(BROKEN)
    await here.give(notice())
    assert len(here.texts()) == 1
    await here.clock.advance(499)
    assert len(here.texts()) == 1
    await here.clock.advance(501)
    assert here.deliveries.statuses == ["attempted", "sent"]


async def test_what_may_have_arrived_says_so_the_second_time(here: Here):
    here.posts["ops"].next.append(LOST)
    await here.give(notice())
    await here.clock.advance(1_000)
    first, second = here.texts()
    assert "possibly repeated" not in first
    assert "possibly repeated" in second


async def test_what_cannot_have_arrived_does_not(here: Here):
    here.posts["ops"].next.append(HttpReply(fault=HttpFault.NOT_REACHED, detail="refused"))
    await here.give(notice())
    await here.clock.advance(1_000)
    assert "possibly repeated" not in here.texts()[-1]


async def test_retry_after_is_waited_for(here: Here):
    here.posts["ops"].next.append(HttpReply(429, retry_after_ms=20_000))
    await here.give(notice())
    await here.clock.advance(19_999)
    assert len(here.texts()) == 1
    await here.clock.advance(1_000)
    assert here.deliveries.ends[0].channel == "ops"


async def test_a_retry_after_of_nothing_is_no_loop(here: Here):
    here.posts["ops"].well = HttpReply(429, retry_after_ms=0)
    await here.give(notice())
    await here.clock.advance(10_000)
    assert len(here.texts()) < 10


async def test_a_long_retry_after_is_as_good_as_down(here: Here):
    here.posts["ops"].next.append(HttpReply(429, retry_after_ms=600_000))
    await here.give(notice())
    await here.clock.advance(2_000)
    assert here.deliveries.ends[0].channel == "hook"


async def test_a_notice_that_a_channel_refuses_goes_to_the_next_and_says_why(here: Here):
    here.posts["ops"].next.append(GONE)
    await here.give(notice())
    (end,) = here.deliveries.ends
    assert (end.status.value, end.channel) == ("sent", "hook")
    assert "ops refused: status 404 channel_not_found" in end.detail
    announced = [d.channel for _, d in here.deliveries.records[0] if not d.status.terminal]
    assert announced == ["ops", "hook"]


async def test_a_notice_that_all_refuse_has_failed_and_the_others_go_on(here: Here):
    here.posts["ops"].next.append(GONE)
    here.posts["hook"].next.append(HttpReply(400))
    await here.give(notice(1), notice(2))
    assert [end.status.value for end in here.deliveries.ends] == ["failed", "sent"]
    assert here.done == 2


async def test_after_three_failures_the_second_channel_is_used_and_the_first_is_probed(here: Here):
    here.posts["ops"].well = BROKEN
    await here.give(notice(1))
    await here.clock.advance(10_000)
    assert here.deliveries.ends[0].channel == "hook"
    assert len(here.texts()) == 3

    await here.give(notice(2), first=1)
    assert here.deliveries.ends[1].channel == "hook"
    assert len(here.texts()) == 3, "a channel that is down is not asked"

    here.posts["ops"].well = OK
    await here.clock.advance(30_000)
    await here.give(notice(3), first=2)
    assert here.deliveries.ends[2].channel == "ops"


async def test_a_notice_is_never_sent_late(here: Here):
    here.posts["ops"].well = here.posts["hook"].well = LOST
    await here.give(notice())
    await here.clock.advance(HOUR_MS)
    (end,) = here.deliveries.ends
    assert end.status.value == "expired"
    assert "may have arrived" in end.detail
    sent = len(here.texts())
    here.posts["ops"].well = OK
    await here.clock.advance(HOUR_MS)
    assert len(here.texts()) == sent
    assert here.done == 1


async def test_its_time_is_judged_by_what_the_announcement_has_told(here: Here):
    """The clock says that there is time; the broker, when asked, that there is none."""
    was = here.deliveries.append

    async def slow(partition, key, delivery):
        here.clock.at_ms = NOW_MS + HOUR_MS
        return await was(partition, key, delivery)

    here.deliveries.append = slow  # type: ignore[method-assign]
    await here.give(notice())
    assert here.posts["ops"].sent == []
    assert here.deliveries.statuses == ["attempted", "expired"]
    assert here.outlets["ops"].health.usable(here.clock.at_ms)


async def test_a_channel_that_is_down_is_still_tried_after_one_that_came_too_late(here: Here):
    for _ in range(FAILURES_MAX):
        here.outlets["ops"].health = failed(here.outlets["ops"].health, NOW_MS - HOUR_MS)
    was = here.deliveries.append

    async def slow(partition, key, delivery):
        here.clock.at_ms += HOUR_MS
        return await was(partition, key, delivery)

    here.deliveries.append = slow  # type: ignore[method-assign]
    await here.give(notice())
    here.deliveries.append = was  # type: ignore[method-assign]
    await here.give(notice(2, at_ms=here.clock.at_ms), first=1)
    assert [(d.status.value, d.channel) for d in here.deliveries.ends] == [
        ("expired", ""),
        ("sent", "ops"),
    ]


async def test_a_notice_for_nobody_is_recorded_as_such(here: Here):
    await here.give(notice(receivers=("nobody",)))
    assert here.deliveries.statuses == ["unwanted"]


async def test_a_notice_that_cannot_be_written_harms_only_itself(here: Here):
    ops = here.outlets["ops"]

    class Defect(Slack):
        def message(self, letter):
            raise RuntimeError(f"a defect, and {self.url}")

    ops.channel = Defect("ops", 1000, "https://ops.example/")
    await here.give(notice(1))
    (end,) = here.deliveries.ends
    assert end.channel == "hook"
    assert end.detail == "ops refused: it cannot be written as a message: RuntimeError"


# Restarts.


async def test_what_was_told_is_not_told_again(here: Here):
    await here.give(notice())
    here.claim = here.fresh_claim()
    await here.give(notice())
    assert len(here.texts()) == 1
    assert here.done == 1


async def test_the_same_notice_twice_in_the_topic_is_told_once(here: Here):
    await here.give(notice(), notice())
    assert len(here.texts()) == 1
    assert here.done == 2


async def test_an_attempt_without_an_end_is_told_again_and_says_so(here: Here):
    here.posts["ops"].well = BROKEN
    await here.give(notice())
    here.claim.close()
    await here.clock.settle()
    here.posts["ops"].well = OK
    here.claim = here.fresh_claim()
    await here.give(notice())
    assert "possibly repeated" in here.texts()[-1]


async def test_a_notice_that_the_processor_appends_again_much_later_is_told_once(here: Here):
    await here.give(notice())
    here.claim = here.fresh_claim()
    await here.clock.advance(HOUR_MS // 2)
    await here.give(notice(), late_ms=HOUR_MS // 2)
    assert len(here.texts()) == 1


async def test_one_receiver_that_was_told_is_not_told_again_with_the_other(here: Here):
    here.posts["hook"].well = BROKEN
    both = notice(receivers=("team", "audit"))
    await here.give(both)
    assert here.done is None
    here.claim.close()
    await here.clock.settle()
    here.posts["hook"].well = HttpReply(204)
    here.claim = here.fresh_claim()
    await here.give(both)
    await here.clock.advance(60_000)
    assert len(here.texts()) == 1
    assert here.done == 1


async def test_the_ledger_is_read_once(here: Here):
    await here.give(*(notice(n, incident=f"i{n}") for n in range(20)))
    assert here.deliveries.reads == 1


async def test_a_ledger_whose_broker_is_minutes_behind_is_read_far_enough(here: Here):
    await here.give(notice())
    here.claim = here.fresh_claim()
    await here.give(notice(), late_ms=SLACK_MS)
    assert len(here.texts()) == 1


# Order.


async def test_notices_of_an_incident_arrive_in_order_and_incidents_do_not_wait(here: Here):
    here.posts["ops"].next.append(BROKEN)
    await here.give(notice(1, incident="a"), notice(2, incident="a"), notice(3, incident="b"))
    await here.clock.advance(5_000)
    titles = [text.split("*")[1] for text in here.texts()]
    assert titles == [f"checkout fails {n}" for n in (1, 3, 1, 2)]
    assert here.done == 3


async def test_a_receiver_that_cannot_be_reached_holds_up_no_other(here: Here):
    here.posts["hook"].well = BROKEN
    await here.give(notice(1, receivers=("audit",)), notice(2, receivers=("team",)), notice(3))
    assert len(here.texts()) == 2
    assert here.done is None, "nothing is passed over in the topic"


async def test_what_is_no_notice_is_set_aside_and_passed(here: Here):
    await here.give(None, notice())
    assert [arrival.offset for arrival in here.rejected] == [0]
    assert here.done == 2


async def test_a_claim_that_is_closed_begins_nothing(here: Here):
    here.claim.close()
    await here.give(notice())
    assert here.posts["ops"].sent == []
