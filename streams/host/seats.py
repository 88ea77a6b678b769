"""A worker's seats in its groups, kept in its folder for the worker after it.

Who was killed keeps a seat until its session runs out, and all who come to the group wait for that.
The next in the folder knows who sat there, and leaves in its name.
"""

import json
from pathlib import Path

import structlog
from aiokafka.errors import KafkaError

from streams.host.offsets import GroupOffsets

NAME = "seats"

log = structlog.get_logger()


class Seats:
    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / NAME
        self._taken: dict[str, str] = {}
        """By group, the member's id that the broker has given us."""

    def take(self, group: str, member: str) -> None:
        if self._taken.get(group) == member:
            return
        self._taken[group] = member
        try:
            self._file.write_text(json.dumps(self._taken))
        except OSError as error:
            log.warning("the next worker here will wait for our session's end", fault=str(error))

    async def give_up_old_ones(self, groups: GroupOffsets) -> None:
        for group, member in self._old_ones().items():
            try:
                if await groups.leave(group, member):
                    log.info("left the group for the worker before us", group=group)
            except KafkaError as error:
                log.info("the session of the worker before us is waited for", fault=repr(error))

    def _old_ones(self) -> dict[str, str]:
        try:
            found = json.loads(self._file.read_text())
            return {str(group): str(member) for group, member in found.items()}
        except (OSError, ValueError, AttributeError):
            return {}  # none, or cut off by a crash
