"""What AWS answers about credentials, by real HTTP: STS, and the agent of Pod Identity."""

import hashlib
import hmac
import json
import threading
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import SplitResult, parse_qs, parse_qsl, quote, urlsplit

PREFIX = "Bearer k8s-aws-v1."
SECRET = "a secret"


class Aws:
    """Gives another access key each time: KEY1, KEY2, … Start, use `url`, stop."""

    def __init__(self) -> None:
        self.valid_s = 3600
        """How long what it gives is valid."""
        self.down = False
        self.asked: list[dict[str, str]] = []
        """Each question to STS, by its parameters; of the agent, its `authorization`."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(30)
        assert not self._thread.is_alive()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        aws = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                asked = {name: values[0] for name, values in parse_qs(body).items()}
                aws.asked.append({**asked, "authorization": self.headers.get("Authorization", "")})
                self._answer(aws._sts(asked["Action"]), "text/xml")

            def do_GET(self) -> None:
                aws.asked.append({"authorization": self.headers.get("Authorization", "")})
                self._answer(aws._agent(), "application/json")

            def do_PUT(self) -> None:
                """So would a question for the node's metadata begin."""
                aws.asked.append({"node": self.path})
                self._answer("no", "text/plain")

            def _answer(self, text: str, kind: str) -> None:
                self.send_response(500 if aws.down else 200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    def _until(self) -> str:
        until = datetime.now(UTC) + timedelta(seconds=self.valid_s)
        return until.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _sts(self, action: str) -> str:
        return (
            f'<{action}Response xmlns="urn:sts"><{action}Result>'
            f"<Credentials><AccessKeyId>KEY{len(self.asked)}</AccessKeyId>"
            f"<SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>session</SessionToken>"
            f"<Expiration>{self._until()}</Expiration></Credentials>"
            "<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn>"
            f"<AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser></{action}Result>"
            f"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>"
        )

    def _agent(self) -> str:
        return json.dumps(
            {
                "AccessKeyId": f"KEY{len(self.asked)}",
                "SecretAccessKey": SECRET,
                "Token": "session",
                "Expiration": self._until(),
            }
        )


@dataclass(frozen=True, slots=True)
class Question:
    """What a token asks STS, read as the API server of EKS reads it."""

    url: SplitResult
    asked: dict[str, str]

    @property
    def key(self) -> str:
        return self.asked["X-Amz-Credential"].split("/")[0]

    def signature(self, cluster: str, secret: str) -> str:
        """As AWS computes it (Signature Version 4, by query), for that cluster's name."""
        signed = [(name, value) for name, value in self.asked.items() if name != "X-Amz-Signature"]
        query = "&".join(
            f"{quote(n, safe='-_.~')}={quote(v, safe='-_.~')}" for n, v in sorted(signed)
        )
        headers = f"host:{self.url.netloc}\nx-k8s-aws-id:{cluster}\n"
        empty = hashlib.sha256(b"").hexdigest()
        canonical = f"GET\n/\n{query}\n{headers}\nhost;x-k8s-aws-id\n{empty}"
        scope = self.asked["X-Amz-Credential"].split("/", 1)[1]
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{self.asked['X-Amz-Date']}\n{scope}\n{digest}"
        key = f"AWS4{secret}".encode()
        for part in [*scope.split("/"), text]:
            key = hmac.digest(key, part.encode(), "sha256")
        return key.hex()


def question(header: str) -> Question:
    assert header.startswith(PREFIX)
    coded = header.removeprefix(PREFIX)
    assert "=" not in coded
    url = urlsplit(urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode())
    return Question(url, dict(parse_qsl(url.query, strict_parsing=True)))
