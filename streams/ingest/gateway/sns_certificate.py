"""The certificates that SNS signs with: whose they are, how long they hold, and the ones at hand.

They are read from SNS itself by TLS; that is what they are trusted for. The chain above them is not
followed, since SNS gives only its own certificate.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from streams.ingest.gateway.sns_pages import Fetch, NotFetched, host
from streams.ingest.refusal import RETRY_LATER_S, Refused

CERTIFICATES_MAX = 16
WAITING_MAX = 8
KEY_BITS_MIN = 2048
BEGIN = b"-----BEGIN CERTIFICATE-----"


class Certificates:
    """At most one is read at a time, whatever is sent: only a good one is kept."""

    def __init__(self, fetch: Fetch, now: Callable[[], datetime]) -> None:
        self._fetch = fetch
        self._now = now
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._reading = asyncio.Lock()
        self._waiting = 0

    async def at(self, url: str) -> bytes:
        """The certificate as PEM; `url` is one that is allowed. Raises Refused."""
        if url not in self._kept:
            await self._wait_for(url)
        pem = self._kept[url]
        self._kept.move_to_end(url)
        check(pem, host(url), self._now())
        return pem

    async def _wait_for(self, url: str) -> None:
        """Whoever sends envelopes that SNS has not signed makes a few wait, not everybody."""
        if self._waiting >= WAITING_MAX:
            raise Refused(503, "too many wait for certificates of SNS", RETRY_LATER_S)
        self._waiting += 1
        try:
            async with self._reading:
                if url not in self._kept:
                    await self._read(url)
        finally:
            self._waiting -= 1

    async def _read(self, url: str) -> None:
        try:
            pem = await self._fetch(url)
        except NotFetched as error:
            why = f"the certificate of SNS could not be read: {error}"
            raise Refused(503, why, RETRY_LATER_S) from None
        check(pem, host(url), self._now())
        if len(self._kept) >= CERTIFICATES_MAX:
            self._kept.popitem(last=False)
        self._kept[url] = pem


def check(pem: bytes, read_from: str, now: datetime) -> None:
    """Raises Refused."""
    certificate = load(pem)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise Refused(401, "the certificate of the signature is not valid now")
    if not _names(certificate) & signers(read_from):
        raise Refused(401, "the certificate of the signature is not one of SNS")


def load(pem: bytes) -> x509.Certificate:
    """Raises Refused."""
    if not pem.startswith(BEGIN):
        raise Refused(401, "the certificate of the signature is none")
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise Refused(401, "the certificate of the signature cannot be read") from None


def public_key(pem: bytes) -> RSAPublicKey:
    """Raises Refused."""
    key = load(pem).public_key()
    if not isinstance(key, RSAPublicKey) or key.key_size < KEY_BITS_MIN:
        raise Refused(401, f"the certificate's key is not RSA of {KEY_BITS_MIN} bits or more")
    return key


def signers(read_from: str) -> frozenset[str]:
    """By which names SNS signs in the region of this host: older regions share a certificate, newer
    ones, China's and the governments' have their own."""
    region, suffix = read_from.removeprefix("sns.").split(".", 1)
    if region.startswith("us-gov-"):
        return frozenset({read_from, "sns-us-gov-west-1.amazonaws.com"})
    own = {read_from, f"sns-signing.{region}.{suffix}", f"sns-{region}.{suffix}"}
    return frozenset(own | {f"sns.{suffix}"})


def _names(certificate: x509.Certificate) -> frozenset[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return frozenset(names.get_values_for_type(x509.DNSName))
    except (x509.ExtensionNotFound, ValueError):
        common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return frozenset(str(name.value) for name in common)
