"""Envelopes as SNS signs them, the certificates for it, and what is behind its addresses."""

import asyncio
import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from streams.ingest.gateway.sns import Envelope, canonical
from streams.ingest.gateway.sns_pages import NotFetched

NOW = datetime(2026, 11, 1, 10, 1, tzinfo=UTC)
SENT = "2026-11-01T10:00:07.214Z"
TOPIC = "arn:aws:sns:us-east-1:123456789012:mendlog"
SNS = "https://sns.us-east-1.amazonaws.com"
PEM = f"{SNS}/SimpleNotificationService-7ff5318490ec183fbaddaa2a969abfda.pem"
VISIT = f"{SNS}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
KEY, OTHER_KEY, AUTHORITY_KEY = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(3)
)


def certificate(
    name: str = "sns.amazonaws.com",
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = KEY,
    days: tuple[int, int] = (-30, 300),
) -> bytes:
    """As an authority gives it to SNS."""
    authority = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Amazon RSA 2048 M01")])
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(authority)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(AUTHORITY_KEY, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


CERTIFICATE = certificate()


def envelope(key: rsa.RSAPrivateKey = KEY, **fields: object) -> dict[str, object]:
    """A notification, signed; a field given as None is left out."""
    whole = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Subject": 'ALARM: "ServerCpuTooHigh" in US East (N. Virginia)',
        "Message": '{"AlarmName":"ServerCpuTooHigh",\n"Text":"Grüße, \\"☃\\""}',
        "Timestamp": SENT,
        "SignatureVersion": "2",
        "SigningCertURL": PEM,
        **fields,
    }
    sent = {name: value for name, value in whole.items() if value is not None}
    sha = hashes.SHA1() if sent["SignatureVersion"] == "1" else hashes.SHA256()
    signature = key.sign(canonical(sent), padding.PKCS1v15(), sha)
    return {**sent, "Signature": base64.b64encode(signature).decode()}


def confirmation(**fields: object) -> dict[str, object]:
    more = {"Type": "SubscriptionConfirmation", "SubscribeURL": VISIT, "Token": "2336412f37"}
    return envelope(**{**more, "Subject": None, **fields})


def body(sent: Envelope) -> bytes:
    return json.dumps(sent).encode()


@dataclass
class Pages:
    """What is behind addresses, and which were visited."""

    pages: dict[str, bytes] = field(default_factory=lambda: {PEM: CERTIFICATE, VISIT: b"<xml/>"})
    visited: list[str] = field(default_factory=list)

    async def __call__(self, url: str) -> bytes:
        self.visited.append(url)
        await asyncio.sleep(0)
        if url not in self.pages:
            raise NotFetched("status 404")
        return self.pages[url]
