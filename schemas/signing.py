"""Ed25519 signatures over a record's very bytes, carried beside them in a header.

What is signed begins with its purpose, so that a signature over one kind of record is none over
another. Keys are OpenSSH's: `ssh-keygen -t ed25519` makes them.
"""

import os
import stat
from collections.abc import Iterable, Iterator
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
COMMAND = "mendlog command"
"""The purpose of what the processor orders of executors."""
KEY_BYTES_MAX = 64 * 1024
KEYS_MAX = 8
"""In one file: each of them is tried on what is not signed by any."""
_READ_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITTEN_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


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


def signature_of(headers: Iterable[tuple[str, bytes | None]]) -> bytes:
    """Empty where there is none; Kafka's headers may be without a value."""
    return next((value for name, value in headers if name == HEADER), None) or b""


def read_public_key(text: str) -> PublicKey:
    """`ssh-ed25519 AAAA…`, with or without a comment. Raises BadKey."""
    try:
        key = load_ssh_public_key(text.strip().encode())
    except (ValueError, UnsupportedAlgorithm) as fault:
        raise BadKey(f"not a public key as `ssh-keygen` writes it: {fault}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise BadKey("not an Ed25519 key; `ssh-keygen -t ed25519` makes one")
    return PublicKey(key)


def read_public_keys(path: Path) -> tuple[PublicKey, ...]:
    """A key a line, as in `authorized_keys`. Raises BadKey, also where others can write the file:
    they could add theirs."""
    found, text = _read(path)
    if found.st_mode & _WRITTEN_BY_OTHERS:
        raise BadKey(f"{path} can be written by others: chmod go-w {path}")
    keys = tuple(_public_keys(path, text.decode(errors="replace")))
    if not 0 < len(keys) <= KEYS_MAX:
        raise BadKey(f"{path} has {len(keys)} keys; expected 1 to {KEYS_MAX}")
    return keys


def _public_keys(path: Path, text: str) -> Iterator[PublicKey]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            yield read_public_key(line)
        except BadKey as fault:
            raise BadKey(f"{path}:{number}: {fault}") from None


def read_signing_key(path: Path) -> SigningKey:
    """Raises BadKey, for a file too that others than its owner can read, as `ssh` does."""
    found, text = _read(path)
    if found.st_mode & _READ_BY_OTHERS and not _is_mounted(found):
        raise BadKey(f"{path} can be read by others: chmod 600 {path}")
    try:
        key = load_ssh_private_key(text, password=None)
    except TypeError:
        raise BadKey(f"{path} has a passphrase; {_MAKE_ONE}") from None
    except (ValueError, UnsupportedAlgorithm) as fault:
        raise BadKey(f"{path} is no OpenSSH private key ({fault}); {_MAKE_ONE}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey(f"{path} is not an Ed25519 key; {_MAKE_ONE}")
    return SigningKey(key)


def _is_mounted(found: os.stat_result) -> bool:
    """A pod's secret belongs to root and reaches the process through its group: 0440."""
    return found.st_uid != os.geteuid() and not found.st_mode & stat.S_IRWXO


def _read(path: Path) -> tuple[os.stat_result, bytes]:
    try:
        with path.open("rb") as file:
            return os.fstat(file.fileno()), file.read(KEY_BYTES_MAX)
    except OSError as fault:
        raise BadKey(f"{path}: {fault.strerror}") from None


_MAKE_ONE = "make one for this alone: ssh-keygen -t ed25519 -N '' -f FILE"
