"""Addresses in files that people write: the one host that is asked, and no credentials."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from remediators.core.hosts import never, plain_host

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def address(value: str) -> str:
    """Raises ValueError with what is wrong."""
    parts = urlsplit(value)
    if not parts.hostname or parts.scheme not in ("https", "http") or "@" in parts.netloc:
        raise ValueError("expected an address that begins with https://, without credentials")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("http only to this machine: whoever listens could answer, or take a token")
    if not plain_host(parts.hostname):
        raise ValueError("its host is neither a name nor an address")
    if _literal(parts.hostname) and never(parts.hostname):
        raise ValueError("its host is an address that is never asked")
    return value


def _literal(host: str) -> bool:
    """No resolver is asked of an address, so nobody would judge it later."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
