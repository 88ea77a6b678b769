"""Quantities, written as the real API server writes them."""

from decimal import Decimal

import pytest

from deploy.sandbox.cluster.api.quantities import BadQuantity, canonical, value_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1024Mi", "1Gi"),
        ("1000Mi", "1000Mi"),
        ("0.5Gi", "512Mi"),
        ("512Ki", "512Ki"),
        ("0.1", "100m"),
        ("1000m", "1"),
        ("1000", "1k"),
        ("1500", "1500"),
        ("0", "0"),
        ("-1Gi", "-1Gi"),
        ("0.5Ki", "512"),
        ("1e3", "1e3"),
        ("1.6Gi", "1717986918400m"),
        ("1E", "1E"),
        ("2048Pi", "2Ei"),
    ],
)
def test_the_one_way_to_write_it(text: str, expected: str):
    assert canonical(text) == expected


def test_values():
    assert value_of("1Gi") == 2**30
    assert value_of("250m") == Decimal("0.25")
    assert value_of("2k") == 2000
    assert value_of("1e3") == 1000


@pytest.mark.parametrize("text", ["", "one", "1 Gi", "1.2.3", "Gi", "1Gib", "1ee3", "."])
def test_what_is_no_quantity(text: str):
    with pytest.raises(BadQuantity):
        canonical(text)
