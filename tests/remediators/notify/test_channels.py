"""Each channel against a stand-in that answers in every way its vendor documents, over HTTP."""

import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import pytest_asyncio

from remediators.adapters.post import RETRY_AFTER_MS_MAX, HttpPost, retry_after_ms
from remediators.notifier_ports import HttpReply, HttpRequest
from remediators.notify.channel import Answer, Channel, Verdict
from remediators.notify.letter import letter
from remediators.notify.pagerduty import (
    EVENT_BYTES_MAX,
    KEY_CHARS_MAX,
    SUMMARY_CHARS_MAX,
    PagerDuty,
)
from remediators.notify.slack import TEXT_CHARS_MAX, Slack, escaped
from remediators.notify.webhook import SIGNATURE, Webhook
from tests.hurry import hurried
from tests.remediators.notify.builders import a_letter, notice
from tests.remediators.notify.vendors import Vendors, standing_in

PATIENT_S = 30.0
HUGE = notice(
    title="<&>" * 10**5,
    text="<&>\n" * 10**5,
    labels={f"l{n}<&>": "<&>" * 10**4 for n in range(200)},
    links={f"l{n}": f"https://a.example/{'ü' * 400}" for n in range(50)},
    proposal="&" * 10**4,
)


@dataclass
class Here:
    post: HttpPost
    vendors: Vendors

    def slack(self) -> Slack:
        return Slack("ops", 20, self.vendors.slack.url)

    def bot(self) -> Slack:
        return Slack("bot", 20, self.vendors.slack_api.url, "xoxb-hush", "C0123")

    def pager(self) -> PagerDuty:
        return PagerDuty("pager", 20, "hush" * 8, self.vendors.pagerduty.url)

    def hook(self) -> Webhook:
        return Webhook("hook", 20, self.vendors.webhook.url, "hush-token", "hush-key")

    async def tell(self, channel: Channel, **about: object) -> Verdict:
        verdict = Verdict(Answer.LATE)
        for request in channel.message(a_letter(**about)):
            verdict = channel.verdict(await self.post.send(request))
        return verdict


@asynccontextmanager
async def waiting(timeout_s: float) -> AsyncIterator[Here]:
    post = HttpPost(timeout_s)
    async with standing_in() as vendors:
        yield Here(post, vendors)
    await post.close()


@pytest_asyncio.fixture
async def here() -> AsyncIterator[Here]:
    """A slow machine is no slow vendor."""
    async with waiting(PATIENT_S) as here:
        yield here


# What any channel may meet.


@pytest.mark.parametrize("how", ["hang", "reset"])
@pytest.mark.parametrize("name", ["slack", "bot", "pager", "hook"])
@hurried
async def test_no_answer_is_no_knowledge(name: str, how: str) -> None:
    async with waiting(PATIENT_S) as here:
        for vendor in here.vendors.all:
            vendor.fail(how)
        verdict = await here.tell(getattr(here, name)())
    assert verdict.answer is Answer.UNSURE
    assert "127.0.0.1" not in verdict.detail


async def test_nobody_there_is_known_not_to_have_arrived(here: Here) -> None:
    with socket.socket() as bound:  # bound and not listening: nobody else gets the port
        bound.bind(("127.0.0.1", 0))
        hook = Webhook("hook", 20, f"http://127.0.0.1:{bound.getsockname()[1]}/hush")
        verdict = await here.tell(hook)
    assert verdict.answer is Answer.NOT_REACHED
    assert "hush" not in verdict.detail


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (301, Answer.REFUSED),
        (302, Answer.REFUSED),
        (307, Answer.REFUSED),
        (400, Answer.REFUSED),
        (401, Answer.REFUSED),
        (404, Answer.REFUSED),
        (408, Answer.UNSURE),
        (429, Answer.BUSY),
        (500, Answer.UNSURE),
        (502, Answer.UNSURE),
        (503, Answer.UNSURE),
    ],
)
@pytest.mark.parametrize("name", ["slack", "bot", "pager", "hook"])
async def test_status(here: Here, name: str, status: int, answer: Answer) -> None:
    for vendor in here.vendors.all:
        vendor.answer(status, Location=here.vendors.webhook.url)
    assert (await here.tell(getattr(here, name)())).answer is answer
    assert sum(len(vendor.seen) for vendor in here.vendors.all) == 1, "a redirect was followed"


@pytest.mark.parametrize("status", [429, 503])
async def test_a_wait_that_is_asked_for_is_told(here: Here, status: int) -> None:
    here.vendors.webhook.answer(status, retry_after="7")
    assert (await here.tell(here.hook())).wait_ms == 7_000


NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "wait_ms"),
    [
        (None, None),
        ("0", 0),
        (" 30 ", 30_000),
        ("99999999999999", RETRY_AFTER_MS_MAX),
        ("-1", None),
        ("soon", None),
        ("1.5", None),
        ("²", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90_000),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
        (format_datetime(NOW + timedelta(days=90), usegmt=True), RETRY_AFTER_MS_MAX),
    ],
)
def test_retry_after(header: str | None, wait_ms: int | None) -> None:
    assert retry_after_ms(header, NOW) == wait_ms


async def test_an_endless_answer_is_read_to_a_bound(here: Here) -> None:
    here.vendors.webhook.answer(200, b"x" * 10**6)
    (request,) = here.hook().message(a_letter())
    reply = await here.post.send(request)
    assert reply.status == 200
    assert len(reply.body) <= 4_096


def test_nothing_of_a_request_is_printed() -> None:
    assert "hush" not in repr(HttpRequest("https://hush", b"hush", {"hush": "hush"}))


# Webhook.


async def test_a_webhook_is_signed_and_names_its_delivery(here: Here) -> None:
    assert (await here.tell(here.hook())).answer is Answer.ACCEPTED
    (seen,) = here.vendors.webhook.seen
    signed = hmac.new(b"hush-key", seen.raw, hashlib.sha256).hexdigest()
    assert seen.headers[SIGNATURE] == f"sha256={signed}"
    assert seen.headers["Authorization"] == "Bearer hush-token"
    assert seen.headers["Idempotency-Key"] == seen.body["idempotency_key"] == a_letter().key
    assert seen.body["title"] == "checkout fails 1"


async def test_a_webhook_that_answers_ok_and_is_cut_short_has_accepted(here: Here) -> None:
    here.vendors.webhook.fail("truncated")
    assert (await here.tell(here.hook())).answer is Answer.ACCEPTED


# Slack.


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (200, "ok", Answer.ACCEPTED),
        (200, "no_text", Answer.REFUSED),
        (200, "internal_error", Answer.UNSURE),
        (200, "", Answer.UNSURE),
        (200, "<html>sign in</html>", Answer.UNSURE),
        (400, "invalid_payload", Answer.REFUSED),
        (403, "action_prohibited", Answer.REFUSED),
        (404, "channel_not_found", Answer.REFUSED),
        (410, "channel_is_archived", Answer.REFUSED),
        (500, "rollup_error", Answer.UNSURE),
    ],
)
async def test_slack_webhook(here: Here, status: int, body: str, answer: Answer) -> None:
    here.vendors.slack.answer(status, body)
    verdict = await here.tell(here.slack())
    assert verdict.answer is answer
    if answer is Answer.REFUSED:
        assert body in verdict.detail


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ('{"ok": true}', Answer.ACCEPTED),
        ('{"ok": false, "error": "channel_not_found"}', Answer.REFUSED),
        ('{"ok": false, "error": "invalid_auth"}', Answer.REFUSED),
        ('{"ok": false, "error": "ratelimited"}', Answer.BUSY),
        ('{"ok": false, "error": "fatal_error"}', Answer.UNSURE),
        ('{"ok": false}', Answer.UNSURE),
        ('{"ok": "true"}', Answer.UNSURE),
        ("[]", Answer.UNSURE),
        ("ok", Answer.UNSURE),
        ('{"ok": tr', Answer.UNSURE),
        ("", Answer.UNSURE),
    ],
)
async def test_slack_api(here: Here, body: str, answer: Answer) -> None:
    here.vendors.slack_api.answer(200, body)
    assert (await here.tell(here.bot())).answer is answer


@pytest.mark.parametrize("name", ["slack", "bot"])
async def test_slack_cut_short_is_no_knowledge(here: Here, name: str) -> None:
    for vendor in (here.vendors.slack, here.vendors.slack_api):
        vendor.fail("truncated")
    assert (await here.tell(getattr(here, name)())).answer is Answer.UNSURE


async def test_slack_is_told_the_channel_and_to_make_no_links_of_names(here: Here) -> None:
    await here.tell(here.bot())
    (seen,) = here.vendors.slack_api.seen
    assert seen.headers["Authorization"] == "Bearer xoxb-hush"
    assert seen.body["channel"] == "C0123"
    assert (seen.body["link_names"], seen.body["parse"]) == (False, "none")


def text_of(slack: Slack, **about: object) -> str:
    (request,) = slack.message(a_letter(**about))
    return str(json.loads(request.body)["text"])


SLACK = Slack("ops", 20, "https://hooks.example/x")


def test_nothing_in_a_notice_calls_a_channel_or_makes_a_link() -> None:
    text = text_of(SLACK, title="<!channel> & <@U1> *b*", text="<https://evil.example|docs>")
    assert "<!" not in text
    assert "<@" not in text
    assert "<http" not in text
    assert "&lt;!channel&gt; &amp; &lt;@U1&gt;" in text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/r?a=1&b=2", "<https://a.example/r?a=1&amp;b=2|runbook>"),
        (
            "https://a.example/x|y>z<!channel>",
            "<https://a.example/x%7Cy%3Ez%3C!channel%3E|runbook>",
        ),
        ("javascript:alert(1)", ""),
        ("https://a.example/" + "x" * 500, ""),
    ],
)
def test_slack_links(url: str, shown: str) -> None:
    text = text_of(SLACK, links={"runbook": url})
    assert shown in text
    assert ("|runbook>" in text) is bool(shown)


@pytest.mark.parametrize("chars_max", range(1, 30))
def test_no_entity_is_cut_in_two(chars_max: int) -> None:
    cut = escaped("a<b>&&&&<<<", chars_max)
    assert len(cut) <= chars_max
    bare = cut.removesuffix("…")
    assert bare.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").count("&") == 0


def test_slack_fits_its_limit_whatever_the_notice() -> None:
    (request,) = SLACK.message(replace(letter(HUGE, "team"), possibly_repeated=True))
    assert len(json.loads(request.body)["text"]) <= TEXT_CHARS_MAX


def test_slack_says_what_may_be_there_twice() -> None:
    assert "possibly repeated" not in text_of(SLACK)
    assert "possibly repeated" in text_of(SLACK, possibly_repeated=True)


# PagerDuty.

PAGER = PagerDuty("pager", 20, "hush" * 8)


def events(**about: object) -> list[dict]:
    return [json.loads(request.body) for request in PAGER.message(a_letter(**about))]


@pytest.mark.parametrize("kind", ["escalated", "reminder", "approval", "storm"])
def test_what_must_wake_somebody_triggers_under_the_incident(kind: str) -> None:
    (event,) = events(kind=kind, severity="critical")
    assert (event["event_action"], event["dedup_key"]) == ("trigger", "incident-1")
    assert event["payload"]["severity"] == "critical"


@pytest.mark.parametrize("kind", ["acting", "ticket", "shadow", "demoted", "never heard of"])
def test_what_is_information_is_quiet_and_takes_no_page_away(kind: str) -> None:
    (event,) = events(kind=kind, severity="critical")
    assert event["dedup_key"] == "incident-1/information"
    assert event["payload"]["severity"] == "info"


def test_resolved_resolves_both() -> None:
    told = [(e["event_action"], e["dedup_key"], "payload" in e) for e in events(kind="resolved")]
    assert told == [
        ("resolve", "incident-1", False),
        ("resolve", "incident-1/information", False),
    ]
    assert not PAGER.digestible(a_letter(kind="resolved"))


@pytest.mark.parametrize(
    ("severity", "theirs"),
    [("low", "info"), ("medium", "warning"), ("high", "error"), ("never heard of", "error")],
)
def test_severities(severity: str, theirs: str) -> None:
    (event,) = events(severity=severity)
    assert event["payload"]["severity"] == theirs


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (202, '{"status": "success"}', Answer.ACCEPTED),
        (202, "", Answer.ACCEPTED),
        (200, "", Answer.UNSURE),
        (400, '{"errors": ["\'summary\' is missing"]}', Answer.REFUSED),
        (400, "not json", Answer.REFUSED),
        (400, '{"errors": 3}', Answer.REFUSED),
        (400, "[]", Answer.REFUSED),
        (429, "", Answer.BUSY),
        (500, "", Answer.UNSURE),
    ],
)
async def test_pagerduty(here: Here, status: int, body: str, answer: Answer) -> None:
    here.vendors.pagerduty.answer(status, body)
    verdict = await here.tell(here.pager())
    assert verdict.answer is answer
    if "summary" in body:
        assert "'summary' is missing" in verdict.detail


def test_pagerduty_does_not_say_our_key_in_our_logs() -> None:
    reply = HttpReply(400, json.dumps({"errors": [f"{'hush' * 8} is no key"]}).encode())
    assert "hush" not in PAGER.verdict(reply).detail


def test_pagerduty_fits_its_limits_whatever_the_notice() -> None:
    huge = replace(letter(HUGE, "team"), incident_id="i" * 128)
    (request,) = PAGER.message(huge)
    event = json.loads(request.body)
    assert len(request.body) <= EVENT_BYTES_MAX
    assert len(event["payload"]["summary"]) <= SUMMARY_CHARS_MAX
    assert len(event["dedup_key"]) <= KEY_CHARS_MAX


@pytest.mark.parametrize("at_ms", [-(10**18), 0, 10**18])
def test_no_time_breaks_an_event(at_ms: int) -> None:
    assert events(at_ms=at_ms)[0]["payload"]["timestamp"]
