"""Which services may be asked, and at which addresses nothing is ever asked.

A playbook names a service and not an address, and people write playbooks; so a service has to be
listed by whoever runs the executor, and where a name leads is judged anew each time.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

_ENTRY = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|\.?[0-9A-Za-z_-]+(\.[0-9A-Za-z_-]+)*)(:(?P<port>[0-9]{1,5}))?"
)

NEVER = tuple(
    ip_network(text)
    for text in (
        "169.254.0.0/16",  # link-local; most clouds' metadata
        "fe80::/10",  # link-local
        "100.100.100.200/32",  # metadata of Alibaba Cloud
        "168.63.129.16/32",  # the host agent of Azure
        "192.0.0.192/32",  # metadata of Oracle Cloud
        "fd00:ec2::/32",  # metadata of AWS, and its kin
        "fd20:ce::254/128",  # metadata of Google Cloud
        "0.0.0.0/8",  # this host, by another name
        "::/128",
        "224.0.0.0/4",  # multicast and reserved: no service has such an address
        "240.0.0.0/4",
        "ff00::/8",
    )
)
_EMBEDDING = tuple(ip_network(text) for text in ("64:ff9b::/96", "::/96"))
"""IPv6 whose last four bytes are the IPv4 address that is really reached (NAT64; the old form)."""


def never(text: str) -> bool:
    """Whether nothing is asked there, whatever is listed. Neither is what is no address."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return True
    return any(_within(each) for each in (address, *_carried(address)))


def _within(address: Address) -> bool:
    return any(address in network for network in NEVER)


def _carried(address: Address) -> Iterable[Address]:
    """The IPv4 addresses that an IPv6 address may lead to."""
    if isinstance(address, IPv4Address):
        return ()
    last = IPv4Address(int(address) & 0xFFFF_FFFF)
    embedded = last if any(address in network for network in _EMBEDDING) else None
    teredo = address.teredo[1] if address.teredo else None
    found = (address.ipv4_mapped, address.sixtofour, teredo, embedded)
    # ::1 has the old form too, and is what it is.
    return () if address.is_loopback else tuple(each for each in found if each is not None)


@dataclass(frozen=True, slots=True)
class _Entry:
    host: str
    port: int | None

    def allows(self, host: str, port: int) -> bool:
        if self.port is not None and self.port != port:
            return False
        return host.endswith(self.host) if self.host.startswith(".") else host == self.host


@dataclass(frozen=True, slots=True)
class Hosts:
    """Without an entry, none."""

    entries: tuple[_Entry, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Hosts":
        """Each `host`, `host:port`, `.suffix` or `.suffix:port`. Raises ValueError for another."""
        return cls(tuple(_entry(text) for text in texts))

    def allow(self, host: str, port: int) -> bool:
        plain = plain_host(host)
        return bool(plain) and any(entry.allows(plain, port) for entry in self.entries)


def _entry(text: str) -> _Entry:
    match = _ENTRY.fullmatch(text)
    host = plain_host(match["host"].strip("[]")) if match else ""
    if match is None or not host:
        raise ValueError(f"{text!r} is neither a host nor a suffix that begins with a dot")
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port < 65536:
        raise ValueError(f"{text!r}: {port} is no port")
    return _Entry(host, port)


def plain_host(host: str) -> str:
    """One way to write it. Numbers that are almost an address are written no way: what a resolver
    takes `0177.1` or `2130706433` for, nobody has listed."""
    lower = host.lower().removesuffix(".")
    try:
        return ip_address(lower).compressed
    except ValueError:
        last = lower.rpartition(".")[2]
        return "" if last.isdigit() or last.startswith("0x") or ":" in lower else lower
