"""Keys in files, and what their signatures say."""

import os
from pathlib import Path

import pytest

from schemas.signing import (
    COMMAND,
    CONTROL,
    HEADER,
    KEYS_MAX,
    BadKey,
    SigningKey,
    read_public_keys,
    read_signing_key,
    signature_of,
)
from tests.keys import make_key


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return read_signing_key(make_key(tmp_path / "key"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.touch(mode=0o644)
    return path


def test_a_file_has_a_key_a_line(tmp_path: Path, file: Path) -> None:
    old, new = (read_signing_key(make_key(tmp_path / name)) for name in ("old", "new"))
    file.write_text(f"# processors\n\n{old.public_text()} old\n  {new.public_text()}\n")
    public = read_public_keys(file)
    assert [key.has_signed(COMMAND, b"do", old.sign(COMMAND, b"do")) for key in public] == [
        True,
        False,
    ]
    assert public[1].has_signed(COMMAND, b"do", new.sign(COMMAND, b"do"))


def test_a_line_that_is_no_key_is_named(file: Path, key: SigningKey) -> None:
    file.write_text(f"{key.public_text()}\nrestrict {key.public_text()}\n")
    with pytest.raises(BadKey, match=f"{file}:2: not a public key as `ssh-keygen` writes it"):
        read_public_keys(file)


@pytest.mark.parametrize("count", [0, KEYS_MAX + 1])
def test_a_file_has_some_keys_and_not_too_many(file: Path, key: SigningKey, count: int) -> None:
    file.write_text("# none yet\n" + f"{key.public_text()}\n" * count)
    with pytest.raises(BadKey, match=f"has {count} keys; expected 1 to {KEYS_MAX}"):
        read_public_keys(file)


def test_a_file_that_others_may_write_could_have_their_key(file: Path, key: SigningKey) -> None:
    file.write_text(key.public_text())
    for mode in (0o664, 0o646):
        file.chmod(mode)
        with pytest.raises(BadKey, match=f"chmod go-w {file}"):
            read_public_keys(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadKey, match="No such file"):
        read_public_keys(tmp_path / "none")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_secret_of_a_pod_is_read_through_its_group(tmp_path: Path) -> None:
    path = make_key(tmp_path / "key")
    os.chown(path, 12345, -1)
    path.chmod(0o440)
    read_signing_key(path)
    path.chmod(0o444)
    with pytest.raises(BadKey, match="can be read by others"):
        read_signing_key(path)


def test_a_signature_is_of_its_purpose_and_always_the_same(key: SigningKey, file: Path) -> None:
    file.write_text(key.public_text())
    (public,) = read_public_keys(file)
    signature = key.sign(COMMAND, b"do")
    assert signature == key.sign(COMMAND, b"do")
    assert public.has_signed(COMMAND, b"do", signature)
    assert not public.has_signed(CONTROL, b"do", signature)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], b""),
        ([("other", b"x")], b""),
        ([(HEADER, None)], b""),
        ([(HEADER, b"1"), (HEADER, b"2")], b"1"),
    ],
)
def test_the_signature_among_the_headers(
    headers: list[tuple[str, bytes | None]], found: bytes
) -> None:
    assert signature_of(headers) == found
