"""Digests: what they tell, and that they fit wherever they are sent."""

import json

import pytest

from remediators.notify.channel import Channel
from remediators.notify.digest import CRITICALS_MAX, LETTERS_MAX, digest_of, split
from remediators.notify.letter import Letter
from remediators.notify.pagerduty import EVENT_BYTES_MAX, PagerDuty
from remediators.notify.slack import TEXT_CHARS_MAX, Slack
from remediators.notify.webhook import Webhook
from tests.remediators.notify.builders import a_letter

SLACK = Slack("ops", 20, "https://hooks.example/x")
PAGER = PagerDuty("pager", 20, "k" * 32)


def many(criticals: int, others: int) -> list[Letter]:
    return [
        a_letter(number=n, incident=f"i{n}", severity="critical" if n < criticals else "low",
                 title=f"{'<&>' * 60} {n}")
        for n in range(criticals + others)
    ]  # fmt: skip


@pytest.mark.parametrize("channel", [SLACK, PAGER, Webhook("hook", 20, "https://h.example/")])
def test_a_digest_fits_and_is_the_same_for_the_same_notices(channel: Channel) -> None:
    letters = many(CRITICALS_MAX, LETTERS_MAX - CRITICALS_MAX)
    digest = digest_of(letters)
    request = channel.digest(digest)
    assert len(request.body) <= EVENT_BYTES_MAX
    assert channel.digest(digest_of(letters[::-1])).body != b""
    assert digest_of(letters[::-1]).digest_id == digest.digest_id
    if channel is SLACK:
        assert len(json.loads(request.body)["text"]) <= TEXT_CHARS_MAX


def test_a_digest_counts_all_and_names_every_critical() -> None:
    letters = [
        a_letter(number=n, incident=f"i{n % 7}", severity="critical" if n % 5 == 0 else "low")
        for n in range(40)
    ]
    digest = digest_of(letters)
    assert digest.headline == "40 notices of 7 incidents in one message"
    assert digest.counts == "32 × low escalated, 8 × critical escalated"
    for number in range(0, 40, 5):
        assert f"[critical] escalated: checkout fails {number}" in digest.names
    assert digest.names[-1] == "and 22 more"
    assert digest.severity == "critical"


def test_criticals_that_do_not_fit_are_left_for_the_next_digest() -> None:
    waiting = [(one, n) for n, one in enumerate(many(CRITICALS_MAX + 3, 5))]
    taken, left = split(waiting)
    assert left == [CRITICALS_MAX, CRITICALS_MAX + 1, CRITICALS_MAX + 2]
    assert len(taken) == CRITICALS_MAX + 5


def test_a_line_of_a_webhooks_digest_has_the_key_of_its_notice() -> None:
    letters = many(1, 1)
    body = json.loads(Webhook("hook", 20, "https://h.example/").digest(digest_of(letters)).body)
    assert [line["idempotency_key"] for line in body["notices"]] == [x.key for x in letters]
