"""Whoever else works in a cluster: its controllers, and people with hands of their own."""

from collections.abc import Callable
from functools import partial
from typing import Any

from schemas.kinds import AUTOSCALER, BUDGET, DEPLOYMENT, FLAG, INSTANCE, JOB, NODE, POD, ROLLOUT
from schemas.remediation import Target
from tests.simulation.estates import VALUES
from tests.simulation.site import Effect, Site

AGAIN_WITHIN_S = 4.0
"""In which a pod is made again, and a Job ends."""
SUCCEEDS = 0.7
NEW_NODE = "spare"

Object = dict[str, Any]


class Keepers:
    """Of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        site.listeners.append(self._after)

    def _after(self, effect: Effect, before: Any) -> None:
        target, delay_s = effect.request.target, self._site.rng.random() * AGAIN_WITHIN_S
        deed: Callable[[], None] | None = None
        if target not in self._site.api.objects and target.kind in (POD, INSTANCE):
            deed = partial(self._again, target, before)
        elif target.kind == JOB:
            deed = partial(self._ends, target)
        elif target.kind == ROLLOUT:
            deed = partial(self._aborts, target)
        if deed is not None:
            self._site.timeline.after(delay_s, None, deed)

    def _again(self, target: Target, before: Object) -> None:
        """Another of its name; a pod of a node that is cordoned goes elsewhere."""
        if target in self._site.api.objects:
            return
        name = before["spec"].get("nodeName")
        node = self._site.api.objects.get(Target(target.cluster, "", NODE, name or ""))
        if node and node["spec"].get("unschedulable"):
            before = {**before, "spec": {**before["spec"], "nodeName": NEW_NODE}}
        self._site.makes(target, before)

    def _ends(self, target: Target) -> None:
        kind = "Complete" if self._site.rng.random() < SUCCEEDS else "Failed"
        ended = {"conditions": [{"type": kind, "status": "True"}]}
        self._site.edits(target, lambda found: found.update(status=ended))

    def _aborts(self, target: Target) -> None:
        def edit(found: Object) -> None:
            if found["status"].get("abort"):
                found["status"] |= {"abortedAt": "2026-01-01T00:00:00Z", "updatedReplicas": 0}

        self._site.edits(target, edit)

    # People.

    def meddles(self, target: Target) -> str:
        """Somebody changes it, in the way in which such a thing is changed."""
        number = self._site.rng.randrange(100)
        if target.kind == FLAG:
            self._site.sets(target, VALUES[number % len(VALUES)])
            return f"{target} is set by hand"
        if target.kind == POD and number % 2:
            return self._limits(number)
        edit = EDITS.get(target.kind, _noted)
        self._site.edits(target, lambda found: edit(found, number))
        return f"a release at {target}"

    def _limits(self, number: int) -> str:
        """Disruption budgets over all pods: none, one that lets some go, or two at once."""
        allowed = {"disruptionsAllowed": number % 3}
        selector = {"matchLabels": {"app": "web"}}
        self._site.api.budgets = [
            {
                "metadata": {"namespace": "shop", "name": f"budget-{n}"},
                "spec": {"selector": selector},
                "status": allowed,
            }
            for n in range(number % 5 % 3)
        ]
        return f"{len(self._site.api.budgets)} of {BUDGET}, {allowed}"

    def lifts_limits(self) -> None:
        self._site.api.budgets = []


def _released(found: Object, number: int) -> None:
    found["spec"]["template"]["spec"]["containers"][0]["image"] = f"example/main:{number}"


def _noted(found: Object, number: int) -> None:
    found["metadata"]["annotations"]["example.com/seen"] = str(number)


def _cordoned(found: Object, number: int) -> None:
    if found["spec"].pop("unschedulable", None) is None:
        found["spec"]["unschedulable"] = True


def _limited(found: Object, number: int) -> None:
    found["spec"]["maxReplicas"] = 1 + number % 9


def _canary(found: Object, number: int) -> None:
    for name in ("abort", "abortedAt"):
        found["status"].pop(name, None)
    found["status"] |= {"currentPodHash": f"hash-{number}", "updatedReplicas": 1}


EDITS: dict[str, Callable[[Object, int], None]] = {
    DEPLOYMENT: _released,
    NODE: _cordoned,
    AUTOSCALER: _limited,
    ROLLOUT: _canary,
}
