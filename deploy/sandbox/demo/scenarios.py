"""Ways to break checkout, each with what must come of it."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import aiohttp

from deploy.sandbox.stack import Stack

Break = Callable[[Stack, list[str]], Awaitable[str]]
"""Breaks checkout, given the addresses of its ready pods; returns what was done, in words."""


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    purpose: str
    break_it: Break
    ends: str
    """How the incident must end for the demo to be a success."""


async def leak(_stack: Stack, pods: list[str]) -> str:
    """Every pod starts to leak until its heap is full: only a new process is cured."""
    async with aiohttp.ClientSession() as session:
        for pod in pods:
            fault = {"leak_kb_per_request": 8192}
            async with session.post(f"http://{pod}/faults", json=fault) as answer:
                answer.raise_for_status()
    return f"{len(pods)} checkout pods leak 8 MB of memory with every request"


async def bad_release(stack: Stack, _pods: list[str]) -> str:
    """A release that fails half its requests: a restart cannot cure it, the one before can."""
    container = {"name": "checkout", "env": [{"name": "ERROR_RATE", "value": "0.5"}]}
    patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
    access = stack.cluster.access
    url = f"{access.url}/apis/apps/v1/namespaces/shop/deployments/checkout"
    headers = {**access.headers, "Content-Type": "application/strategic-merge-patch+json"}
    async with (
        aiohttp.ClientSession() as session,
        session.patch(
            url, data=json.dumps(patch), headers=headers, ssl=access.tls or True
        ) as answer,
    ):
        answer.raise_for_status()
    return "a release of checkout is rolled out that fails half of all requests"


SCENARIOS: Mapping[str, Scenario] = {
    s.name: s
    for s in (
        Scenario("leak", "a memory leak that a restart cures", leak, "verified"),
        Scenario(
            "bad-release", "a bad release that only a rollback cures", bad_release, "verified"
        ),
    )
}
