"""The JSON body of a `Sightings` fact: a contract of its own beside the Avro record around it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.alerts import AlertStatus, Sighting
from schemas.sightings import pack, unpack
from schemas.tape import Sightings
from tests.schemas.values import values

SEEN = Sighting(
    "am",
    "0123456789abcdef",
    AlertStatus.FIRING,
    1_700_000_000_000,
    -62_135_596_800_000,
    {"alertname": "Slow", "ä": "→"},
    {},
)
BODY_V1 = (
    '[["am","0123456789abcdef","firing",1700000000000,-62135596800000,'
    '{"alertname":"Slow","ä":"→"},{}]]'
).encode()
"""As it is on every tape since the first release."""


def test_golden_bytes() -> None:
    assert pack([SEEN]) == Sightings(1, BODY_V1)
    assert unpack(Sightings(1, BODY_V1)) == [SEEN]


@given(st.lists(values(Sighting), max_size=5))
def test_sightings_come_back_from_their_body(seen: list[Sighting]) -> None:
    packed = pack(seen)
    assert packed.count == len(seen)
    assert unpack(packed) == seen


@given(labels=st.dictionaries(st.text(), st.text(), max_size=5), data=st.data())
def test_labels_in_another_order_are_the_same_bytes(
    labels: dict[str, str], data: st.DataObject
) -> None:
    other = dict(data.draw(st.permutations(list(labels.items()))))
    assert pack([replace(SEEN, labels=labels)]) == pack([replace(SEEN, labels=other)])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"{}",
        b"[[]]",
        b"[1]",
        BODY_V1.replace(b"firing", b"burning"),
        BODY_V1.replace(b"1700000000000", b'"soon"'),
        BODY_V1.replace(b",{}]]", b"]]"),
        BODY_V1.replace(b",{}]]", b",{},{}]]"),
        BODY_V1 + b"x",
        BODY_V1.replace("→".encode(), b"\xff"),
    ],
)
def test_a_body_that_nobody_packed(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is msgspec's
        unpack(Sightings(1, body))


@given(st.binary(max_size=100))
def test_nothing_but_a_value_error_is_raised(body: bytes) -> None:
    try:
        unpack(Sightings(1, body))
    except ValueError:
        pass
