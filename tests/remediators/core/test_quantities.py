"""Quantities: read exactly, grown, and written in the form found."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deploy.sandbox.cluster.api.quantities import canonical, value_of
from remediators.core.quantities import BINARY, DECIMAL, grown, quantity

BYTES_MAX = 2**63 - 1
"""More the API itself does not count."""
UNITS = [*BINARY, *DECIMAL, "e3", "E6", "e-3", "e+2"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("128974848", 128_974_848),
        ("1Ki", 1024),
        ("1.5Gi", 1536 * 1024**2),
        (".5Gi", 512 * 1024**2),
        ("5.", 5),
        ("+5Gi", 5 * 1024**3),
        ("129e6", 129_000_000),
        ("1E3", 1000),
        ("1E", 10**18),
        ("12.8e6", 12_800_000),
        ("128974848000m", 128_974_848),
        ("100m", Fraction(1, 10)),
        ("1n", Fraction(1, 10**9)),
        ("1e-2", Fraction(1, 100)),
        ("0001Mi", 1024**2),
    ],
)
def test_read_exactly(text, value):
    found = quantity(text)
    assert found is not None
    assert found.value == value
    assert found.text == text


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", ".", "-1", "-1Gi", "1 Gi", "1gi", "1K", "1KiB", "1e", "1e99", "1e1.5", "1,5"),
        *("0x10", "Gi", "1..2", "1Gi\n", "١Gi", "NaN", "inf", "{{7*7}}", "$(id)", "9" * 40, "1_0"),
    ],
)
def test_what_is_none(text):
    assert quantity(text) is None


@pytest.mark.parametrize(
    ("text", "percent", "then"),
    [
        ("512Mi", 25, "640Mi"),
        ("1Gi", 25, "1280Mi"),
        ("4Gi", 100, "8Gi"),
        ("1001Mi", 10, "1102Mi"),
        ("10Gi", 25, "12800Mi"),
        ("100Ki", 25, "125Ki"),
        ("3Ki", 25, "4Ki"),
        ("500M", 25, "625M"),
        ("1G", 25, "1250M"),
        ("128974848", 25, "161218560"),
        ("129e6", 100, "258e6"),
        ("1e9", 25, "1250e6"),
        ("100e3", 25, "125e3"),
        ("128974848000m", 25, "161218560"),
        ("100m", 25, "1"),
        ("1.5Gi", 100, "3Gi"),
        ("1Ti", 1, "1059062Mi"),
    ],
)
def test_grown_and_written_in_the_form_found(text, percent, then):
    found = quantity(text)
    assert found is not None
    assert grown(found, percent).text == then


@given(
    number=st.integers(1, 10**6),
    unit=st.sampled_from(UNITS),
    percent=st.integers(1, 100),
)
def test_it_grows_by_no_less_and_says_what_it_means(number: int, unit: str, percent: int):
    """As another reader of quantities has it, the sandbox's."""
    found = quantity(f"{number}{unit}")
    assert found is not None
    assume(found.value * 2 <= BYTES_MAX)
    assert found.value == Fraction(value_of(found.text))
    more = grown(found, percent)
    assert more.value >= found.value * (100 + percent) / 100
    assert more.value - found.value * (100 + percent) / 100 < max(1, min(found.size, 1024**2))
    again = quantity(more.text)
    assert again is not None
    assert again.value == more.value == Fraction(value_of(more.text))
    assert canonical(more.text) == more.text
