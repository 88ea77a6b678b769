"""Offsets that hold no record and never will: the markers of somebody's transactions, which are
passed, and what retention has deleted before it was applied, which is not."""

import structlog

from streams.host.exits import CursorOutsideLog
from streams.host.loop import PartitionLoop
from streams.host.reading import Bounds, LogReader

log = structlog.get_logger()


async def pass_hole(loop: PartitionLoop, topic: str, end: int, reader: LogReader) -> bool:
    """Has the loop go on at `end` if the log has nothing between there and the wanted offset."""
    wanted = loop.wanted
    start_inside(loop, topic, (await reader.bounds(topic, [loop.partition]))[loop.partition])
    if loop.wanted != wanted:
        return False
    if await reader.first(topic, loop.partition, Bounds(wanted, end)) is not None:
        return False
    if loop.wanted != wanted or loop.stopping:
        return False
    log.info("hole in the log", topic=topic, partition=loop.partition, start=wanted, end=end)
    loop.skip_hole(end)
    return True


def start_inside(loop: PartitionLoop, topic: str, bounds: Bounds) -> None:
    """Refuses to go on where the log has nothing; an empty journal begins where the log does."""
    where = f"{topic}/{loop.partition}"
    if loop.cursor >= bounds.end:
        raise CursorOutsideLog(
            f"{where}: applied up to {loop.cursor}, but the log ends at {bounds.end}: "
            "the topic was lost or made anew. Restore it, or remove the journal "
            f"{loop.source.journal.noun} to begin again"
        )
    if loop.wanted >= bounds.start:
        return
    if loop.cursor >= 0 or loop.source.whole:
        raise CursorOutsideLog(
            f"{where}: the next record is {loop.wanted}, but the log starts at {bounds.start}: "
            f"retention was faster. {_way_on(loop)}"
        )
    loop.skip_hole(bounds.start)


def _way_on(loop: PartitionLoop) -> str:
    if loop.source.whole:
        return "Restore the topic, or begin again under another topic prefix"
    journal = loop.source.journal.noun
    return f"Restore the topic, or remove the journal {journal} to do without what is gone"
