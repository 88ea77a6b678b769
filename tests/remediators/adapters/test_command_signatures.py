"""What of `commands` an executor believes that knows the processors' keys."""

from dataclasses import dataclass, replace

import pytest

from remediators.adapters.kafka.inbox import Keys, delivery
from schemas.codec import encode
from schemas.signing import COMMAND, CONTROL, HEADER, SigningKey, read_public_key, read_signing_key
from schemas.topics import partition_for
from tests.keys import make_key
from tests.remediators.builders import command, withdrawal

PARTITIONS = 4
HOME = partition_for("eu-1", PARTITIONS)
ORDER = encode(command())


@dataclass
class Record:
    """What of a consumer's record is looked at."""

    value: bytes | None = ORDER
    headers: tuple[tuple[str, bytes | None], ...] = ()
    key: bytes | None = b"eu-1"
    partition: int = HOME
    offset: int = 0
    timestamp: int = 0


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SigningKey]:
    folder = tmp_path_factory.mktemp("keys")
    names = ("processor", "next", "mallory")
    return {name: read_signing_key(make_key(folder / name)) for name in names}


@pytest.fixture
def keys(signers: dict[str, SigningKey]) -> Keys:
    """During a rotation: the processors' key, and the next one."""
    return tuple(read_public_key(signers[name].public_text()) for name in ("processor", "next"))


def signed(by: SigningKey, value: bytes = ORDER, purpose: str = COMMAND) -> Record:
    return Record(value, ((HEADER, by.sign(purpose, value)),))


def fault(record: Record, keys: Keys | None) -> str:
    judged = delivery(record, PARTITIONS, keys)  # type: ignore[arg-type]
    usable = judged.command is not None or judged.withdrawal is not None
    assert usable is not bool(judged.fault)
    assert judged.value == record.value
    return judged.fault


@pytest.mark.parametrize("by", ["processor", "next"])
def test_what_one_of_the_keys_has_signed_is_a_command(
    keys: Keys, signers: dict[str, SigningKey], by: str
):
    assert fault(signed(signers[by]), keys) == ""


@pytest.mark.parametrize("headers", [(), ((HEADER, None),), ((HEADER, b""),), (("sig", b"x"),)])
def test_what_nobody_has_signed_is_none(keys: Keys, headers: tuple[tuple[str, bytes | None], ...]):
    assert fault(Record(headers=headers), keys) == "unsigned"


def test_another_key_does_not_count(keys: Keys, signers: dict[str, SigningKey]):
    assert fault(signed(signers["mallory"]), keys) == "bad_signature"


def test_a_key_that_was_taken_out_does_not_count_any_more(
    keys: Keys, signers: dict[str, SigningKey]
):
    assert fault(signed(signers["processor"]), keys[1:]) == "bad_signature"


def test_a_key_counts_for_its_purpose_alone(keys: Keys, signers: dict[str, SigningKey]):
    assert fault(signed(signers["processor"], purpose=CONTROL), keys) == "bad_signature"


@pytest.mark.parametrize("signature", [b"x", b"\0" * 64, b"y" * 10_000])
def test_any_bytes_may_stand_in_a_signatures_place(keys: Keys, signature: bytes):
    assert fault(Record(headers=((HEADER, signature),)), keys) == "bad_signature"


@pytest.mark.parametrize(
    "changed",
    [
        {"command_id": "c2"},
        {"cluster": "eu-2"},
        {"action": "scale"},
        {"target": replace(command().target, name="payments")},
        {"parameters": {"replicas": "0"}},
        {"expires_at_ms": command().expires_at_ms + 1},
        {"uid": "uid-2"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_signature_is_of_every_part(
    keys: Keys, signers: dict[str, SigningKey], changed: dict[str, object]
):
    headers = signed(signers["processor"]).headers
    altered = encode(replace(command(), **changed))
    assert fault(Record(altered, headers), keys) == "bad_signature"


def test_a_copy_elsewhere_is_signed_and_refused(keys: Keys, signers: dict[str, SigningKey]):
    copied = signed(signers["processor"])
    assert fault(replace(copied, key=b"eu-2"), keys) == "wrong_key"
    assert fault(replace(copied, partition=HOME + 1), keys) == "wrong_partition"


@pytest.mark.parametrize("value", [None, b"", b"{}", b"\xc3\x01"])
def test_what_is_not_signed_is_not_read(keys: Keys, value: bytes | None):
    assert fault(Record(value), keys) == "unsigned"


def test_without_keys_nothing_is_verified(signers: dict[str, SigningKey]):
    assert fault(Record(), None) == ""
    assert fault(signed(signers["mallory"]), None) == ""


def test_a_withdrawal_is_believed_as_a_command_is(keys: Keys, signers: dict[str, SigningKey]):
    value = encode(withdrawal(command()))
    genuine = signed(signers["processor"], value)
    judged = delivery(genuine, PARTITIONS, keys)  # type: ignore[arg-type]
    assert (judged.command, judged.withdrawal) == (None, withdrawal(command()))
    assert fault(Record(value), keys) == "unsigned"
    assert fault(signed(signers["mallory"], value), keys) == "bad_signature"
    assert fault(Record(value, signed(signers["processor"]).headers), keys) == "bad_signature"
    assert fault(replace(genuine, key=b"eu-2"), keys) == "wrong_key"
    assert fault(replace(genuine, partition=HOME + 1), keys) == "wrong_partition"
    assert fault(Record(value), None) == ""
