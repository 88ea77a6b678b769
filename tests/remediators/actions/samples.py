"""One case of every action: a target, what is beside it, and parameters with which it works.

Bodies are such as a real API server accepts: `tests/ports` and `tests/faults` make them there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from remediators.actions.plan import Kit
from schemas.actions import CORDON, DEGRADE, RESTART, ROLL_BACK, SCALE, UNCORDON
from schemas.kinds import NODE
from schemas.remediation import Target
from tests.fakes import FakeCluster
from tests.remediators.builders import TARGET

Object = dict[str, Any]
THE_NODE = Target("eu-1", "", NODE, "n1")


@dataclass(frozen=True, slots=True)
class Sample:
    target: Target = TARGET
    body: Object = field(default_factory=dict)
    """Of the target; a Deployment is deployed, and this is added to its spec."""
    beside: Mapping[Target, Object] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    releases: tuple[str, ...] = ()
    """Images of a Deployment, one after another, after its first."""
    kit: Kit = field(default_factory=Kit)

    def build(self, cluster: FakeCluster) -> None:
        if self.target.kind == TARGET.kind:
            cluster.deploy(self.target, **self.body)
        else:
            cluster.put(self.target, self.body)
        for target, body in self.beside.items():
            cluster.put(target, body)
        for image in self.releases:
            cluster.change(self.target, lambda found, image=image: _release(found, image))


def _release(found: Object, image: str) -> None:
    found["spec"]["template"]["spec"]["containers"][0]["image"] = image


SAMPLES: Mapping[str, Sample] = {
    RESTART: Sample(),
    SCALE: Sample(parameters={"by": "1", "max": "9"}),
    DEGRADE: Sample(),
    ROLL_BACK: Sample(releases=("example/main:2",)),
    CORDON: Sample(THE_NODE),
    UNCORDON: Sample(THE_NODE, body={"spec": {"unschedulable": True}}),
}
