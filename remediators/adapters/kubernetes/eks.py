"""Tokens for an API server of EKS: a signed question to STS about who we are, which the server asks
for us and believes.

botocore finds the credentials (environment, web identity of IRSA, Pod Identity, profiles), keeps
them fresh and signs. It is imported here alone, and only when a cluster is at EKS.
"""

import base64
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    Credentials,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from remediators.clusters import EksAddress

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
URL_S = 60
"""What the question says of itself. The server takes it for 15 minutes, whatever it says."""
TOKEN_S = 540
"""After which a new one is made. Less than what credentials have left when they are used: botocore
renews them ten minutes before their end at the latest."""
TOLD_APART_S = 30
"""A token younger than this that is turned down is not to blame."""
STS = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2})
SIGNED_ONLY = Config(ignore_configured_endpoint_urls=True)
"""The question is for the region's own STS, wherever credentials come from."""
SESSION_NAME = "mendlog"


class NoCredentials(Exception):
    """Of AWS, at this moment."""


@dataclass(frozen=True, slots=True)
class _Token:
    header: str
    made_s: float


class EksTokens:
    """For several threads."""

    def __init__(self, address: EksAddress, now_s: Callable[[], float] = time.monotonic) -> None:
        self._address = address
        self._now_s = now_s
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._credentials: Credentials | None = None
        self._token: _Token | None = None

    def header(self) -> str:
        """Raises NoCredentials."""
        with self._lock:
            if self._token is None or self._now_s() - self._token.made_s >= TOKEN_S:
                self._token = _Token(f"Bearer {self._made()}", self._now_s())
            return self._token.header

    def renew(self, refused: str) -> bool:
        """With credentials that are read anew, for the refused ones may have been revoked."""
        with self._lock:
            if self._token is not None and self._token.header == refused:
                if self._now_s() - self._token.made_s < TOLD_APART_S:
                    return False
                self._token = self._credentials = None
            return True

    def _made(self) -> str:
        try:
            url = self._question()
        except (BotoCoreError, ClientError, OSError, ValueError) as fault:
            self._credentials = None
            raise NoCredentials(f"no credentials of AWS: {fault}") from fault
        return PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")

    def _question(self) -> str:
        if self._credentials is None:
            self._session = _session(self._address.region)
            self._credentials = _credentials(self._session, self._address)
        assert self._session is not None
        keys = self._credentials.get_frozen_credentials()
        client = self._session.create_client(
            "sts",
            region_name=self._address.region,
            config=SIGNED_ONLY,
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            aws_session_token=keys.token,
        )
        client.meta.events.register("before-sign.sts.GetCallerIdentity", self._name_cluster)
        return str(
            client.generate_presigned_url("get_caller_identity", ExpiresIn=URL_S, HttpMethod="GET")
        )

    def _name_cluster(self, request: Any, **_: Any) -> None:
        """A token for one cluster is none for another."""
        request.headers[CLUSTER_HEADER] = self._address.name


def _session(region: str) -> Session:
    session = Session()
    session.set_default_client_config(STS)
    session.set_config_variable("region", region)
    session.set_config_variable("sts_regional_endpoints", "regional")
    # Without an identity of our own we have none: the node's is not ours to use.
    session.get_component("credential_provider").remove("iam-role")
    return session


def _credentials(session: Session, address: EksAddress) -> Credentials:
    own = session.get_credentials()
    if own is None:
        raise NoCredentials(
            "no credentials of AWS: neither in the environment, nor by web identity or Pod Identity"
        )
    if not address.role_arn:
        return own

    def client(service: str, **more: Any) -> Any:
        return session.create_client(service, region_name=address.region, **more)

    fetcher = AssumeRoleCredentialFetcher(
        client, own, address.role_arn, extra_args={"RoleSessionName": SESSION_NAME}
    )
    return DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
