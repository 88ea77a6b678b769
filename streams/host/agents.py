"""The agents. Each is a sentence: what it does is its step, how is the loop's business."""

from collections.abc import Callable, Mapping

import faust
from faust import StreamT, TopicT

from streams.host.feed import Feed
from streams.host.inputs import (
    DECIDE,
    DETECT,
    OBSERVE,
    RELAY_CONTROLS,
    RELAY_OUTCOMES,
    AgentInput,
)


def declare(
    app: faust.App, topic_of: Callable[[AgentInput], TopicT], feeds: Mapping[AgentInput, Feed]
) -> None:
    """Declares the agents whose inputs are fed here."""

    async def observe(alerts: StreamT[bytes]) -> None:
        """What was received becomes facts on the tape."""
        await feeds[OBSERVE].run(alerts)

    async def relay_outcomes(outcomes: StreamT[bytes]) -> None:
        """What came of a command becomes a fact on the tape."""
        await feeds[RELAY_OUTCOMES].run(outcomes)

    async def relay_controls(controls: StreamT[bytes]) -> None:
        """What people order becomes a fact on the tape."""
        await feeds[RELAY_CONTROLS].run(controls)

    async def detect(samples: StreamT[bytes]) -> None:
        """What was measured becomes, where a rule begins or ceases to hold, a fact on the tape."""
        await feeds[DETECT].run(samples)

    async def decide(facts: StreamT[bytes]) -> None:
        """Facts become incidents, decisions, commands and notices."""
        await feeds[DECIDE].run(facts)

    agents = {
        OBSERVE: observe,
        RELAY_OUTCOMES: relay_outcomes,
        RELAY_CONTROLS: relay_controls,
        DETECT: detect,
        DECIDE: decide,
    }
    for source in feeds:
        app.agent(topic_of(source), name=source.name)(agents[source])
