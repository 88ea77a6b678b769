"""Envelopes of SNS: which are proved to be of a topic of ours, and what is visited for them."""

import asyncio
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from streams.ingest.gateway.sns import BODY_BYTES_MAX, SnsProof, canonical, verify
from streams.ingest.gateway.sns_certificate import CERTIFICATES_MAX, signers
from streams.ingest.refusal import Refused
from tests.streams.ingest.gateway.sns_sender import (
    CERTIFICATE,
    NOW,
    OTHER_KEY,
    PEM,
    SENT,
    SNS,
    TOPIC,
    VISIT,
    Pages,
    body,
    certificate,
    confirmation,
    envelope,
)


def proof(
    pages: Pages, now: datetime = NOW, topics: frozenset[str] = frozenset({TOPIC})
) -> SnsProof:
    return SnsProof(topics, pages, lambda: now)


async def refused(sent: bytes, pages: Pages | None = None, now: datetime = NOW) -> Refused:
    with pytest.raises(Refused) as refusal:
        await proof(pages or Pages(), now).prove(sent)
    return refusal.value


def test_what_is_signed_is_what_the_documentation_of_sns_says() -> None:
    sent = {"Type": "Notification", "Message": "a\nb", "MessageId": "m", "Subject": "s"}
    sent |= {"Timestamp": "t", "TopicArn": "arn", "UnsubscribeURL": "u", "Token": "x"}
    with_subject = b"Message\na\nb\nMessageId\nm\nSubject\ns\nTimestamp\nt\nTopicArn\narn\nType\n"
    assert canonical(sent) == with_subject + b"Notification\n"
    empty = with_subject.replace(b"Subject\ns\n", b"Subject\n\n") + b"Notification\n"
    assert canonical({**sent, "Subject": ""}) == empty
    del sent["Subject"]
    assert canonical(sent) == with_subject.replace(b"Subject\ns\n", b"") + b"Notification\n"
    for kind in ("SubscriptionConfirmation", "UnsubscribeConfirmation"):
        assert canonical({**sent, "Type": kind, "SubscribeURL": "v", "Subject": "no"}) == (
            b"Message\na\nb\nMessageId\nm\nSubscribeURL\nv\nTimestamp\nt\nToken\nx\nTopicArn\narn\n"
            b"Type\n" + kind.encode() + b"\n"
        )


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", ["ALARM", "", None])
async def test_an_envelope_of_our_topic_is_proved(version: str, subject: str | None) -> None:
    sent = body(envelope(SignatureVersion=version, Subject=subject))
    assert await proof(Pages()).prove(sent) == TOPIC


async def test_the_end_of_a_subscription_is_proved_and_nothing_is_visited_for_it() -> None:
    pages = Pages()
    assert not await proof(pages).confirm(body(confirmation(Type="UnsubscribeConfirmation")))
    assert not await proof(pages).confirm(body(envelope()))
    assert VISIT not in pages.visited


NOT_THE_SAME = {
    "Message": "{}",
    "MessageId": "another",
    "Subject": "OK",
    "Timestamp": "2026-11-01T10:00:08.214Z",
    "Type": "UnsubscribeConfirmation",
    "SignatureVersion": "1",
}


@pytest.mark.parametrize("name", NOT_THE_SAME)
async def test_a_changed_field_is_refused(name: str) -> None:
    changed = {**envelope(), "Token": "t", "SubscribeURL": VISIT, name: NOT_THE_SAME[name]}
    assert (await refused(body(changed))).status == 401


@pytest.mark.parametrize("name", ["SubscribeURL", "Token"])
async def test_a_changed_field_of_a_confirmation_is_refused(name: str) -> None:
    assert (await refused(body({**confirmation(), name: "another"}))).status == 401


async def test_a_field_put_in_or_given_twice_is_refused() -> None:
    assert (await refused(body({**envelope(Subject=None), "Subject": "new"}))).status == 401
    twice = body(envelope())[:-1] + b', "Message": "{}"}'
    assert "signature" in (await refused(twice)).why


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"SignatureVersion": "3"}, "SignatureVersion"),
        ({"SignatureVersion": None}, "SignatureVersion"),
        ({"SignatureVersion": 2}, "SignatureVersion"),
        ({"Signature": None}, "Signature"),
        ({"Signature": "no base64!"}, "Signature"),
        ({"Signature": "☃"}, "Signature"),
        ({"Signature": ""}, "signature"),
        ({"Signature": "AAAA"}, "signature"),
        ({"SigningCertURL": None}, "SigningCertURL"),
        ({"Type": None}, "raw message delivery"),
        ({"Type": "Order"}, "Type"),
        ({"Message": None}, "Message"),
        ({"Message": {"a": 1}}, "Message"),
        ({"TopicArn": None}, "TopicArn"),
        ({"Timestamp": "yesterday"}, "Timestamp"),
        ({"Timestamp": ""}, "Timestamp"),
    ],
)
async def test_an_envelope_with_a_wrong_field_is_refused_by_its_name(
    fields: dict[str, object], word: str
) -> None:
    changed = {name: value for name, value in {**envelope(), **fields}.items() if value is not None}
    pages = Pages()
    refusal = await refused(body(changed), pages)
    assert refusal.status == 401
    assert word in refusal.why
    assert not pages.visited or word == "signature"


@pytest.mark.parametrize(
    "sent",
    [b"", b"null", b"[]", b"hello", b"{", b'{"Type":NaN}', b"\xff", b"[" * 100_000, b'{"Type":7}'],
)
async def test_what_is_no_envelope_is_refused(sent: bytes) -> None:
    assert (await refused(sent)).status == 401


async def test_half_a_surrogate_pair_is_refused() -> None:
    spoilt = body(envelope()).replace(b'"Message": "', b'"Message": "\\ud800')
    assert (await refused(spoilt)).status == 401


async def test_a_huge_body_is_refused_unread() -> None:
    assert (await refused(b"[" * (BODY_BYTES_MAX + 1))).status == 413


async def test_another_topic_is_refused_though_sns_signed_for_it() -> None:
    pages = Pages()
    other = envelope(TopicArn="arn:aws:sns:us-east-1:999999999999:mendlog")
    assert (await refused(body(other), pages)).status == 403
    assert not pages.visited


@pytest.mark.parametrize(
    ("late", "is_refused"),
    [
        (timedelta(minutes=59), False),
        (timedelta(minutes=61), True),
        (-timedelta(minutes=4), False),
        (-timedelta(minutes=6), True),
    ],
)
async def test_what_is_stale_or_of_the_future_is_refused(late: timedelta, is_refused: bool) -> None:
    now = datetime.fromisoformat(SENT) + late
    if is_refused:
        assert "Timestamp" in (await refused(body(envelope()), now=now)).why
    else:
        await proof(Pages(), now).prove(body(envelope()))


ELSEWHERE = [
    "http://sns.us-east-1.amazonaws.com/a.pem",
    "https://sns.evil.example/a.pem",
    "https://sns.us-east-1.amazonaws.com.evil.example/a.pem",
    "https://user@sns.us-east-1.amazonaws.com/a.pem",
    f"{SNS}/?Action=GetEndpointAttributes&x=.pem",
]
"""More of them in test_sns_pages.py."""


@pytest.mark.parametrize("url", ELSEWHERE)
async def test_no_certificate_is_read_from_elsewhere(url: str) -> None:
    pages = Pages({url: CERTIFICATE})
    assert "SigningCertURL" in (await refused(body(envelope(SigningCertURL=url)), pages)).why
    assert not pages.visited


NO_CERTIFICATES = {
    "evil": certificate("sns.evil.example"),
    "of S3": certificate("s3.amazonaws.com"),
    "of another region": certificate("sns.eu-west-1.amazonaws.com"),
    "expired": certificate(days=(-30, -1)),
    "not valid yet": certificate(days=(1, 300)),
    "of elliptic curves": certificate(key=ec.generate_private_key(ec.SECP256R1())),
    "of another key": certificate(key=OTHER_KEY),
    "not at the begin": b"<xml>" + CERTIFICATE,
    "broken": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "empty": b"",
}


@pytest.mark.parametrize("pem", NO_CERTIFICATES.values(), ids=NO_CERTIFICATES)
async def test_a_certificate_that_is_not_one_of_sns_proves_nothing(pem: bytes) -> None:
    assert (await refused(body(envelope()), Pages({PEM: pem}))).status == 401


def test_a_short_key_proves_nothing() -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    with pytest.raises(Refused, match="2048 bits"):
        verify(envelope(key=short), certificate(key=short))


def test_a_signature_by_another_key_is_none() -> None:
    with pytest.raises(Refused):
        verify(envelope(key=OTHER_KEY), CERTIFICATE)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("sns.us-east-1.amazonaws.com", "sns.amazonaws.com"),
        ("sns.af-south-1.amazonaws.com", "sns-signing.af-south-1.amazonaws.com"),
        ("sns.cn-north-1.amazonaws.com.cn", "sns-cn-north-1.amazonaws.com.cn"),
        ("sns.us-gov-east-1.amazonaws.com", "sns-us-gov-west-1.amazonaws.com"),
    ],
)
def test_a_region_has_its_name_for_the_signer(host: str, name: str) -> None:
    assert name in signers(host)


async def test_a_certificate_is_read_once() -> None:
    pages = Pages()
    ours = proof(pages)
    await asyncio.gather(*(ours.prove(body(envelope(MessageId=f"{n}"))) for n in range(5)))
    assert pages.visited == [PEM]


async def test_a_kept_certificate_still_expires() -> None:
    now = [NOW]
    pages = Pages({PEM: certificate(days=(-30, 1))})
    ours = SnsProof(frozenset({TOPIC}), pages, lambda: now[0])
    await ours.prove(body(envelope()))
    now[0] = NOW + timedelta(days=2)
    with pytest.raises(Refused, match="not valid now"):
        await ours.prove(body(envelope(Timestamp="2026-11-03T10:00:07.214Z")))


async def test_kept_certificates_are_bounded_and_bad_ones_drive_none_out() -> None:
    pages = Pages()
    ours = proof(pages)
    await ours.prove(body(envelope()))
    for n in range(CERTIFICATES_MAX + 1):
        pages.pages[f"{SNS}/bad{n}.pem"] = certificate("sns.evil.example")
        with pytest.raises(Refused):
            await ours.prove(body(envelope(SigningCertURL=f"{SNS}/bad{n}.pem")))
    await ours.prove(body(envelope()))
    assert pages.visited.count(PEM) == 1
    urls = [f"{SNS}/good{n}.pem" for n in range(CERTIFICATES_MAX)]
    for url in urls:
        pages.pages[url] = CERTIFICATE
        await ours.prove(body(envelope(SigningCertURL=url)))
        await ours.prove(body(envelope()))
    assert pages.visited.count(PEM) == 1
    for url in urls:
        await ours.prove(body(envelope(SigningCertURL=url)))
    await ours.prove(body(envelope()))
    assert pages.visited.count(PEM) == 2


async def test_a_certificate_that_cannot_be_read_now_makes_sns_come_again() -> None:
    refusal = await refused(body(envelope()), Pages({}))
    assert (refusal.status, refusal.retry_after_s is not None) == (503, True)


async def test_a_subscription_to_our_topic_is_confirmed() -> None:
    pages = Pages()
    assert await proof(pages).confirm(body(confirmation()))
    assert pages.visited == [PEM, VISIT]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        VISIT.replace("https:", "http:"),
        VISIT.replace(SNS, "https://sns.us-east-1.amazonaws.com.evil.example"),
        VISIT.replace(SNS, "https://user@sns.us-east-1.amazonaws.com"),
        VISIT.replace("ConfirmSubscription", "Unsubscribe"),
        VISIT.replace("/?", "/x?"),
        VISIT.replace("mendlog", "other"),
        VISIT.replace("2336412f37", "other"),
        VISIT + "&AuthenticateOnUnsubscribe=true",
        VISIT + "&Action=Publish",
        VISIT + "#x",
        "https://169.254.169.254/latest/meta-data/",
    ],
)
async def test_nothing_but_the_confirmation_is_visited_even_if_it_is_signed(url: str) -> None:
    pages = Pages()
    with pytest.raises(Refused) as refusal:
        await proof(pages).confirm(body(confirmation(SubscribeURL=url)))
    assert refusal.value.status == 403
    assert pages.visited == [PEM]


@pytest.mark.parametrize(
    "sent",
    [
        confirmation(TopicArn="arn:aws:sns:us-east-1:999999999999:mendlog"),
        {**confirmation(), "Token": "other"},
        {**confirmation(), "Signature": "AAAA"},
    ],
    ids=["other topic", "changed", "not signed"],
)
async def test_a_subscription_that_is_not_proved_is_not_confirmed(sent: dict[str, object]) -> None:
    pages = Pages()
    with pytest.raises(Refused):
        await proof(pages).confirm(body(sent))
    assert VISIT not in pages.visited


async def test_a_confirmation_that_fails_now_makes_sns_come_again() -> None:
    with pytest.raises(Refused) as refusal:
        await proof(Pages({PEM: CERTIFICATE})).confirm(body(confirmation()))
    assert refusal.value.status == 503
