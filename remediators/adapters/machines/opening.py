"""Who can end the machine behind a node of a cluster."""

from collections.abc import Callable

from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.core.seen import Json, Seen
from remediators.core.workload import Surroundings
from remediators.ports import Cluster, Reached
from remediators.reading import BadFile
from remediators.settings import Ec2
from schemas.remediation import Request, Target

NONE = Reply(Answer.INVALID, "nobody is set who could end its machine: MENDLOG_MACHINES")


def open_machines(address: Ec2 | None, timeout_s: float, reached: Reached) -> Cluster:
    """Calls nobody. Raises BadFile."""
    if address is None:
        return NoMachines()
    try:
        from remediators.adapters.machines.ec2 import Ec2Machines
    except ImportError as missing:
        raise BadFile(["MENDLOG_MACHINES needs `pip install mendlog[eks]`"]) from missing
    return Ec2Machines(address, timeout_s, reached)


class NoMachines:
    async def look(self, target: Target) -> Seen | Reply:
        return NONE

    async def find(self, query: Query) -> tuple[Json, ...] | Reply:
        return NONE

    async def survey(self, target: Target) -> tuple[Seen, Surroundings] | Reply:
        return NONE

    async def rehearse(self, request: Request) -> Reply:
        return NONE

    async def send(self, request: Request, in_time: Callable[[], bool]) -> Reply:
        return NONE

    async def close(self) -> None:
        """Nothing is open."""
