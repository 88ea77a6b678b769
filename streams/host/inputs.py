"""Which agent reads which topic. An agent's logic and its journal are per input."""

from dataclasses import dataclass

from schemas import topics
from schemas.topics import Topic


@dataclass(frozen=True, slots=True)
class AgentInput:
    agent: str
    source: Topic
    whole: bool = False
    """Its state needs every record from the first, so that an empty journal may not begin later."""

    @property
    def name(self) -> str:
        return f"{self.agent}.{self.source.noun}"

    @property
    def journal(self) -> Topic:
        return topics.journal(self.agent, self.source.noun)


OBSERVE = AgentInput("observe", topics.ALERTS)
RELAY_OUTCOMES = AgentInput("relay", topics.OUTCOMES)
RELAY_CONTROLS = AgentInput("relay", topics.CONTROLS)
DETECT = AgentInput("detect", topics.METRICS)
DECIDE = AgentInput("decide", topics.TAPE, whole=True)

INPUTS = (OBSERVE, RELAY_OUTCOMES, RELAY_CONTROLS, DETECT, DECIDE)

assert {i.journal for i in INPUTS} == set(topics.JOURNALS)
