"""With a registry set, what we write carries its ids, and what we read may carry any of them."""

from collections.abc import Iterator

import pytest

from deploy.registry import SUBJECTS, join_registry
from schemas.codec import CONFLUENT, SINGLE_OBJECT, Undecodable, decode, encode, frame_with
from schemas.controls import Heartbeat
from schemas.records import RECORDS
from schemas.tape import TapeRecord, Tick
from tests.schemas.registry_server import registry_server

TICK = TapeRecord("*", Tick(1))


@pytest.fixture(autouse=True)
def unframed() -> Iterator[None]:
    yield
    frame_with({}, None)


def test_every_record_has_a_subject_of_its_own() -> None:
    assert set(SUBJECTS) == set(RECORDS)
    assert len(set(SUBJECTS.values())) == len(SUBJECTS)


def test_without_a_registry_nothing_changes() -> None:
    join_registry("", "mendlog")
    assert encode(TICK).startswith(SINGLE_OBJECT)


def test_with_one_records_carry_its_ids_and_are_read_back() -> None:
    with registry_server() as server:
        join_registry(server.url, "mendlog")
        assert set(server.subjects) == {f"mendlog.{s}-value" for s in SUBJECTS.values()}
        for record in (TICK, Heartbeat("e", 1)):
            written = encode(record)
            assert written[0] == CONFLUENT
            assert decode(written, type(record)) == record
        asked = len(server.requests)
        decode(encode(TICK), TapeRecord)
        assert len(server.requests) == asked, "our own ids are not asked for again"


def test_what_was_written_before_the_registry_is_still_read() -> None:
    before = encode(TICK)
    with registry_server() as server:
        join_registry(server.url, "mendlog")
        assert decode(before, TapeRecord) == TICK


def test_a_process_without_the_registry_says_that_it_cannot_read() -> None:
    with registry_server() as server:
        join_registry(server.url, "mendlog")
        written = encode(TICK)
    frame_with({}, None)
    assert isinstance(decode(written, TapeRecord), Undecodable)
