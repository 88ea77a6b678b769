"""The stack's own keys, by which its executor knows the commands of its processor."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from schemas.signing import read_signing_key


class CommandKeys:
    def __init__(self, folder: Path) -> None:
        self.private = folder / "command"
        self.public = folder / "command.pub"

    def make(self) -> None:
        """In a folder that was kept, commands of an earlier run may still wait: their key stays."""
        self.private.parent.mkdir(parents=True, exist_ok=True)
        if not self.private.exists():
            _write_key(self.private)
        self.public.write_text(f"{read_signing_key(self.private).public_text()}\n")
        self.public.chmod(0o644)


def _write_key(path: Path) -> None:
    """Whole or not at all, and never readable by others."""
    made = Ed25519PrivateKey.generate()
    text = made.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(text)
    partial.replace(path)
