"""Tokens for EKS: of credentials from each place, renewed in time, and never anybody else's."""

import os
import ssl
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from remediators.adapters.kubernetes.access import BadClusterAddress, open_access
from remediators.adapters.kubernetes.client import ApiServer
from remediators.adapters.kubernetes.eks import TOKEN_S, EksTokens, NoCredentials
from remediators.clusters import CircuitLimits, ClusterAddress, EksAddress
from remediators.core.reply import Answer, Reply
from tests.remediators.adapters.aws import SECRET, Aws, question
from tests.remediators.adapters.test_client import PATIENT_S, Server, answers, change

ROLE = "arn:aws:iam::1:role/mendlog"


@pytest.fixture
def aws() -> Iterator[Aws]:
    made = Aws()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, aws: Aws) -> None:
    """Nothing of AWS but our own."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BOTO_CONFIG"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", aws.url)
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", aws.url)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OURS")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


@pytest.fixture
def web_identity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """As IRSA gives it to a pod."""
    file = tmp_path / "token"
    file.write_text("first")
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(file))
    return file


def address(**more: Any) -> EksAddress:
    return EksAddress(
        **{
            "name": "shop",
            "region": "eu-central-1",
            "endpoint": "https://x.eks.example",
            **more,
        }
    )


class Clock:
    at_s = 1000.0

    def __call__(self) -> float:
        return self.at_s


@pytest.mark.usefixtures("keys")
def test_a_token_is_a_question_to_the_regions_sts_that_is_signed_for_this_cluster():
    asked = question(EksTokens(address()).header())
    assert (asked.url.scheme, asked.url.netloc) == ("https", "sts.eu-central-1.amazonaws.com")
    assert asked.asked["Action"] == "GetCallerIdentity"
    assert asked.asked["X-Amz-Expires"] == "60"
    assert asked.asked["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"
    assert asked.asked["X-Amz-Credential"].endswith("/eu-central-1/sts/aws4_request")
    assert asked.key == "OURS"
    assert asked.asked["X-Amz-Signature"] == asked.signature("shop", SECRET)
    assert asked.asked["X-Amz-Signature"] != asked.signature("another", SECRET)


def test_by_web_identity(web_identity: Path, aws: Aws):
    asked = question(EksTokens(address()).header())
    (told,) = aws.asked
    assert told["Action"] == "AssumeRoleWithWebIdentity"
    assert (told["RoleArn"], told["WebIdentityToken"]) == (ROLE, "first")
    assert told["authorization"] == ""
    assert (asked.key, asked.asked["X-Amz-Security-Token"]) == ("KEY1", "session")


def test_by_pod_identity(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "pod").write_text("of this pod")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{aws.url}/v1/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "pod"))
    assert question(EksTokens(address()).header()).key == "KEY1"
    assert aws.asked == [{"authorization": "of this pod"}]


def test_the_pods_token_goes_to_no_other_host(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://203.0.113.1/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "of this pod")
    with pytest.raises(NoCredentials, match=r"Unsupported host '203\.0\.113\.1'"):
        EksTokens(address()).header()


def test_it_asks_nothing_that_the_api_server_would_not_ask_for_us(web_identity: Path):
    """aws-iam-authenticator refuses a token with any other parameter."""
    header = EksTokens(address()).header()
    assert {name.lower() for name in question(header).asked} == {
        "action",
        "version",
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-security-token",
        "x-amz-signature",
        "x-amz-signedheaders",
    }


@pytest.mark.usefixtures("keys")
def test_a_role_of_the_cluster_is_taken_on_first(aws: Aws):
    asked = question(EksTokens(address(role_arn="arn:aws:iam::2:role/shop")).header())
    (told,) = aws.asked
    assert (told["Action"], told["RoleArn"]) == ("AssumeRole", "arn:aws:iam::2:role/shop")
    assert "Credential=OURS/" in told["authorization"]
    assert asked.key == "KEY1"


def test_without_an_identity_there_is_none_and_the_nodes_is_not_taken(aws: Aws):
    with pytest.raises(NoCredentials, match="neither in the environment"):
        EksTokens(address()).header()
    assert aws.asked == []


def test_it_is_made_once_and_anew_in_time(web_identity: Path, aws: Aws):
    clock = Clock()
    tokens = EksTokens(address(), clock)
    first = tokens.header()
    clock.at_s += TOKEN_S - 1
    assert tokens.header() == first
    clock.at_s += 1
    tokens.header()
    assert len(aws.asked) == 1, "the credentials have an hour left"


def test_credentials_that_end_soon_are_renewed_with_the_identity_as_it_is_by_then(
    web_identity: Path, aws: Aws
):
    clock = Clock()
    aws.valid_s = 120
    tokens = EksTokens(address(), clock)
    tokens.header()
    web_identity.write_text("second")
    clock.at_s += TOKEN_S
    tokens.header()
    assert aws.asked[-1]["WebIdentityToken"] == "second"


def test_after_an_outage_of_sts_they_are_asked_for_again(web_identity: Path, aws: Aws):
    tokens = EksTokens(address())
    aws.down = True
    with pytest.raises(NoCredentials, match="no credentials of AWS"):
        tokens.header()
    aws.down = False
    assert question(tokens.header()).key.startswith("KEY")


# With the client.


@contextmanager
def serving(*statuses: str, **more: Any) -> Iterator[tuple[Server, ApiServer]]:
    server = Server(*(answers(status) for status in statuses))
    where = ClusterAddress(eks=address(endpoint=server.url), **more)
    api = ApiServer(where, PATIENT_S, 2)
    try:
        yield server, api
    finally:
        api.close()
        server.close()


def keys_of(server: Server) -> list[str]:
    heads = [request.decode().split("\r\n") for request in server.requests]
    named = [line for head in heads for line in head if line.startswith("authorization: ")]
    return [question(line.removeprefix("authorization: ")).key for line in named]


@pytest.fixture
def old_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remediators.adapters.kubernetes.eks.TOLD_APART_S", 0)


@pytest.fixture
def never_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remediators.adapters.kubernetes.eks.TOLD_APART_S", 3_600)


@pytest.mark.usefixtures("web_identity", "old_at_once")
def test_turned_down_it_is_sent_again_once_with_new_credentials():
    with serving("401 Unauthorized", "200 OK") as (server, api):
        assert change(api).answer is Answer.DONE
        assert keys_of(server) == ["KEY1", "KEY2"]
        assert server.requests[0].split(b"\r\n\r\n")[1] == server.requests[1].split(b"\r\n\r\n")[1]


@pytest.mark.usefixtures("web_identity", "old_at_once")
def test_turned_down_twice_it_is_forbidden():
    with serving("401 Unauthorized") as (server, api):
        assert change(api).answer is Answer.FORBIDDEN
        assert len(server.requests) == 2


@pytest.mark.usefixtures("web_identity", "never_old")
def test_a_new_token_that_is_turned_down_is_not_asked_for_again(aws: Aws):
    """The cluster does not know the role. STS need not be asked at every request."""
    with serving("401 Unauthorized") as (server, api):
        for _ in range(3):
            assert change(api).answer is Answer.FORBIDDEN
        assert (len(server.requests), len(aws.asked)) == (3, 1)


def test_without_credentials_nothing_leaves_and_the_cluster_is_left_alone():
    once = CircuitLimits(failures_max=1, open_first_s=60, open_most_s=60)
    with serving("200 OK", circuit=once) as (server, api):
        first, second = change(api), change(api)
        assert [first.answer, second.answer] == [Answer.NEVER_SENT] * 2
        assert "no credentials of AWS" in first.detail
        assert second.detail.startswith("not asked for")
        assert server.requests == []


def test_a_ca_that_is_none():
    with pytest.raises(BadClusterAddress, match="ca is no PEM"):
        open_access(ClusterAddress(eks=address(ca="?")))


@pytest.mark.usefixtures("keys")
def test_the_server_is_believed_by_the_clusters_ca_alone(tmp_path: Path):
    with secure_server(tmp_path) as (url, pem):
        ca = b64encode(pem).decode()
        for more, believed in [({"ca": ca}, True), ({}, False)]:
            api = ApiServer(ClusterAddress(eks=address(endpoint=url, **more)), PATIENT_S, 1)
            found = api.get("/thing")
            api.close()
            assert (found == {"ok": True}) is believed
        assert isinstance(found, Reply)
        assert found.answer is Answer.NEVER_SENT
        assert "CERTIFICATE_VERIFY_FAILED" in found.detail


@contextmanager
def secure_server(folder: Path) -> Iterator[tuple[str, bytes]]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "eks")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(*[True] * 7, *[False] * 2), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "both.pem").write_bytes(private + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"ok": true}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}", pem
    finally:
        server.shutdown()
        server.server_close()
        thread.join(30)


# Only where it is wanted.


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "botocore.config", None)
    monkeypatch.delitem(sys.modules, "remediators.adapters.kubernetes.eks")
    with pytest.raises(BadClusterAddress, match=r"pip install 'mendlog\[eks\]'"):
        open_access(ClusterAddress(eks=address()))


def test_nobody_else_pays_for_it():
    code = "import sys, remediators.bootstrap; sys.exit('botocore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
