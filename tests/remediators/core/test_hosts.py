"""Which hosts may be asked, and which addresses never are."""

import pytest

from remediators.core.hosts import Hosts, never


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "::169.254.169.254",
        "fe80::1",
        "fe80::1%eth0",
        "febf::1",
        "100.100.100.200",
        "::ffff:100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "0.0.0.0",
        "::",
        "::ffff:0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "ff02::1",
        "",
        "localhost",
        "2130706433",
        "0251.0376.0251.0376",
    ],
)
def test_never(address):
    assert never(address)


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "192.168.1.1", "127.0.0.1", "::1", "fd12::1", "93.184.216.34", "2600::1"],
)
def test_where_a_service_may_be(address):
    assert not never(address)


@pytest.mark.parametrize(
    ("listed", "host", "port", "allowed"),
    [
        ("shop.example", "shop.example", 80, True),
        ("shop.example", "SHOP.example.", 443, True),
        ("shop.example", "a.shop.example", 80, False),
        ("shop.example", "shop.example.evil", 80, False),
        ("shop.example:8080", "shop.example", 8080, True),
        ("shop.example:8080", "shop.example", 80, False),
        (".svc", "checkout.shop.svc", 80, True),
        (".svc", "svc", 80, False),
        (".svc", "evilsvc", 80, False),
        (".svc.cluster.local:80", "a.b.svc.cluster.local", 80, True),
        (".svc.cluster.local:80", "a.b.svc.cluster.local", 81, False),
        ("127.0.0.1", "127.0.0.1", 80, True),
        ("127.0.0.1", "127.1", 80, False),
        ("127.0.0.1", "2130706433", 80, False),
        ("127.0.0.1", "0x7f.0.0.1", 80, False),
        ("127.0.0.1", "::ffff:127.0.0.1", 80, False),
        ("[::1]:80", "::1", 80, True),
        ("[0:0::1]", "::1", 80, True),
        (".svc", "", 80, False),
    ],
)
def test_what_is_listed(listed, host, port, allowed):
    assert Hosts.of([listed]).allow(host, port) is allowed


def test_nothing_is_listed_by_default():
    assert not Hosts().allow("localhost", 80)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "*",
        "*.svc",
        "http://a",
        "a/b",
        "a:0",
        "a:65536",
        "a:b",
        "::1",
        "[x]",
        "a b",
        "..a",
        "300.1.1.1",
        ".0x1",
        "a@b",
    ],
)
def test_what_is_no_entry(text):
    with pytest.raises(ValueError, match=r"neither|no port"):
        Hosts.of([text])
