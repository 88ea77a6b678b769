"""One action of each verb on targets of its own, and whether its effect is there."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from remediators.adapters.kubernetes import paths
from schemas.actions import (
    ABORT_CANARY,
    DELETE_POD,
    DRAIN,
    EVICT_POD,
    RERUN_JOB,
    SCALE,
    SET_FLAG,
    SHIFT_TRAFFIC,
)
from schemas.kinds import FLAG, JOB, NODE, POD
from schemas.remediation import Command, CommandKind, Outcome, Target
from tests.faults.executor_cases import as_soon_as_it_can_be, make, make_beside
from tests.faults.executor_wire import Wire
from tests.faults.executor_world import CLUSTER, World
from tests.hand import beside
from tests.remediators.actions.samples import SAMPLES, kept

WEIGHT = "nginx.ingress.kubernetes.io/canary-weight"
ELSEWHERE = "SET"
"""Of a flag, which has a wire of its own."""
UNMARKED = "SET_STATUS"
"""Of what it has done nothing tells by whom."""
ONCE = (ELSEWHERE, UNMARKED)
"""Never sent again, once in doubt."""
FLAGS = 24
"""Registered when an executor starts; each is set once."""


@dataclass(frozen=True)
class Order:
    """An ACT that is bound to its look, and what a proxy may know it by."""

    act: Command
    about: tuple[str, ...]
    happened: Callable[[], bool]
    subject: str
    """The path of what it changes, removes or makes."""


class FlagHouse:
    """Values by path, behind a wire. No ETag: whatever is put there counts."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.wire = Wire("")
        self._free = iter(range(FLAGS))

    def settings(self, folder: Path) -> dict[str, str]:
        entries = {
            f"flag-{n}": {
                "values": ["on", "off"],
                "cluster": CLUSTER,
                "http": {"url": f"{self.wire.url}/flag-{n}", "member": "value"},
            }
            for n in range(FLAGS)
        }
        file = folder / "flags.yaml"
        file.write_text(yaml.safe_dump({"flags": entries}))
        return {"flags_file": str(file)}

    def next_name(self) -> str:
        return f"flag-{next(self._free)}"

    async def serve(self, request: web.Request) -> web.Response:
        name = request.path.removeprefix("/")
        if request.method == "PUT":
            self.values[name] = (await request.json())["value"]
        return web.json_response({"value": self.values.get(name, "on")})


@asynccontextmanager
async def flag_house() -> AsyncIterator[FlagHouse]:
    house = FlagHouse()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", house.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    house.wire = Wire(f"http://127.0.0.1:{runner.addresses[0][1]}")
    await house.wire.start()
    try:
        yield house
    finally:
        await house.wire.stop()
        await runner.cleanup()


async def ordered(here: World, house: FlagHouse, name: str) -> Mapping[str, Order]:
    """By verb; none is sent yet."""
    return {
        "PATCH": await _patch(here, SCALE, name, lambda o: o["spec"]["replicas"] == 2),
        "PATCH without a generation": await _patch(here, SHIFT_TRAFFIC, name, _shifted),
        "DELETE": await _removal(here, DELETE_POD, name),
        "EVICT": await _removal(here, EVICT_POD, name),
        "EVICT of a drain": await _drain(here, name),
        "CREATE": await _creation(here, name),
        ELSEWHERE: await _setting(here, house),
        UNMARKED: await _abort(here, name),
    }


async def send(here: World, orders: Mapping[str, Order]) -> None:
    for order in orders.values():
        here.commands.append(order.act)
        await here.send(order.act)


async def ends(here: World, orders: Mapping[str, Order]) -> dict[str, Outcome]:
    return {verb: await here.ended(order.act) for verb, order in orders.items()}


def prepare(here: World) -> None:
    """Once in a world."""
    make_beside(here, SAMPLES[DRAIN])


def _shifted(found: Any) -> bool:
    return str(found["metadata"]["annotations"][WEIGHT]) == "20"


async def _patch(here: World, action: str, name: str, is_done: Callable[[Any], bool]) -> Order:
    target = await asyncio.to_thread(make, here, SAMPLES[action], f"{name}-{action[:5]}")
    act = await as_soon_as_it_can_be(here, action, target)
    done = lambda: is_done(stored(here, target))  # noqa: E731
    return Order(act, (act.command_id,), done, path_of(target))


async def _removal(here: World, action: str, name: str) -> Order:
    target = await asyncio.to_thread(make, here, SAMPLES[action], f"{name}-{action[:5]}")
    act = await as_soon_as_it_can_be(here, action, target)
    return removing(here, act, target)


async def _drain(here: World, name: str) -> Order:
    node, pods = await asyncio.to_thread(node_with_pods, here, name, 1)
    act = await as_soon_as_it_can_be(here, DRAIN, node)
    return removing(here, act, pods[0])


def removing(here: World, act: Command, pod: Target) -> Order:
    return Order(act, (f"/{pod.name}",), lambda: is_gone(here, pod), path_of(pod))


def node_with_pods(here: World, name: str, number: int) -> tuple[Target, list[Target]]:
    node = beside(here.target, NODE, f"{here.namespace}-{name}")
    here.hand.makes(node, {"spec": {"unschedulable": True}})
    pods = [beside(here.target, POD, f"on-{name}-{n}") for n in range(number)]
    for pod in pods:
        here.hand.makes(pod, kept("Keeper", nodeName=node.name))
    return node, pods


async def _creation(here: World, name: str) -> Order:
    target = await asyncio.to_thread(make, here, SAMPLES[RERUN_JOB], f"{name}-job")
    act = await as_soon_as_it_can_be(here, RERUN_JOB, target)
    copy = replace(target, kind=JOB, name=f"mendlog-{act.command_id}")
    made = lambda: stored(here, copy) is not None  # noqa: E731
    return Order(act, (act.command_id,), made, path_of(copy))


async def _setting(here: World, house: FlagHouse) -> Order:
    name = house.next_name()
    target = Target(CLUSTER, "", FLAG, name)
    seen = await here.look(target=target, action=SET_FLAG)
    bound = {"uid": seen.uid, "generation": seen.generation, "marker": seen.marker}
    off = {"flag": name, "value": "off"}
    more = {"action": SET_FLAG, "target": target, "parameters": off, **bound}
    act = here.composed(CommandKind.ACT, **more)
    is_off = lambda: house.values.get(name) == "off"  # noqa: E731
    return Order(act, (f"/{name}",), is_off, f"/{name}")


async def _abort(here: World, name: str) -> Order:
    """Its body has nothing of the command's own, but the uid of its target."""
    target = await asyncio.to_thread(make, here, SAMPLES[ABORT_CANARY], f"{name}-abort")
    act = await as_soon_as_it_can_be(here, ABORT_CANARY, target)
    is_aborted = lambda: bool(stored(here, target)["status"].get("abort"))  # noqa: E731
    return Order(act, (act.uid,), is_aborted, path_of(target))


def path_of(target: Target) -> str:
    path = paths.of(target)
    assert path is not None
    return path


def is_gone(here: World, target: Target) -> bool:
    found = stored(here, target)
    return found is None or "deletionTimestamp" in found["metadata"]


def stored(here: World, target: Target) -> Any:
    """Asked of the API itself, past the wire."""
    url = f"{here.apps.api_client.configuration.host}{paths.of(target)}"
    try:
        with urllib.request.urlopen(url) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as fault:
        if fault.code == 404:
            return None
        raise
