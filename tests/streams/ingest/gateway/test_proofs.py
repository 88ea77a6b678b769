"""What proves a sender besides a bearer token: a password, a signature, a client certificate."""

import base64
import hashlib
import hmac

import pytest
from multidict import CIMultiDict

from streams.ingest.gateway.auth import Doorkeeper, Guarded, doorkeeper
from streams.ingest.gateway.proofs.caller import Caller
from streams.ingest.gateway.proofs.sns_topics import SnsTopics
from streams.ingest.gateway.source_file import compile_sources
from streams.ingest.refusal import BadConfiguration, Refused
from streams.reading.faults import FileError
from tests.streams.ingest.gateway.sns_sender import (
    NOW,
    PEM,
    TOPIC,
    VISIT,
    Pages,
    confirmation,
    envelope,
)
from tests.streams.ingest.gateway.sns_sender import body as sns_body

OLD, NEW, OTHER = "old-secret-0123456789", "new-secret-0123456789", "other-secret-0123456"
ENV = {"OLD": OLD, "NEW": NEW, "OTHER": OTHER}
NOW_S = 1_793_527_260
SOURCES = """\
version: 1
sources:
  - {name: dd, format: datadog, basic: {user: datadog, password_env: [OLD, NEW]}}
  - {name: signs, format: alertmanager-webhook, hmac: {secret_env: [OLD, NEW]}}
  - name: at-a-time
    format: alertmanager-api-v2
    hmac: {secret_env: OTHER, header: X-Sig, timestamp_header: X-Time, window: 1m}
  - name: mesh
    client_certificate:
      header: X-Forwarded-Client-Cert
      names: [spiffe://mesh/ns/monitoring/sa/prometheus, "CN=prometheus,O=shop"]
      proxies: [10.1.0.0/16, "fd00::/8"]
"""
KEEPER = doorkeeper(compile_sources(SOURCES), "0.0.0.0", ENV)
MESH = "By=spiffe://mesh/gateway;URI=spiffe://mesh/ns/monitoring/sa/prometheus"


def caller(format: str = "datadog", peer: str = "192.0.2.1", **headers: str) -> Caller:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Caller(format, CIMultiDict(named), peer, None, NOW_S)


def basic(user: str, word: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{word}".encode()).decode()


def signed(secret: str, body: bytes, at: str = "") -> str:
    text = f"{at}:".encode() + body if at else body
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def admitted(shown: Caller, keeper: Doorkeeper = KEEPER) -> str | int | None:
    try:
        source = keeper.admit(shown)
    except Refused as refused:
        return refused.status
    return source.name if source else None


async def proved(shown: Caller, body: bytes) -> str | int:
    assert admitted(shown) is None
    try:
        return (await KEEPER.prove(shown, body)).name
    except Refused as refused:
        return refused.status


def test_both_passwords_of_a_user_are_valid_while_one_is_rotated() -> None:
    shown = [basic("datadog", OLD), basic("datadog", NEW), basic("datadog", OTHER), basic("x", OLD)]
    assert [admitted(caller(Authorization=one)) for one in shown] == ["dd", "dd", 401, 401]
    assert admitted(caller(authorization="bAsIc" + basic("datadog", OLD)[5:])) == "dd"


@pytest.mark.parametrize("secret", [OLD, NEW])
async def test_a_signature_proves_its_body(secret: str) -> None:
    right = f"sha256={signed(secret, b'body')}"
    for shown in (right, f"sha256={'0' * 64}, {right}"):
        assert (
            await proved(caller("alertmanager-webhook", X_Hub_Signature_256=shown), b"body")
            == "signs"
        )


@pytest.mark.parametrize(
    ("shown", "body"),
    [
        (f"sha256={signed(OLD, b'body')}", b"body "),
        (f"sha256={signed(OTHER, b'body')}", b"body"),
        (signed(OLD, b"body"), b"body"),
        (f"sha1={signed(OLD, b'body')}", b"body"),
        ("", b""),
        ("sha256=", b"body"),
        ("\udcff\u00e9", b"body"),
    ],
    ids=["another body", "another's key", "no prefix", "wrong prefix", "empty", "bare", "garbage"],
)
async def test_anything_else_is_no_signature(shown: str, body: bytes) -> None:
    assert await proved(caller("alertmanager-webhook", X_Hub_Signature_256=shown), body) == 401


def test_without_a_signature_the_body_is_not_even_read() -> None:
    assert admitted(caller("alertmanager-webhook")) == 401
    assert admitted(caller("datadog", X_Hub_Signature_256="sha256=00")) == 401


@pytest.mark.parametrize(
    ("at", "who"),
    [
        (str(NOW_S), "at-a-time"),
        (str(NOW_S - 60), "at-a-time"),
        (str(NOW_S + 60), "at-a-time"),
        (str(NOW_S - 61), 401),
        (str(NOW_S + 61), 401),
        ("-1", 401),
        ("abc", 401),
        ("9" * 400, 401),
        ("١٧٩٣٥٢٧٢٦٠", 401),
    ],
)
async def test_a_signature_is_of_its_time(at: str, who: str | int) -> None:
    shown = caller("alertmanager-api-v2", X_Sig=signed(OTHER, b"[]", at), X_Time=at)
    assert await proved(shown, b"[]") == who


async def test_the_time_is_signed_too() -> None:
    shown = caller("alertmanager-api-v2", X_Sig=signed(OTHER, b"[]", "1"), X_Time=str(NOW_S))
    assert await proved(shown, b"[]") == 401


@pytest.mark.parametrize(
    ("header", "peer", "who"),
    [
        (MESH, "10.1.2.3", "mesh"),
        (MESH, "fd00::7", "mesh"),
        ("CN=prometheus,O=shop", "10.1.2.3", "mesh"),
        (f'Hash=1;Subject="CN=a,\\"b;c\\"";{MESH}', "10.1.2.3", "mesh"),
        (f"URI=spiffe://mesh/other,{MESH}", "10.1.2.3", "mesh"),
        (f"{MESH},URI=spiffe://mesh/other", "10.1.2.3", 401),
        (f'Subject="{MESH}"', "10.1.2.3", 401),
        (f'Subject="x;{MESH}"', "10.1.2.3", 401),
        (MESH + "-not", "10.1.2.3", 401),
        (MESH, "10.2.0.1", 401),
        (MESH, "", 401),
        ("", "10.1.2.3", 401),
        ('"' * 10_000, "10.1.2.3", 401),
    ],
)
def test_a_certificate_counts_from_a_known_proxy_alone(
    header: str, peer: str, who: str | int
) -> None:
    shown = caller("alertmanager-api-v2", peer, X_Forwarded_Client_Cert=header)
    assert admitted(shown) == who


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("hmac: {secret_env: A}", "needs a `format`"),
        ("format: datadog, hmac: {header: X}", "needs secret_env or secret_file"),
        ("format: datadog, hmac: {secret_env: A, header: 'a b'}", "expected a header's name"),
        ("basic: {user: 'a:b', password_env: A}", "no colon"),
        ("basic: {user: a}", "needs password_env or password_file"),
        ("client_certificate: {header: X, names: [a], proxies: [10.0.0.1/8]}", "host bits set"),
        ("client_certificate: {header: X, names: []}", "expected at least 1"),
        ("format: datadog, sns_topics: [x]", "need `format: sns`"),
        ("cluster: a, clusters: [b]", "already says"),
        ("namespaces: []", "expected at least 1"),
    ],
)
def test_a_wrong_proof_is_told_where_it_stands(source: str, why: str) -> None:
    with pytest.raises(FileError, match=why):
        compile_sources(f"version: 1\nsources: [{{name: a, {source}}}]")


@pytest.fixture
def amazon() -> tuple[Guarded, Pages]:
    text = f"version: 1\nsources: [{{name: aws, format: sns, sns_topics: ['{TOPIC}']}}]"
    pages, sources = Pages(), compile_sources(text)
    return Guarded(sources, {}, SnsTopics(sources, pages, lambda: NOW)), pages


async def test_an_envelope_of_sns_proves_the_source_of_its_topic(
    amazon: tuple[Guarded, Pages],
) -> None:
    keeper, pages = amazon
    assert admitted(caller("sns"), keeper) is None
    assert (await keeper.prove(caller("sns"), sns_body(envelope()))).name == "aws"
    assert pages.visited == [PEM]
    assert (await keeper.prove(caller("sns"), sns_body(confirmation()))).name == "aws"
    assert pages.visited == [PEM, VISIT]


async def test_another_topic_or_another_door_does_not(amazon: tuple[Guarded, Pages]) -> None:
    keeper, pages = amazon
    assert admitted(caller("datadog"), keeper) == 401
    with pytest.raises(Refused) as refused:
        await keeper.prove(caller("sns"), sns_body(confirmation(TopicArn=TOPIC + "x")))
    assert (refused.value.status, pages.visited) == (403, [])


def test_who_has_a_password_is_asked_for_it() -> None:
    with pytest.raises(Refused) as refused:
        KEEPER.admit(caller())
    assert refused.value.asks_for == 'Bearer, Basic realm="mendlog"'


def test_a_secret_that_is_missing_keeps_the_gateway_from_starting() -> None:
    with pytest.raises(BadConfiguration, match="secret of source 'at-a-time'"):
        doorkeeper(compile_sources(SOURCES), "127.0.0.1", {**ENV, "OTHER": ""})


def sent_twice(header: str) -> Caller:
    headers = CIMultiDict([("X-Forwarded-Client-Cert", header)] * 2)
    return Caller("alertmanager-api-v2", headers, "10.1.2.3", None, NOW_S)


def test_a_header_that_is_there_twice_names_nobody() -> None:
    assert admitted(sent_twice(MESH)) == 401


def test_a_proxy_that_is_reached_by_ipv6_is_the_same_proxy() -> None:
    shown = caller("datadog", "::ffff:10.1.2.3", X_Forwarded_Client_Cert=MESH)
    assert admitted(shown) == "mesh"


def test_a_header_of_quotes_takes_no_time() -> None:
    """8 KiB of them took more than a second. A hundred thousand would be minutes."""
    shown = caller("datadog", "10.1.2.3", X_Forwarded_Client_Cert='"\\"' * 33_000 + '"')
    assert admitted(shown) == 401


@pytest.mark.parametrize(
    ("proof", "what"),
    [
        ("format: datadog, hmac: {secret_env: OLD}", "secret"),
        ("token_env: OLD", "token"),
        ("client_certificate: {header: X, names: [a], proxies: [10.0.0.0/8]}", "certificate"),
        (f"format: sns, sns_topics: ['{TOPIC}']", "topic"),
    ],
)
def test_one_proof_cannot_speak_for_two(proof: str, what: str) -> None:
    text = f"version: 1\nsources: [{{name: a, {proof}}}, {{name: b, {proof}}}]"
    with pytest.raises(BadConfiguration, match=f"'a' and 'b' share a {what}"):
        doorkeeper(compile_sources(text), "::", ENV)


REFUSED = "nothing here proves a registered source: "
MESH_TOO = "or a client certificate is needed"


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        (caller("datadog"), f"a user with the right password {MESH_TOO}"),
        (
            caller("alertmanager-webhook", Authorization="Bearer x"),
            f"a right signature of the body in X-Hub-Signature-256, after 'sha256=' {MESH_TOO}",
        ),
        (caller("alertmanager-api-v2"), f"a right signature of the body in X-Sig {MESH_TOO}"),
        (caller("grafana"), "a client certificate is needed"),
    ],
)
def test_a_refusal_names_what_would_prove_somebody_here(shown: Caller, why: str) -> None:
    with pytest.raises(Refused) as refused:
        KEEPER.admit(shown)
    assert refused.value.why == REFUSED + why


def test_where_nobody_is_registered_to_send_the_refusal_says_so() -> None:
    source = "version: 1\nsources: [{name: a, format: grafana, token_env: OLD}]"
    with pytest.raises(Refused) as refused:
        doorkeeper(compile_sources(source), "::", ENV).admit(caller("datadog"))
    assert refused.value.why == f"{REFUSED}none is registered that may send datadog"


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        (signed(OLD, b"body"), "what X-Hub-Signature-256 holds must begin with 'sha256='"),
        (
            f"sha1={signed(OLD, b'body')}",
            "what X-Hub-Signature-256 holds must begin with 'sha256='",
        ),
        (
            f"sha256={signed(OTHER, b'body')}",
            f"a right signature of the body in X-Hub-Signature-256, after 'sha256=' {MESH_TOO}",
        ),
    ],
)
async def test_a_refused_signature_is_told_its_form_and_nothing_of_what_is_right(
    shown: str, why: str
) -> None:
    with pytest.raises(Refused) as refused:
        await KEEPER.prove(caller("alertmanager-webhook", X_Hub_Signature_256=shown), b"body")
    assert (refused.value.status, refused.value.why) == (401, REFUSED + why)
