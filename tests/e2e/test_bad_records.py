"""One bad record harms only itself: it is in `rejects` with its place, and the lag returns to 0."""

import json

import pytest

from schemas.codec import decode
from schemas.rejects import Reject
from schemas.topics import (
    ALERTS,
    COMMANDS,
    CONTROLS,
    METRICS,
    OUTCOMES,
    REJECTS,
    TAPE,
    Topic,
    journal,
)
from tests.audited import audited
from tests.e2e.platform import Platform

JUNK = (b"", b"\x00\x00\x00\x00\x07junk", b"\xc3\x01unknown!", b"\xff\xfe", b"{", None)
GOOD = json.dumps(
    [{"labels": {"alertname": "HighErrors", "namespace": "shop", "deployment": "checkout"}}]
).encode()
INPUTS = (
    (ALERTS, journal("observe", "alerts")),
    (METRICS, journal("detect", "metrics")),
    (OUTCOMES, journal("relay", "outcomes")),
    (CONTROLS, journal("relay", "controls")),
    (TAPE, journal("decide", "tape")),
)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_junk_in_every_topic_is_rejected_and_what_follows_it_is_decided(
    platform: Platform,
) -> None:
    import asyncio

    await asyncio.to_thread(platform.prepare)
    await asyncio.to_thread(platform.start, "processor")
    for topic, _ in INPUTS:
        await platform.write(topic, *JUNK)
    await platform.write(ALERTS, GOOD)

    await platform.until(COMMANDS, 1)
    for topic, kept in INPUTS:
        await platform.caught_up(kept, topic)
    rejects = [decode(r.value, Reject) for r in await platform.read(REJECTS)]
    for topic, _ in INPUTS:
        assert places(rejects, topic) == len(JUNK), topic.noun
    await audited(platform.bootstrap, platform.prefix)


def places(rejects: list[object], topic: Topic) -> int:
    """How many different records of the topic were rejected, each with a reason."""
    of_topic = [r for r in rejects if isinstance(r, Reject) and r.topic == topic.noun]
    assert all(r.reason for r in of_topic)
    return len({(r.partition, r.offset) for r in of_topic})
