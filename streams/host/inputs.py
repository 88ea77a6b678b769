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


def inputs_of(agents: str) -> tuple[AgentInput, ...]:
    """The inputs of agents given by name, separated by commas."""
    wanted = {name.strip() for name in agents.split(",") if name.strip()}
    known = {i.agent for i in INPUTS}
    if not wanted or wanted - known:
        raise ValueError(f"agents {agents!r}: choose among {', '.join(sorted(known))}")
    return tuple(i for i in INPUTS if i.agent in wanted)
