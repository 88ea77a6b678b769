"""Where and when a tape record is: read from the broker, in one place."""

import hashlib

from schemas.codec import Undecodable, decode
from schemas.tape import TapeRecord
from streams.core.draft import Placed
from streams.steps.effects import InputRecord


def placed(record: InputRecord) -> Placed | Undecodable:
    fact = decode(record.value, TapeRecord)
    if isinstance(fact, Undecodable):
        return fact
    digest = hashlib.blake2b(record.value or b"", digest_size=16).hexdigest()
    return Placed(record.partition, record.offset, record.at_ms, fact, digest)
