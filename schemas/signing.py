"""Ed25519 signatures over a record's very bytes, carried beside them in a header.

What is signed begins with its purpose, so that a signature over one kind of record is none over
another. Keys are OpenSSH's: `ssh-keygen -t ed25519` makes them.
"""

import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_ssh_private_key,
    load_ssh_public_key,
)

HEADER = "signature"
CONTROL = "mendlog control"
"""The purpose of an order that people give."""
KEY_BYTES_MAX = 64 * 1024
_READ_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class BadKey(Exception):
    """A key that cannot be used, and what to do about it."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    _key: Ed25519PrivateKey

    def sign(self, purpose: str, value: bytes) -> bytes:
        return self._key.sign(_signed(purpose, value))

    def public_text(self) -> str:
        """As a line of `authorized_keys` has it."""
        public = self._key.public_key()
        return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


@dataclass(frozen=True, slots=True)
class PublicKey:
    _key: Ed25519PublicKey

    def has_signed(self, purpose: str, value: bytes, signature: bytes) -> bool:
        try:
            self._key.verify(signature, _signed(purpose, value))
        except InvalidSignature:
            return False
        return True


def _signed(purpose: str, value: bytes) -> bytes:
    return purpose.encode() + b"\0" + value


def read_public_key(text: str) -> PublicKey:
    """`ssh-ed25519 AAAA…`, with or without a comment. Raises BadKey."""
    try:
        key = load_ssh_public_key(text.strip().encode())
    except (ValueError, UnsupportedAlgorithm) as fault:
        raise BadKey(f"not a public key as `ssh-keygen` writes it: {fault}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise BadKey("not an Ed25519 key; `ssh-keygen -t ed25519` makes one")
    return PublicKey(key)


def read_signing_key(path: Path) -> SigningKey:
    """Raises BadKey, for a file too that others than its owner can read, as `ssh` does."""
    try:
        if path.stat().st_mode & _READ_BY_OTHERS:
            raise BadKey(f"{path} can be read by others: chmod 600 {path}")
        with path.open("rb") as file:
            text = file.read(KEY_BYTES_MAX)
    except OSError as fault:
        raise BadKey(f"{path}: {fault.strerror}") from None
    try:
        key = load_ssh_private_key(text, password=None)
    except TypeError:
        raise BadKey(f"{path} has a passphrase; {_MAKE_ONE}") from None
    except (ValueError, UnsupportedAlgorithm) as fault:
        raise BadKey(f"{path} is no OpenSSH private key ({fault}); {_MAKE_ONE}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey(f"{path} is not an Ed25519 key; {_MAKE_ONE}")
    return SigningKey(key)


_MAKE_ONE = "make one for this alone: ssh-keygen -t ed25519 -N '' -f FILE"
