"""Proof that an envelope is from Amazon SNS, and of a topic of ours.

A signature proves only that some topic sent it, and everybody can have a topic: what admits a
sender is the list of topics that its source may come from. What costs nothing is checked before
anything is read from elsewhere.
"""

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from schemas.topics import KIB
from streams.ingest.formats.alert_json import UNREADABLE
from streams.ingest.formats.moments import iso_ms
from streams.ingest.formats.parsed import BadField
from streams.ingest.formats.sns import NOTIFICATION, OF_SUBSCRIPTION, RAW
from streams.ingest.gateway.sns_certificate import Certificates, public_key
from streams.ingest.gateway.sns_pages import Fetch, NotFetched, allowed_url, confirms
from streams.ingest.refusal import RETRY_LATER_S, Refused

CONFIRMATION = "SubscriptionConfirmation"
BODY_BYTES_MAX = 1024 * KIB
"""A message of SNS has 256 KiB at most, and the quotes in it are escaped."""
AGE_MAX = timedelta(hours=1)
"""SNS tries no longer than that."""
AHEAD_MAX = timedelta(minutes=5)
"""How much our clock may be slow."""

HASHES: Mapping[str, HashAlgorithm] = {"1": SHA1(), "2": SHA256()}
"""By SignatureVersion; the topic chooses it."""
_SUBSCRIPTION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
SIGNED: Mapping[str, tuple[str, ...]] = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    **dict.fromkeys(OF_SUBSCRIPTION, _SUBSCRIPTION),
}
"""By Type, in the order in which they are signed."""
MAY_BE_ABSENT = "Subject"

Envelope = Mapping[str, Any]
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class SnsProof:
    """`topics` are the ARNs of those that may send."""

    def __init__(self, topics: frozenset[str], fetch: Fetch, now: Callable[[], datetime]) -> None:
        self._topics = topics
        self._fetch = fetch
        self._now = now
        self._certificates = Certificates(fetch, now)

    async def prove(self, body: bytes) -> str:
        """The topic that it is from. Raises Refused: 401 or 403 for what will never be proved, 503
        for what is to come again because a certificate could not be read."""
        envelope = await self._proved(body)
        return _text(envelope, "TopicArn")

    async def confirm(self, body: bytes) -> bool:
        """Whether a subscription was confirmed; nothing else is visited. Raises Refused."""
        envelope = await self._proved(body)
        if envelope["Type"] != CONFIRMATION:
            return False
        url = envelope["SubscribeURL"]
        if not confirms(url, envelope["TopicArn"], envelope["Token"]):
            raise Refused(403, "SubscribeURL does not confirm this subscription at SNS")
        try:
            await self._fetch(url)
        except NotFetched as error:
            why = f"the subscription could not be confirmed: {error}"
            raise Refused(503, why, RETRY_LATER_S) from None
        return True

    async def _proved(self, body: bytes) -> Envelope:
        envelope = read(body)
        if envelope["TopicArn"] not in self._topics:
            raise Refused(403, "TopicArn: no topic of a registered source")
        _check_age(envelope, self._now())
        url = _text(envelope, "SigningCertURL")
        if not allowed_url(url):
            raise Refused(401, "SigningCertURL is not the address of a certificate of SNS")
        verify(envelope, await self._certificates.at(url))
        return envelope


def read(body: bytes) -> Envelope:
    """An envelope that has all that is signed, and a signature. Raises Refused."""
    if len(body) > BODY_BYTES_MAX:
        raise Refused(413, f"the body is larger than {BODY_BYTES_MAX} bytes")
    try:
        envelope = _decode(body)
    except UNREADABLE as error:
        raise Refused(401, f"{RAW} (the body is no object in JSON: {error})") from None
    if "Type" not in envelope:
        raise Refused(401, RAW)
    if _text(envelope, "Type") not in SIGNED:
        raise Refused(401, "Type: none that is known")
    canonical(envelope)
    _signature(envelope)
    return envelope


def verify(envelope: Envelope, certificate_pem: bytes) -> None:
    """Raises Refused."""
    signature, made_by = _signature(envelope)
    signed, key = canonical(envelope), public_key(certificate_pem)
    try:
        key.verify(signature, signed, PKCS1v15(), made_by)
    except InvalidSignature:
        raise Refused(401, "the signature is not that of this envelope") from None


def canonical(envelope: Envelope) -> bytes:
    """What is signed: a line for each name, one for each value. Raises Refused."""
    names = SIGNED[_text(envelope, "Type")]
    present = [
        name for name in names if name != MAY_BE_ABSENT or envelope.get(MAY_BE_ABSENT) is not None
    ]
    return "".join(f"{name}\n{_text(envelope, name)}\n" for name in present).encode()


def _signature(envelope: Envelope) -> tuple[bytes, HashAlgorithm]:
    version = _text(envelope, "SignatureVersion")
    if version not in HASHES:
        raise Refused(401, "SignatureVersion: neither 1 nor 2")
    try:
        return base64.b64decode(_text(envelope, "Signature"), validate=True), HASHES[version]
    except ValueError:
        raise Refused(401, "Signature: not in base64") from None


def _check_age(envelope: Envelope, now: datetime) -> None:
    try:
        sent_ms = iso_ms(_text(envelope, "Timestamp"), "Timestamp")
    except BadField as bad:
        raise Refused(401, str(bad)) from None
    age = now - datetime.fromtimestamp((sent_ms or 0) / 1000, UTC)
    if not -AHEAD_MAX <= age <= AGE_MAX:
        raise Refused(401, "Timestamp: older than an hour, or of the future")


def _text(envelope: Envelope, name: str) -> str:
    text = envelope.get(name)
    if not isinstance(text, str):
        raise Refused(401, f"{name}: missing, or no string")
    return text
