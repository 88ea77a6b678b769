"""What traffic and flags rely on, of every API that we run against."""

from typing import Any

import pytest

from remediators.actions.catalog import CATALOG, announce
from remediators.actions.plan import Kit, Scene
from remediators.actions.shift_traffic import CANARY, WEIGHT
from remediators.core.flag import ConfigMapKey, Flag
from remediators.core.proof import Trace, proof
from remediators.core.refusal import Refusal
from remediators.core.reply import Answer, Reply
from remediators.core.seen import Seen
from schemas.actions import SET_FLAG, SHIFT_TRAFFIC, SWITCH_TRAFFIC
from schemas.kinds import CONFIG_MAP, INGRESS, SERVICE
from schemas.remediation import Request, Target
from tests.ports.sites import Site
from tests.remediators.builders import command

BACKEND = {"service": {"name": "web", "port": {"number": 80}}}
A_CANARY: dict[str, Any] = {
    "metadata": {"annotations": {"mendlog.io/enabled": "true", CANARY: "true", WEIGHT: "10"}},
    "spec": {"defaultBackend": BACKEND},
}
FLAGS = {"fast": Flag("fast", frozenset({"on", "off"}), "", ConfigMapKey("", "flags", "fast"))}


async def look(site: Site, target: Target) -> Seen:
    seen = await site.cluster.look(target)
    assert isinstance(seen, Seen), seen
    return seen


async def send(site: Site, what: Request) -> Answer:
    return (await site.cluster.send(what, lambda: True)).answer


async def planned(site: Site, action: str, seen: Seen, **parameters: str) -> Request | Refusal:
    order = command(
        action=action,
        target=seen.target,
        uid=seen.uid,
        generation=seen.generation,
        parameters=parameters,
    )
    found = [await site.cluster.find(query) for query in CATALOG[action].reads(order, seen)]
    assert not any(isinstance(each, Reply) for each in found), found
    made = announce(CATALOG[action], Scene(order, seen, tuple(found), Kit(flags=FLAGS)))
    return made if isinstance(made, Refusal) else made[0]


async def test_a_weight_that_somebody_else_sets_is_noticed(site: Site):
    """Annotations move no generation of an Ingress, so the number is of what they say."""
    target = await site.makes(INGRESS, "canary", A_CANARY)
    before = await look(site, target)
    what = await planned(site, SHIFT_TRAFFIC, before, to="20", max="50")
    assert isinstance(what, Request)
    await site.edits(target, {"metadata": {"annotations": {WEIGHT: "30"}}})
    after = await look(site, target)
    assert not before.generation_kept
    assert before.generation != after.generation
    assert await send(site, what) is Answer.UNPROCESSABLE
    order = command(target=target, uid=before.uid, generation=before.generation)
    assert proof(order, what, after).trace is Trace.MOVED
    assert after.annotations[WEIGHT] == "30"


async def test_other_annotations_of_an_ingress_do_not_matter(site: Site):
    target = await site.makes(INGRESS, "canary", A_CANARY)
    before = await look(site, target)
    await site.edits(target, {"metadata": {"annotations": {"example.com/note": "x"}}})
    assert (await look(site, target)).generation == before.generation


async def test_a_service_is_not_sent_where_nothing_is_ready(site: Site):
    selector = {"app": "shop", "release": "blue"}
    body = {"spec": {"ports": [{"port": 80}], "selector": selector}}
    seen = await look(site, await site.makes(SERVICE, "shop", body))
    refused = await planned(site, SWITCH_TRAFFIC, seen, label="release", to="green")
    assert isinstance(refused, Refusal)
    assert refused.reason == "below_minimum"


@pytest.mark.parametrize("value", ["off", "half"])
async def test_a_flag_that_somebody_else_sets_is_left_alone(site: Site, value: str):
    target = await site.makes(CONFIG_MAP, "flags", {"data": {"fast": "on"}})
    what = await planned(site, SET_FLAG, await look(site, target), flag="fast", value="off")
    assert isinstance(what, Request)
    await site.edits(target, {"data": {"fast": value}})
    assert await send(site, what) is Answer.UNPROCESSABLE
    assert (await look(site, target)).body["data"] == {"fast": value}
