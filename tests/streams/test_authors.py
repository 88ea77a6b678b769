"""The file of authors and key files: what is wrong is said with its place and its remedy."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from schemas.signing import BadKey, read_public_key, read_signing_key
from streams.authors import compile_authors, load_authors
from streams.reading.faults import FileError
from tests.keys import make_key

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

WITH_A_PASSPHRASE = """\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABBormS+Js
pRczdiA2umf1ecAAAAAQAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIHZ0NjOrWcM4aBKt
xLccmUnoKKRq9+CRpEu4N6TY3Ip9AAAAkFrFw+s9wgSg7A23EX5kBP/qpbDUY2S3TyM3w4
ba1M5nojyobwlFUXyRB1/ils8vneX3uDIouOded9fOcAZIVJXTkz5m0/yK++sbL8Wzzse0
UAqvCR8Ye8r6a2wD7lVN2XiENZM5JT16WU+thBzREgEIBTeodUlR4OLl0iJpDAlavhjYxb
qugkgDs1zjKgfWDw==
-----END OPENSSH PRIVATE KEY-----
"""
"""Made by ssh-keygen for this test and used nowhere."""


def text(*authors: str) -> str:
    return "\n".join(["version: 1", "authors:", *(f"  - {author}" for author in authors)])


def test_an_author_may_have_a_key_for_each_machine() -> None:
    authors = compile_authors(text(f'{{name: ann, keys: ["{KEY} laptop", "{KEY}"]}}'))
    assert [*authors] == ["ann"]
    assert len(authors["ann"]) == 2


@pytest.mark.parametrize(
    ("author", "line_column", "said"),
    [
        ("{name: ann, keys: []}", "3:23", "at least 1"),
        ("{name: ann}", "3:5", "keys"),
        (f'{{name: "", keys: ["{KEY}"]}}', "3:12", "expected"),
        ("{name: ann, keys: [none]}", "3:24", "not a public key as `ssh-keygen` writes it"),
        ('{name: ann, keys: ["ssh-ed25519 AAAA"]}', "3:24", "not a public key"),
        (f'{{name: ann, keys: ["{KEY}"], admin: true}}', "3:", "admin"),
        ("{name: ann, keys: [" + ", ".join([f'"{KEY}"'] * 5) + "]}", "3:23", "at most 4 keys"),
    ],
)
def test_what_is_wrong_has_its_place(author: str, line_column: str, said: str) -> None:
    with pytest.raises(FileError) as caught:
        compile_authors(text(author), "authors.yaml")
    assert f"authors.yaml:{line_column}" in str(caught.value)
    assert said in str(caught.value)


def test_a_name_has_one_owner() -> None:
    ann = f'{{name: ann, keys: ["{KEY}"]}}'
    with pytest.raises(FileError, match="2 authors are named 'ann'"):
        compile_authors(text(ann, ann))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"none\.yaml:1:1: cannot be read"):
        load_authors(tmp_path / "none.yaml")


def test_a_public_key_of_another_kind_is_refused() -> None:
    other = generate_private_key(SECP256R1()).public_key()
    line = other.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    with pytest.raises(BadKey, match="not an Ed25519 key"):
        read_public_key(line)


def test_a_key_that_others_can_read_is_refused_as_ssh_does(tmp_path: Path) -> None:
    path = make_key(tmp_path / "key")
    path.chmod(0o640)
    with pytest.raises(BadKey, match=f"chmod 600 {path}"):
        read_signing_key(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no OpenSSH private key"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
         "is no OpenSSH private key"),
        (generate_private_key(SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()), "is not an Ed25519 key"),
    ],
    ids=["empty", "cut short", "another kind"],
)  # fmt: skip
def test_what_is_no_key_says_how_to_make_one(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(BadKey, match=f"{said}.*ssh-keygen -t ed25519"):
        read_signing_key(path)


def test_a_key_with_a_passphrase_is_told_from_no_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(WITH_A_PASSPHRASE)
    path.chmod(0o600)
    with pytest.raises(BadKey, match="passphrase"):
        read_signing_key(path)


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadKey, match="none: No such file"):
        read_signing_key(tmp_path / "none")
