"""What a bare aiokafka loop makes of the same alerts: the yardstick for what guarantees cost.

`tells`: it produces every alert that it has seen. Otherwise only what it has not seen before, as a
deduplicating processor would; then a storm is mostly reading and a dictionary.
"""

import time
from collections.abc import Sequence

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.ids import fingerprint

_decode = msgspec.json.Decoder(dict).decode
_encode = msgspec.json.Encoder().encode


async def load(bootstrap: str, topic: str, alerts: Sequence[dict[str, object]]) -> None:
    """One alert a record, on one partition, as a naive producer would write them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1), NewTopic(f"{topic}-out", 1, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, acks="all")
    await producer.start()
    for alert in alerts:
        await producer.send(topic, _encode(alert))
    await producer.stop()


async def alerts_per_s(bootstrap: str, topic: str, count: int, *, tells: bool = True) -> float:
    """Consume, decode, fingerprint, remember, produce; until all are acknowledged."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, acks="all")
    await consumer.start()
    await producer.start()
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    await consumer.seek_to_beginning(place)
    known: dict[str, dict[str, object]] = {}
    began_s, seen = time.perf_counter(), 0
    while seen < count:
        for record in (await consumer.getmany(place, timeout_ms=1000)).get(place, ()):
            alert = _decode(record.value)
            key = fingerprint(alert["labels"])
            if tells or key not in known:
                await producer.send(f"{topic}-out", record.value, key=key.encode())
            known[key] = alert
            seen += 1
    await producer.flush()
    took_s = time.perf_counter() - began_s
    await consumer.stop()
    await producer.stop()
    return count / took_s
