"""Offsets that hold no record and never will, such as the markers of somebody's transactions."""

import structlog

from streams.host.loop import PartitionLoop
from streams.host.reading import Bounds, LogReader

log = structlog.get_logger()


async def pass_hole(loop: PartitionLoop, topic: str, end: int, reader: LogReader) -> bool:
    """Has the loop go on at `end` if the log has nothing between there and the wanted offset."""
    wanted = loop.wanted
    if await reader.first(topic, loop.partition, Bounds(wanted, end)) is not None:
        return False
    if loop.wanted != wanted or loop.stopping:
        return False
    log.info("hole in the log", topic=topic, partition=loop.partition, start=wanted, end=end)
    loop.skip_hole(end)
    return True
