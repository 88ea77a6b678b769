"""Files by which the parts of a control plane, and its users, are let in."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ADMIN = "admin"
CONTROLLERS = "system:kube-controller-manager"
SCHEDULER = "system:kube-scheduler"
GROUPS: Mapping[str, str] = {ADMIN: "system:masters", CONTROLLERS: "", SCHEDULER: ""}
"""The two with no group are users to whom the API server itself gives a role."""
CONTEXT = "real"
"""The one context of every kubeconfig here."""


def write_tokens(file: Path) -> Mapping[str, str]:
    """A new token for each of the first users; everybody else gets theirs from the API."""
    tokens = {user: secrets.token_urlsafe(32) for user in GROUPS}
    lines = (f'{tokens[user]},{user},{user},"{group}"\n' for user, group in GROUPS.items())
    write_secret(file, "".join(lines))
    return tokens


def write_signing_key(file: Path) -> None:
    """With which the tokens of service accounts are signed."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    write_secret(file, text.decode())


def write_kubeconfig(file: Path, url: str, ca_file: Path, user: str, token: str) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [
            {
                "name": CONTEXT,
                "cluster": {"server": url, "certificate-authority": str(ca_file)},
            }
        ],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": user}}],
    }
    write_secret(file, yaml.safe_dump(config))
    return file


def write_secret(file: Path, text: str) -> None:
    """For our own eyes, from its first byte on."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as secret:
        secret.write(text)
