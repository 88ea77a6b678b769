"""Records put together of parts are those of `encode`, byte for byte."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import sample_bytes
from schemas.codec import encode, frame_with
from schemas.metrics import Sample, Samples

labels = st.dictionaries(st.text(max_size=200), st.text(max_size=200), max_size=5)
samples = st.builds(Sample, st.text(max_size=9), labels, st.floats(allow_nan=False))
records = st.builds(
    Samples,
    labels,
    st.integers(-(2**63), 2**63 - 1),
    st.lists(
        samples, max_size=70, unique_by=lambda one: (one.name, *sorted(one.labels.items()))
    ).map(tuple),
)


def texts(of: dict[str, str]) -> bytes:
    return sample_bytes.texts([sample_bytes.pair(*one) for one in sorted(of.items())])


def put_together(whole: Samples) -> bytes:
    values = {
        sample_bytes.text(one.name) + texts(one.labels): sample_bytes.number(one.value)
        for one in whole.samples
    }
    return sample_bytes.samples(sample_bytes.opening(), texts(whole.labels), whole.at_ms, values)


@pytest.fixture
def in_confluents_framing() -> Iterator[None]:
    frame_with({Samples: 7}, None)
    yield
    frame_with({}, None)


@given(records)
def test_the_bytes_are_those_of_encode(whole: Samples) -> None:
    assert put_together(whole) == encode(whole)


def test_in_confluents_framing_too(in_confluents_framing: None) -> None:
    whole = Samples({"pod": "p"}, 1, (Sample("up", {"job": "j"}, -0.0),))
    made = put_together(whole)
    assert made == encode(whole)
    assert made[0] == 0
