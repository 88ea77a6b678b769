"""The kill switch, as the executor itself reads it: it works while the processor does not."""

from schemas.codec import decode, encode
from schemas.controls import Control, ControlKind, Heartbeat, Switch
from schemas.topics import SWITCHES
from streams.controls import writing
from streams.read import places_of, plain_consumer, read_places


def switch_of(control: Control) -> Switch:
    killed = control.kind is ControlKind.KILL
    return Switch(control.cluster, killed, control.author, control.reason, control.issued_at_ms)


async def throw(bootstrap: str, prefix: str, switch: Switch) -> tuple[int, int]:
    """Returns its partition and offset when it is on disk. Executors read it within a second."""
    async with writing(bootstrap) as producer:
        record = await producer.send_and_wait(
            SWITCHES.name(prefix), encode(switch), key=switch.cluster.encode(), partition=0
        )
    return record.partition, record.offset


async def pulled(bootstrap: str, prefix: str) -> dict[str, Switch]:
    """The switches that are on, by cluster or `*`."""
    found: dict[str, Switch] = {}
    consumer = plain_consumer(bootstrap)
    try:
        await consumer.start()
        async for record in read_places(consumer, await places_of(consumer, SWITCHES.name(prefix))):
            key = (record.key or b"").decode(errors="replace")
            switch = decode(record.value, Switch, Heartbeat)
            found.pop(key, None)
            if isinstance(switch, Switch) and switch.kill:
                found[key] = switch
    finally:
        await consumer.stop()
    return found
