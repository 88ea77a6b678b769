"""What is ordered of executors leaves with our signature, the same each time."""

from pathlib import Path

import pytest

from schemas.signing import COMMAND, HEADER, SigningKey, read_public_key, read_signing_key
from schemas.topics import BATCH_BYTES_MAX, COMMANDS, NOTICES
from streams.host.exits import TooLarge
from streams.host.outbox import Outbox
from streams.host.writer import Record, batch_bytes
from tests.keys import make_key
from tests.streams.host.fakes import FakeLog

ORDER = Record(b"eu-1", b"do it")
FULL = Record(b"eu-1", b"x" * (BATCH_BYTES_MAX - batch_bytes([Record(b"eu-1", b"")])))
"""Not one byte more would be accepted."""


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return read_signing_key(make_key(tmp_path / "key"))


async def sent(key: SigningKey | None, *records: Record, topic=COMMANDS) -> list[Record]:
    log = FakeLog()
    await Outbox(log, "test", key).send({(topic, 0): records})
    return [record for batch in log.of(topic.name("test")) for record in batch]


async def test_a_command_is_signed_over_its_bytes(key: SigningKey):
    (record,) = await sent(key, ORDER)
    ((name, signature),) = record.headers
    assert (record.key, record.value, name) == (ORDER.key, ORDER.value, HEADER)
    assert read_public_key(key.public_text()).has_signed(COMMAND, b"do it", signature)


async def test_what_is_sent_again_after_a_crash_is_the_same_to_its_last_byte(key: SigningKey):
    assert await sent(key, ORDER, ORDER._replace(value=b"2")) == await sent(
        key, ORDER, ORDER._replace(value=b"2")
    )


async def test_nothing_else_is_signed(key: SigningKey):
    assert await sent(key, ORDER, topic=NOTICES) == [ORDER]


async def test_without_a_key_commands_go_as_they_are():
    assert await sent(None, ORDER) == [ORDER]


async def test_the_signature_is_measured_with_its_record(key: SigningKey):
    assert await sent(None, FULL) == [FULL]
    with pytest.raises(TooLarge):
        await sent(key, FULL)
    room = ORDER._replace(value=(FULL.value or b"")[200:])
    assert len(await sent(key, room)) == 1
