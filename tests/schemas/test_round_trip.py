"""Every record comes back from its bytes, and equal records are equal bytes."""

import hashlib
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import Alert
from schemas.codec import decode, encode
from schemas.metrics import Sample, Samples
from schemas.records import RECORDS
from schemas.shape import schema_of
from tests.schemas.examples import examples
from tests.schemas.values import values

every_record = pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)


@every_record
@given(data=st.data())
def test_a_record_comes_back_from_its_bytes(record: type, data: st.DataObject) -> None:
    value = data.draw(values(record))
    assert decode(encode(value), record) == value


@every_record
@given(data=st.data())
def test_a_record_comes_back_from_confluent_framing(record: type, data: st.DataObject) -> None:
    value = data.draw(values(record))
    framed = encode(value, confluent_id=7)
    assert framed.startswith(b"\0\0\0\0\7")
    assert decode(framed, record, registry={7: schema_of(record)}.get) == value


@given(labels=values(Alert).map(lambda alert: alert.labels), data=st.data())
def test_a_mapping_in_another_order_is_the_same_bytes(
    labels: dict[str, str], data: st.DataObject
) -> None:
    alert = Alert(labels, {})
    other = Alert(dict(data.draw(st.permutations(list(labels.items())))), {})
    assert encode(alert) == encode(other)


def test_minus_zero_is_the_same_bytes_as_zero() -> None:
    plus, minus = (samples(0.0), samples(-0.0))
    assert plus == minus
    assert encode(plus) == encode(minus)


def samples(value: float) -> Samples:
    return Samples({}, 1, (Sample("up", {}, value),))


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    assert digest_of_all_examples(seed=1) == digest_of_all_examples(seed=2)


def digest_of_all_examples(seed: int) -> str:
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stdout) == 64 + 1
    return done.stdout


def main() -> None:
    encoded = [encode(value) for record in RECORDS for value in examples(record).values()]
    print(hashlib.sha256(b"".join(encoded)).hexdigest())


if __name__ == "__main__":
    main()
