"""A record that cannot be read goes to `rejects` as it was, and its input moves on."""

from schemas.codec import encode
from schemas.rejects import Reject
from schemas.topics import REJECTS
from streams.steps.effects import Effects, InputRecord, Output

BODY_KEPT_BYTES = 4 * 1024 * 1024


def reject(record: InputRecord, reason: str, detail: str, body: bytes | None = None) -> Output:
    """`body` where only a part of the record is at fault."""
    raw = (record.value or b"") if body is None else body
    value = Reject(
        topic=record.topic.noun,
        partition=record.partition,
        offset=record.offset,
        reason=reason,
        detail=detail[:1000],
        source=record.header("source") or "",
        at_ms=record.at_ms,
        body=raw[:BODY_KEPT_BYTES],
        truncated=len(raw) > BODY_KEPT_BYTES,
    )
    return Output(REJECTS, record.key or b"", encode(value))


def rejected(record: InputRecord, reason: str, detail: str) -> Effects:
    return Effects(outputs=(reject(record, reason, detail),))
