"""What an action sees of a site."""

from remediators.actions.plan import Kit, Row, Scene
from remediators.core.reply import Reply
from remediators.core.seen import Seen
from schemas.remediation import Command
from tests.ports.sites import Site


async def scene_of(site: Site, row: Row, order: Command, seen: Seen, kit: Kit) -> Scene:
    found = []
    for query in row.reads(order, seen):
        objects = await site.cluster.find(query)
        assert not isinstance(objects, Reply), objects
        found.append(objects)
    return Scene(order, seen, tuple(found), kit)
