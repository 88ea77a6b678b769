"""Commands bound to what a site shows, carried out as the executor would."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from remediators.actions.catalog import CATALOG, announce
from remediators.actions.plan import Kit
from remediators.core.marker import marker_of
from remediators.core.proof import Trace, proof
from remediators.core.refusal import Refusal
from remediators.core.reply import Answer
from remediators.core.seen import Seen
from schemas.remediation import Command, CommandKind, Request, Target
from tests.ports.scenes import scene_of
from tests.ports.sites import Site
from tests.remediators.builders import command


@dataclass(frozen=True, slots=True)
class Announced:
    command: Command
    request: Request
    undo: Mapping[str, str]


async def look(site: Site, target: Target) -> Seen:
    seen = await site.cluster.look(target)
    assert isinstance(seen, Seen), seen
    return seen


def order(seen: Seen, **more: Any) -> Command:
    bound = {
        "target": seen.target,
        "uid": seen.uid,
        "generation": seen.generation,
        "marker": marker_of(seen),
    }
    return command(**{**bound, **more})


async def announced(site: Site, seen: Seen, action: str, **more: Any) -> Announced | Refusal:
    """What it reads beside its target is asked of the site."""
    given, row = order(seen, action=action, **more), CATALOG[action]
    made = announce(row, await scene_of(site, row, given, seen, Kit()))
    if isinstance(made, Refusal):
        return made
    request, plan = made
    return Announced(given, request, plan.undo)


async def act(site: Site, seen: Seen, action: str, **parameters: str) -> Announced:
    """Rehearsed, sent, and sent again: it has one effect."""
    made = await announced(site, seen, action, parameters=parameters)
    return await _carried_out(site, made)


async def undo(site: Site, done: Announced) -> Announced:
    seen = await look(site, done.command.target)
    return await _carried_out(
        site, await announced(site, seen, done.command.action, **undoing(done))
    )


def undoing(done: Announced) -> dict[str, Any]:
    """Bound to what its ACT was bound to, as the core does it."""
    before = done.command
    return {
        "kind": CommandKind.ROLLBACK,
        "command_id": "undo",
        "undoes": before.command_id,
        "parameters": done.undo,
        "uid": before.uid,
        "generation": before.generation,
        "marker": before.marker,
    }


async def _carried_out(site: Site, made: Announced | Refusal) -> Announced:
    assert isinstance(made, Announced), made
    assert (await site.cluster.rehearse(made.request)).answer is Answer.DONE
    reply = await site.cluster.send(made.request, always)
    assert reply.answer is Answer.DONE, reply
    assert (await site.cluster.send(made.request, always)).answer is Answer.UNPROCESSABLE
    after = await look(site, made.command.target)
    assert proof(made.command, made.request, after).trace is Trace.DONE
    return made


def always() -> bool:
    return True
