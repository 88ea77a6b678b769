"""The tape's time, and whether it can be trusted.

`now` is the highest broker time seen on the partition. A tick also carries its host's time: where
the two moved apart since the last tick, one of the clocks jumped, and budgets that count by time
would be wrong; so actions wait until ticks have agreed for a while.
"""

from schemas.tape import Tick
from streams.core.changed import replace
from streams.core.partition import PartitionState

JUMP_MS = 60_000
TICKS_TO_AGREE = 30


def hear_tick(partition: PartitionState, tick: Tick, at_ms: int) -> PartitionState:
    apart_ms = _moved_apart_ms(partition, tick, at_ms)
    still = max(0, partition.ticks_to_agree - 1)
    return replace(
        partition,
        tick_at_ms=at_ms,
        tick_host_at_ms=tick.host_at_ms,
        ticks_to_agree=TICKS_TO_AGREE if apart_ms > JUMP_MS else still,
    )


def _moved_apart_ms(partition: PartitionState, tick: Tick, at_ms: int) -> int:
    if not partition.tick_at_ms:
        return 0
    by_broker = at_ms - partition.tick_at_ms
    by_host = tick.host_at_ms - partition.tick_host_at_ms
    return abs(by_broker - by_host)
