"""What people have in their clusters, and which policy they publish for it."""

from collections.abc import Callable, Mapping
from random import Random

from remediators.actions.plan import Kit
from remediators.core.flag import Flag
from schemas.kinds import AUTOSCALER, DEPLOYMENT, FLAG, INSTANCE, JOB, NODE, POD, ROLLOUT
from schemas.remediation import Target
from tests.remediators.actions.samples import (
    A_ROLLOUT,
    AN_AUTOSCALER,
    FAILED,
    READY,
    TEMPLATE,
    kept,
)
from tests.simulation.policies import EVERY_VERB, POLICIES
from tests.simulation.site import Site, Switch

NAMES = ("cart", "checkout", "db", "web")
VALUES = ("on", "off", "half")
THE_FLAG = "cart"
"""A step names its flag, so there is one."""
KIT = Kit(jobs={"index": TEMPLATE}, flags={THE_FLAG: Flag(THE_FLAG, frozenset(VALUES))})
OF_EVERY_VERB = 0.45
"""So many worlds, of one, are about other things than patches of Deployments."""
KINDS_MAX = 3
RUNS = {"status": {"conditions": [READY]}}


class Estate:
    def __init__(self, rng: Random) -> None:
        self._kinds = [DEPLOYMENT]
        self._most = rng.choice((1, 2, 2, 4))
        self.policy = rng.choice(POLICIES)
        if rng.random() < OF_EVERY_VERB:
            self._kinds = rng.sample(sorted(MAKERS), rng.randint(1, KINDS_MAX))
            self._most = rng.choice((1, 1, 2))
            self.policy = EVERY_VERB

    def fill(self, site: Site) -> list[Target]:
        """What of it may break."""
        names = NAMES[: self._most]
        made = [MAKERS[kind](site, name) for kind in self._kinds for name in names]
        return list(dict.fromkeys(made))


def _deployment(site: Site, name: str) -> Target:
    target = Target(site.name, "shop", DEPLOYMENT, name)
    site.api.deploy(target)
    return target


def _pod(site: Site, name: str) -> Target:
    """That is not ready: it may go at any time."""
    return _put(site, Target(site.name, "shop", POD, name), kept("Keeper"))


def _node(site: Site, name: str) -> Target:
    """With two pods and a machine; there is always another one that takes its pods."""
    for other in (name, "spare"):
        machine = Target(site.name, "", INSTANCE, f"i-{other}")
        if machine not in site.api.objects:
            site.api.put(machine, {"status": {"state": "running"}})
            spec = {"spec": {"providerID": f"aws:///eu-1a/i-{other}"}}
            site.api.put(Target(site.name, "", NODE, other), {**spec, **RUNS})
    for n in range(2):
        pod = Target(site.name, "shop", POD, f"on-{name}-{n}")
        site.api.put(pod, {**kept("Keeper", nodeName=name), **RUNS})
    return Target(site.name, "", NODE, name)


def _job(site: Site, name: str) -> Target:
    return _put(site, Target(site.name, "shop", JOB, name), FAILED)


def _autoscaler(site: Site, name: str) -> Target:
    return _put(site, Target(site.name, "shop", AUTOSCALER, name), AN_AUTOSCALER)


def _rollout(site: Site, name: str) -> Target:
    return _put(site, Target(site.name, "shop", ROLLOUT, name), A_ROLLOUT)


def _flag(site: Site, _name: str) -> Target:
    site.switches[THE_FLAG] = Switch("on", f"http://flags.{site.name}/{THE_FLAG}")
    return Target(site.name, "", FLAG, THE_FLAG)


def _put(site: Site, target: Target, body: dict) -> Target:  # type: ignore[type-arg]
    site.api.put(target, body)
    return target


MAKERS: Mapping[str, Callable[[Site, str], Target]] = {
    DEPLOYMENT: _deployment,
    POD: _pod,
    NODE: _node,
    JOB: _job,
    AUTOSCALER: _autoscaler,
    ROLLOUT: _rollout,
    FLAG: _flag,
}
